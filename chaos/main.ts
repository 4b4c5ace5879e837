// `npm run chaos -- [--seed n] [--jobs n] [--kills n] [--keep]`
import { parseArgs } from 'node:util'
import { run } from './run.js'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      jobs: { type: 'string', default: '5' },
      kills: { type: 'string', default: '20' },
      keep: { type: 'boolean', default: false },
    },
  })
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : count('seed', values.seed, 0)
  console.error(`chaos: seed ${seed}`)
  const report = await run({
    seed,
    jobs: count('jobs', values.jobs, 1),
    kills: count('kills', values.kills, 0),
    keep: values.keep,
  })
  console.log(JSON.stringify(report))
  const { lost, doubled, different, staleWrites, leftOver } = report
  if (lost + doubled + different + staleWrites + leftOver > 0) process.exitCode = 1
}

function count(option: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least) return number
  throw new Error(`--${option} is '${text}', expected a whole number from ${least}`)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? `chaos: ${error.message}` : error)
  process.exit(1)
})

// `npm run chaos -- [--seed n] [--jobs n] [--kills n] [--keep]`
// `npm run chaos -- --gates [P4,P10] [--rounds n]`
import { parseArgs } from 'node:util'
import { chosen, runGates } from './acceptance/run.js'
import { gates } from './acceptance/table.js'
import { run } from './run.js'

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    // what stands behind --gates
    allowPositionals: true,
    options: {
      gates: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: '5' },
      kills: { type: 'string', default: '20' },
      keep: { type: 'boolean', default: false },
    },
  })
  const [list, ...others] = positionals
  const unknown = values.gates ? others : positionals
  if (unknown.length > 0) throw new Error(`what is '${unknown[0]}'? See docs/chaos.md`)
  if (values.gates) {
    const rounds = values.rounds === undefined ? null : count('rounds', values.rounds, 1)
    const reports = await runGates(chosen(gates, list ?? null), rounds)
    console.log(JSON.stringify({ gates: reports }))
    if (Object.values(reports).some(({ violations }) => violations > 0)) process.exitCode = 1
    return
  }
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

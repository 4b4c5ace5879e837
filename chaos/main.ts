// `npm run chaos -- [--seed n] [--jobs n] [--kills n] [--keep]`
// `npm run chaos -- --acceptance [P4,P10] [--rounds n]`
import { parseArgs } from 'node:util'
import { runAcceptanceTests, selectTests } from './acceptance/run.js'
import { acceptanceTests } from './acceptance/table.js'
import { run } from './run.js'

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    // what stands behind --acceptance
    allowPositionals: true,
    options: {
      acceptance: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: '5' },
      kills: { type: 'string', default: '20' },
      keep: { type: 'boolean', default: false },
    },
  })
  const [list, ...others] = positionals
  const unknown = values.acceptance ? others : positionals
  if (unknown.length > 0) throw new Error(`what is '${unknown[0]}'? See docs/chaos.md`)
  if (values.acceptance) {
    const rounds = values.rounds === undefined ? null : parseCount('rounds', values.rounds, 1)
    const reports = await runAcceptanceTests(selectTests(acceptanceTests, list ?? null), rounds)
    console.log(JSON.stringify({ acceptance: reports }))
    if (Object.values(reports).some(({ violations }) => violations > 0)) process.exitCode = 1
    return
  }
  const seed =
    values.seed === undefined ? Date.now() % 1_000_000 : parseCount('seed', values.seed, 0)
  console.error(`chaos: seed ${seed}`)
  const report = await run({
    seed,
    jobs: parseCount('jobs', values.jobs, 1),
    kills: parseCount('kills', values.kills, 0),
    keep: values.keep,
  })
  console.log(JSON.stringify(report))
  const { lost, duplicated, diverged, staleWrites, leaked } = report
  if (lost + duplicated + diverged + staleWrites + leaked > 0) process.exitCode = 1
}

function parseCount(option: string, text: string, min: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= min) return number
  throw new Error(`--${option} is '${text}', expected a whole number from ${min}`)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? `chaos: ${error.message}` : error)
  process.exit(1)
})

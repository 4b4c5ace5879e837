import { parseArgs } from 'node:util'
import { parseCount } from '../testing/command-line.js'
import { runAcceptanceTests, selectTests } from './acceptance/run.js'
import { acceptanceTests } from './acceptance/table.js'
import { run } from './run.js'

const usage = `usage: npm run chaos -- [--seed n] [--jobs n] [--kills n] [--keep]
       npm run chaos -- --acceptance [P4,P10] [--rounds n]
See docs/chaos.md.`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    // for the list after --acceptance
    allowPositionals: true,
    options: {
      acceptance: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: '5' },
      kills: { type: 'string', default: '20' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  const [list, ...others] = positionals
  const unknown = values.acceptance ? others : positionals
  if (unknown.length > 0) throw new Error(`unknown argument '${unknown[0]}'\n${usage}`)
  if (values.acceptance) {
    const rounds = values.rounds === undefined ? null : parseCount('rounds', values.rounds)
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
    jobs: parseCount('jobs', values.jobs),
    kills: parseCount('kills', values.kills, 0),
    keep: values.keep,
  })
  console.log(JSON.stringify(report))
  const { lost, duplicated, diverged, staleWrites, leaked } = report
  if (lost + duplicated + diverged + staleWrites + leaked > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? `chaos: ${error.message}` : error)
  process.exit(1)
})

import { parseArgs } from 'node:util'
import { parseCount, parseNames } from '../testing/command-line.js'
import { runAcceptanceTests, selectTests } from './acceptance/run.js'
import { acceptanceTests } from './acceptance/table.js'
import { uploadKinds } from './data/generated-upload.js'
import { runData } from './data/run.js'
import { runDistributed } from './distributed/run.js'
import { runHostile } from './hostile/run.js'
import { longRun } from './hostile/sizes.js'
import { run } from './run.js'

const usage = `usage: npm run chaos -- [--seed n] [--jobs n] [--kills n] [--keep]
       npm run chaos -- --distributed [--seed n] [--jobs n] [--kills n] [--keep]
       npm run chaos -- --acceptance [P4,P10] [--rounds n]
       npm run chaos -- --api [--seed n] [--requests n] [--minutes n] [--bad-predictions n]
       npm run chaos -- --data [--gigabytes n] [--kinds idx,zip,csv]
See docs/chaos.md.`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    // for the list after --acceptance
    allowPositionals: true,
    options: {
      distributed: { type: 'boolean', default: false },
      acceptance: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      api: { type: 'boolean', default: false },
      requests: { type: 'string', default: '200000' },
      minutes: { type: 'string', default: '60' },
      'bad-predictions': { type: 'string', default: String(longRun.badPredictions) },
      data: { type: 'boolean', default: false },
      gigabytes: { type: 'string', default: '10' },
      kinds: { type: 'string', default: uploadKinds.join(',') },
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
  if (values.data) {
    const reports = await runData({
      gigabytes: parseCount('gigabytes', values.gigabytes),
      kinds: parseNames(
        'kinds',
        values.kinds,
        name => uploadKinds.filter(kind => kind === name),
        uploadKinds,
      ),
    })
    console.log(JSON.stringify({ data: reports }))
    if (reports.some(({ missed }) => missed.length > 0)) process.exitCode = 1
    return
  }
  const seed =
    values.seed === undefined ? Date.now() % 1_000_000 : parseCount('seed', values.seed, 0)
  console.error(`chaos: seed ${seed}`)
  if (values.api) {
    const report = await runHostile({
      ...longRun,
      seed,
      requests: parseCount('requests', values.requests, 0),
      minutes: parseCount('minutes', values.minutes),
      badPredictions: parseCount('bad-predictions', values['bad-predictions'], 0),
    })
    for (const missed of report.missed) console.error(`missed: ${missed}`)
    console.log(JSON.stringify(report))
    if (report.missed.length > 0) process.exitCode = 1
    return
  }
  const size = {
    seed,
    jobs: parseCount('jobs', values.jobs),
    kills: parseCount('kills', values.kills, 0),
    keep: values.keep,
  }
  if (values.distributed) {
    const report = await runDistributed(size)
    console.log(JSON.stringify(report))
    const { lost, hung, different, left } = report
    if (lost + hung + different + left > 0) process.exitCode = 1
    return
  }
  const report = await run(size)
  console.log(JSON.stringify(report))
  const { lost, duplicated, diverged, staleWrites, leaked } = report
  if (lost + duplicated + diverged + staleWrites + leaked > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? `chaos: ${error.message}` : error)
  process.exit(1)
})

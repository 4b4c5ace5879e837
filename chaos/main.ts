import { parseCount, parseNames, readOptions, reportError } from '../src/script-options.js'
import { runAcceptanceTests, selectTests } from './acceptance/run.js'
import { acceptanceTests } from './acceptance/table.js'
import { uploadKinds } from './data/generated-upload.js'
import { runData } from './data/run.js'
import { runDistributed } from './distributed/run.js'
import { runHostile } from './hostile/run.js'
import { longRun } from './hostile/sizes.js'
import { run } from './run.js'

/** Each in place of the run that trains jobs under kills. */
const modes = ['acceptance', 'api', 'data']

const options = {
  seed: {
    ...{ value: 'N', help: 'repeats the actions of a run; by default, a new one' },
    without: ['acceptance', 'data'],
  },
  jobs: { value: 'N', default: '5', help: 'jobs that are trained', without: modes },
  kills: {
    ...{ value: 'N', default: '20', help: 'actions against processes and storage' },
    without: modes,
  },
  keep: { help: 'keep the data folder', without: modes },
  bucket: {
    ...{ help: 'store in a bucket of SeaweedFS, which fails, too' },
    without: [...modes, 'distributed'],
  },
  distributed: {
    ...{ help: 'train jobs of several workers, whose ranks are killed, instead' },
    without: modes,
  },
  acceptance: { help: 'run the tests of the guarantees instead', without: ['api', 'data'] },
  rounds: { value: 'N', help: 'in place of the number that each test states', with: 'acceptance' },
  api: { help: 'attack the HTTP API instead', without: ['data'] },
  requests: { value: 'N', default: '200000', help: 'hostile requests', with: 'api' },
  minutes: { value: 'N', default: '60', help: 'of slow clients', with: 'api' },
  'bad-predictions': {
    value: 'N',
    default: String(longRun.badPredictions),
    help: 'predictions that are refused',
    with: 'api',
  },
  data: { help: 'upload far more than the memory of any process instead' },
  gigabytes: { value: 'N', default: '10', help: 'of each kind', with: 'data' },
  kinds: { value: 'A,B', default: uploadKinds.join(), help: 'of uploads', with: 'data' },
} as const

const script = {
  command: 'npm run chaos',
  summary:
    'Trains jobs on a new server while processes are killed and storage fails, and checks what Trainyard guarantees. docs/chaos.md explains it.',
  options,
  list: { name: 'P4,P10', with: 'acceptance', help: 'the guarantees to test, in place of all' },
} as const

async function main(): Promise<void> {
  const { list, ...values } = readOptions(script, process.argv.slice(2))
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
  const report = await run({ ...size, inBucket: values.bucket })
  console.log(JSON.stringify(report))
  const { lost, duplicated, diverged, staleWrites, leaked } = report
  if (lost + duplicated + diverged + staleWrites + leaked > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  reportError('chaos', error)
  process.exit()
})

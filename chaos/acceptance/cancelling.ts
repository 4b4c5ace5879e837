// P10. One slot, so that the trainer at work is known: it is the oldest one.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { isAlive, readStat } from '../../src/processes.js'
import type { Job } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { withRedisDown } from '../actions.js'
import { RetryingClient } from '../api.js'
import { Verdict } from '../checker.js'
import { signal, TestDeployment } from '../deployment.js'
import { checkRedis, checkStopped } from '../leak-check.js'
import { Random } from '../random.js'
import { uploadDatasets } from '../samples.js'
import type { AcceptanceTest } from './acceptance-test.js'
import { algorithms, endlessJob } from './endless-jobs.js'
import { percentile, percentiles } from './percentile.js'
import { busyTrainers, oldestTrainer } from './trainers.js'

const maxAcknowledgeMs = 2000
const maxTrainerExitMs = 10_000
/** Beyond it a job counts as never cancelled. */
const giveUpMs = 60_000
const redisDownMs = 2000
/** Jobs at a time: one trains, the others wait. */
const concurrency = 4

/** When a client changes its mind. */
interface CancelMoment {
  name: string
  weight: number
  checkpointEvery: number
  reached(job: Job, step: number): boolean
}

const cancelMoments: readonly CancelMoment[] = [
  { name: 'queued', weight: 3, checkpointEvery: 1000, reached: () => true },
  { name: 'starting', weight: 2, checkpointEvery: 1000, reached: ({ phase }) => phase !== null },
  {
    name: 'training',
    weight: 3,
    checkpointEvery: 1000,
    reached: ({ progress }, step) => progress.step >= step,
  },
  {
    name: 'saving',
    weight: 2,
    checkpointEvery: 1,
    reached: ({ progress }, step) => progress.step >= step,
  },
]

/** What is done to the server around the request. */
type Fault = 'none' | 'api killed' | 'redis down'

interface CancelledJob {
  job: Job
  fault: Fault
  moment: string
  /** From the request to its answer, and from the answer to the end of the trainer; null where none had begun. */
  acknowledgedMs: number
  trainerExitMs: number | null
  /** Bytes of its metrics. */
  metricsBytes: number
}

export const cancellation: AcceptanceTest = {
  guarantee: 'P10',
  description: 'jobs are cancelled at any moment',
  rounds: 500,
  run: (rounds, log) =>
    TestDeployment.with(deployment => cancelJobs(deployment, rounds, log), {
      settings: { TRAINYARD_SLOTS: '1' },
    }),
}

async function cancelJobs(deployment: TestDeployment, rounds: number, log: (line: string) => void) {
  const api = new RetryingClient(deployment.url, deployment.key, new AbortController().signal)
  await uploadDatasets(api.client)
  const random = new Random(10)
  const violations: string[] = []
  const done: CancelledJob[] = []

  const runOne = async (n: number) => {
    const cancelled = await cancelOne(deployment, api, n, random.fork())
    if (typeof cancelled === 'string') violations.push(cancelled)
    else done.push(cancelled)
    if (n % 25 === 0) log(`${done.length} cancelled`)
  }
  const limit = pLimit(concurrency)
  const concurrent: Promise<void>[] = []
  for (let n = 1; n <= rounds; n++) {
    if (faultOf(n) === 'none') {
      concurrent.push(limit(() => runOne(n)))
      continue
    }
    // who disturbs the server is alone with it
    await Promise.all(concurrent.splice(0))
    await runOne(n)
  }
  await Promise.all(concurrent)

  violations.push(...checkLatencies(done))
  const verdict = new Verdict(line => violations.push(line))
  await checkEnds(deployment, api, done, violations)
  await checkRedis(
    deployment,
    done.map(({ job }) => job.id),
    verdict,
  )
  await deployment.stop()
  await checkStopped(deployment, verdict)
  return { rounds: done.length, violations, measurements: summarize(done) }
}

const faultOf = (n: number): Fault =>
  n % 50 === 0 ? 'redis down' : n % 25 === 0 ? 'api killed' : 'none'

/** One life; what is wrong, in words, where it does not end. */
async function cancelOne(
  deployment: TestDeployment,
  api: RetryingClient,
  n: number,
  random: Random,
): Promise<CancelledJob | string> {
  const moment = random.pickWeighted(cancelMoments)
  const { checkpointEvery } = moment
  const name = `cancelled-${n}`
  const { id } = await api.submit(endlessJob(algorithms[n % 2]!, name, { checkpointEvery }))
  const step = 1 + random.integerBelow(60)
  while (!moment.reached(await api.job(id), step)) await sleep(50)
  await sleep(random.integerBelow(300))

  const trainer = await oldestTrainer(deployment)
  const fault = faultOf(n)
  const requestedAt = performance.now()
  let acknowledgedAt = requestedAt
  const requestCancel = () =>
    api.act(id, 'cancel').finally(() => {
      acknowledgedAt = performance.now()
    })
  if (!(await faults[fault](deployment, random, requestCancel))) {
    return `${name} (${fault}, ${moment.name}) was refused: it had ended`
  }
  let job = await api.job(id)
  while (job.finishedAt === null && performance.now() - acknowledgedAt < giveUpMs) {
    await sleep(25)
    job = await api.job(id)
  }
  const label = `${name} (${id}, ${fault}, ${moment.name})`
  if (job.status !== 'cancelled') return `${label} is ${job.status}`
  const hadTrainer = job.attempt > 0 && trainer !== null
  while (hadTrainer && isAlive(readStat(trainer))) {
    if (performance.now() - acknowledgedAt > giveUpMs)
      return `${label}: trainer ${trainer} lives on`
    await sleep(10)
  }
  return {
    job,
    fault,
    moment: moment.name,
    acknowledgedMs: acknowledgedAt - requestedAt,
    trainerExitMs: hadTrainer ? performance.now() - acknowledgedAt : null,
    metricsBytes: await metricsBytesOf(deployment, id),
  }
}

/** Each carries the request out until it is accepted: false where it is refused. */
const faults: Record<
  Fault,
  (
    deployment: TestDeployment,
    random: Random,
    requestCancel: () => Promise<boolean>,
  ) => Promise<boolean>
> = {
  none: (_site, _random, requestCancel) => requestCancel(),
  'api killed': async (deployment, random, requestCancel) => {
    const [pid] = await deployment.find('api')
    const response = requestCancel()
    await sleep(random.integerBelow(30))
    if (pid !== undefined) signal(pid, 'SIGKILL')
    return response
  },
  'redis down': async (deployment, _random, requestCancel) => {
    let response = Promise.resolve(false)
    await withRedisDown(deployment, async () => {
      response = requestCancel()
      await sleep(redisDownMs)
    })
    return response
  },
}

async function metricsBytesOf(deployment: TestDeployment, id: string): Promise<number> {
  const store = await openFolderStore(deployment.folder)
  const attemptsFolder = `jobs/${id}/attempts`
  const sizes = (await store.list(attemptsFolder)).map(attempt =>
    stat(join(deployment.folder, attemptsFolder, attempt, 'metrics.ndjson')).then(
      ({ size }) => size,
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

function checkLatencies(done: readonly CancelledJob[]): string[] {
  const checkLimit = (what: string, values: number[], maxMs: number) => {
    const p99 = percentile(values, 0.99)
    return p99 > maxMs ? [`${what} after ${p99.toFixed(0)} ms (p99), promised are ${maxMs}`] : []
  }
  return [
    ...checkLimit('acknowledged', acknowledgements(done, 'none'), maxAcknowledgeMs),
    ...checkLimit('the trainer is gone', trainerExitTimes(done), maxTrainerExitMs),
  ]
}

const acknowledgements = (done: readonly CancelledJob[], how: Fault) =>
  done.filter(({ fault }) => fault === how).map(one => one.acknowledgedMs)

const trainerExitTimes = (done: readonly CancelledJob[]) =>
  done.map(({ trainerExitMs }) => trainerExitMs).filter(ms => ms !== null)

/** Ended once, for good, and nothing trains on. */
async function checkEnds(
  deployment: TestDeployment,
  api: RetryingClient,
  done: readonly CancelledJob[],
  violations: string[],
): Promise<void> {
  const listed = new Map((await api.jobs()).map(job => [job.id, job]))
  for (const { job, metricsBytes } of done) {
    const current = listed.get(job.id)
    const cancellations = current?.transitions.filter(({ status }) => status === 'cancelled').length
    if (current?.status !== 'cancelled' || cancellations !== 1) {
      violations.push(`${job.name} (${job.id}) is ${current?.status}, ended ${cancellations} times`)
    }
    const later = await metricsBytesOf(deployment, job.id)
    if (later !== metricsBytes)
      violations.push(`${job.name} went on: ${metricsBytes} to ${later} bytes`)
  }
  if (listed.size !== done.length) {
    violations.push(`${listed.size} jobs are there, ${done.length} were cancelled`)
  }
  for (const { path, status, text } of api.serverErrors) {
    violations.push(`${path} answered ${status}: ${text}`)
  }
  const busy = await busyTrainers(deployment)
  if (busy.length > 0) violations.push(`trainers ${busy} are at work, and no job is left`)
}

function summarize(done: readonly CancelledJob[]): Record<string, number> {
  const count = (name: string) => done.filter(({ moment }) => moment === name).length
  return {
    ...Object.fromEntries(cancelMoments.map(({ name }) => [name, count(name)])),
    ...percentiles('acknowledgedMs', acknowledgements(done, 'none')),
    ...percentiles('apiKilledAcknowledgedMs', acknowledgements(done, 'api killed')),
    ...percentiles('redisDownAcknowledgedMs', acknowledgements(done, 'redis down')),
    ...percentiles('trainerExitMs', trainerExitTimes(done)),
    trainersEnded: trainerExitTimes(done).length,
  }
}

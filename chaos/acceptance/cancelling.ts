// P10. The server has one slot, so the active trainer is the oldest one.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { isAlive, readStat } from '../../src/processes.js'
import type { Job } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { eventually } from '../../testing/eventually.js'
import { percentile, percentiles } from '../../testing/percentile.js'
import { withRedisDown } from '../actions.js'
import { RetryingClient } from '../api.js'
import { Verdict } from '../checker.js'
import { ChaosDeployment, signal } from '../deployment.js'
import { checkRedis, checkStopped } from '../leak-check.js'
import { Random } from '../random.js'
import { uploadDatasets } from '../samples.js'
import { type AcceptanceTest, testDeadline } from './acceptance-test.js'
import { algorithms, endlessJob } from './endless-jobs.js'
import { busyTrainers, oldestTrainer } from './trainers.js'

const maxAcknowledgeMs = 2000
const maxTrainerExitMs = 10_000
/** A job that takes longer counts as never cancelled. */
const giveUpMs = 60_000
/** Other jobs are ahead in the queue; each is cancelled after at most a few seconds of training. */
const reachTimeoutMs = 300_000
const redisDownMs = 2000
/** Jobs at the same time: one trains, the others are queued. */
const concurrency = 4

/** What a job does when it is cancelled. */
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

/** The fault that is injected during the request. */
type Fault = 'none' | 'api killed' | 'redis down'

interface CancelledJob {
  job: Job
  fault: Fault
  moment: string
  /** From the request to its response. */
  acknowledgedMs: number
  /** From the response to the exit of the trainer; null if the job had no trainer. */
  trainerExitMs: number | null
  /** Size of its metrics logs. */
  metricsBytes: number
}

export const cancellation: AcceptanceTest = {
  guarantee: 'P10',
  description: 'cancels jobs at random moments',
  rounds: 500,
  run: (rounds, log) =>
    ChaosDeployment.with(deployment => cancelJobs(deployment, rounds, log), {
      settings: { TRAINYARD_SLOTS: '1' },
    }),
}

async function cancelJobs(
  deployment: ChaosDeployment,
  rounds: number,
  log: (line: string) => void,
) {
  const api = new RetryingClient(deployment.url, deployment.key, testDeadline('P10'))
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
    // a fault must not affect other jobs
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

/** Submits a job and cancels it. Returns a violation if it does not end as cancelled. */
async function cancelOne(
  deployment: ChaosDeployment,
  api: RetryingClient,
  n: number,
  random: Random,
): Promise<CancelledJob | string> {
  const moment = random.pickWeighted(cancelMoments)
  const { checkpointEvery } = moment
  const name = `cancelled-${n}`
  const { id } = await api.submit(endlessJob(algorithms[n % 2]!, name, { checkpointEvery }))
  const step = 1 + random.integerBelow(60)
  const reached = async () => moment.reached(await api.job(id), step)
  await eventually(`${name} to be ${moment.name}`, reached, {
    timeoutMs: reachTimeoutMs,
    intervalMs: 50,
  })
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
    return `${name} (${fault}, ${moment.name}): the cancellation was refused because the job had ended`
  }
  const job = await api.waitForEnd(id, giveUpMs, 25).catch(() => api.job(id))
  const label = `${name} (${id}, ${fault}, ${moment.name})`
  if (job.status !== 'cancelled') return `${label} is ${job.status}`
  const hadTrainer = job.attempt > 0 && trainer !== null
  while (hadTrainer && isAlive(readStat(trainer))) {
    if (performance.now() - acknowledgedAt > giveUpMs) {
      return `${label}: trainer ${trainer} still runs after ${giveUpMs / 1000} s`
    }
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

/** Sends the cancel request while a fault happens; returns false if the job had already ended. */
const faults: Record<
  Fault,
  (
    deployment: ChaosDeployment,
    random: Random,
    requestCancel: () => Promise<boolean>,
  ) => Promise<boolean>
> = {
  none: (_deployment, _random, requestCancel) => requestCancel(),
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

async function metricsBytesOf(deployment: ChaosDeployment, id: string): Promise<number> {
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
    return p99 > maxMs
      ? [`${what} after ${p99.toFixed(0)} ms (p99), expected at most ${maxMs} ms`]
      : []
  }
  return [
    ...checkLimit(
      'a cancellation was acknowledged',
      acknowledgements(done, 'none'),
      maxAcknowledgeMs,
    ),
    ...checkLimit('the trainer exited', trainerExitTimes(done), maxTrainerExitMs),
  ]
}

const acknowledgements = (done: readonly CancelledJob[], how: Fault) =>
  done.filter(({ fault }) => fault === how).map(one => one.acknowledgedMs)

const trainerExitTimes = (done: readonly CancelledJob[]) =>
  done.map(({ trainerExitMs }) => trainerExitMs).filter(ms => ms !== null)

/** Checks that each job ended once, stayed ended, and that nothing trains. */
async function checkEnds(
  deployment: ChaosDeployment,
  api: RetryingClient,
  done: readonly CancelledJob[],
  violations: string[],
): Promise<void> {
  const listed = new Map((await api.jobs()).map(job => [job.id, job]))
  for (const { job, metricsBytes } of done) {
    const current = listed.get(job.id)
    const cancellations = current?.transitions.filter(({ status }) => status === 'cancelled').length
    if (current?.status !== 'cancelled' || cancellations !== 1) {
      violations.push(
        `${job.name} (${job.id}) is ${current?.status}, cancelled ${cancellations} times`,
      )
    }
    const later = await metricsBytesOf(deployment, job.id)
    if (later !== metricsBytes)
      violations.push(`${job.name} wrote metrics after its end: ${metricsBytes} to ${later} bytes`)
  }
  if (listed.size !== done.length) {
    violations.push(`${listed.size} jobs are listed, ${done.length} were cancelled`)
  }
  for (const { path, status, text } of api.serverErrors) {
    violations.push(`${path} answered ${status}: ${text}`)
  }
  const busy = await busyTrainers(deployment)
  if (busy.length > 0) violations.push(`trainers ${busy} use the processor although no job is left`)
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

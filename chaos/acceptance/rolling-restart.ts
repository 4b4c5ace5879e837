// P11. Predictions and jobs are sent at a fixed rate, even if earlier ones are not answered yet.
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, readStat } from '../../src/processes.js'
import type { Job, JobRequest } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { eventually } from '../../testing/eventually.js'
import { percentile, percentiles } from '../../testing/percentile.js'
import { RetryingClient } from '../api.js'
import { readAttempts } from '../attempts.js'
import { deadline } from '../deadline.js'
import { ChaosDeployment, type ProcessRole, signal } from '../deployment.js'
import { jobKinds, requestOf } from '../job-kinds.js'
import { loadSamples, uploadDatasets } from '../samples.js'
import { type AcceptanceTest, testDeadline } from './acceptance-test.js'

/** Slow enough that the predictions sent during a start of the API fit into the queue of the predictor for rows (64). */
const predictIntervalMs = 200
const submitIntervalMs = 4000
const maxDrainMs = 30_000
const settleMs = 2000
const endTimeoutMs = 120_000
const responseTimeoutMs = 120_000

/** Two short kinds, one for each predictor. */
const kinds = jobKinds.filter(({ name }) => name === 'adam' || name === 'boosting')

export const rollingRestart: AcceptanceTest = {
  guarantee: 'P11',
  description: 'restarts worker and API in turn while predictions and jobs are sent',
  rounds: 10,
  run: (rounds, log) =>
    ChaosDeployment.with(deployment => runRollingRestart(deployment, rounds, log)),
}

interface PredictionOutcome {
  ms: number
  /** null if the response was correct. */
  error: string | null
}

async function runRollingRestart(
  deployment: ChaosDeployment,
  rounds: number,
  log: (line: string) => void,
) {
  const api = new RetryingClient(deployment.url, deployment.key, testDeadline('P11'))
  await uploadDatasets(api.client)
  const instances = await loadSamples()
  const models = await Promise.all(
    kinds.map(async kind => {
      const job = await api.submit(request(kind, kind.name))
      await api.waitForEnd(job.id, endTimeoutMs)
      const body = JSON.stringify({ instances: instances[kind.dataset] })
      return {
        name: kind.name,
        body,
        answer: await api.predict(kind.name, instances[kind.dataset]),
      }
    }),
  )

  const stop = new AbortController()
  const outcomes: Promise<PredictionOutcome>[] = []
  const jobs: Promise<Job>[] = []
  const arrivals = [
    atFixedRate(predictIntervalMs, stop.signal, n => {
      outcomes.push(predict(deployment, models[n % models.length]!))
    }),
    atFixedRate(submitIntervalMs, stop.signal, n => {
      jobs.push(api.submit(request(kinds[n % kinds.length]!, `job-${n}`)))
    }),
  ]
  const violations: string[] = []
  const drains: number[] = []
  for (let n = 1; n <= rounds; n++) {
    await sleep(settleMs)
    const drained = await restartProcess(deployment, api, 'worker')
    drains.push(drained)
    await sleep(settleMs)
    const closed = await restartProcess(deployment, api, 'api')
    log(`worker exited after ${drained} ms, API after ${closed} ms`)
  }
  await sleep(settleMs)
  stop.abort()
  await Promise.all(arrivals)

  const slowest = Math.max(...drains)
  if (slowest > maxDrainMs) violations.push(`a worker took ${slowest} ms to drain`)
  const predicted = await Promise.all(outcomes)
  const failed = predicted.map(({ error }) => error).filter(error => error !== null)
  for (const [error, count] of tally(failed)) {
    violations.push(`${count} of ${predicted.length} predictions: ${error}`)
  }
  const charged = await countChargedAttempts(deployment, api, await Promise.all(jobs), violations)
  await deployment.stop()
  const ms = predicted.map(one => one.ms)
  return {
    rounds,
    violations,
    measurements: {
      predictions: predicted.length,
      predictionsFailed: failed.length,
      ...percentiles('predictMs', ms),
      predictMsP999: Math.round(percentile(ms, 0.999)),
      jobs: jobs.length,
      attemptsCharged: charged,
      ...percentiles('drainMs', drains),
    },
  }
}

const request = ({ steps, dataset, request: template }: (typeof kinds)[number], name: string) =>
  requestOf({ key: name, steps, dataset, template: template(1) }, name) as JobRequest

/** Calls `act` at a fixed rate until `stopSignal` aborts. */
async function atFixedRate(intervalMs: number, stopSignal: AbortSignal, act: (n: number) => void) {
  const since = performance.now()
  for (let n = 0; !stopSignal.aborted; n++) {
    await sleep(Math.max(0, since + n * intervalMs - performance.now()))
    act(n)
  }
}

/** Sends one prediction without retries, which would hide failures. */
async function predict(
  deployment: ChaosDeployment,
  { name, body, answer }: { name: string; body: string; answer: string },
): Promise<PredictionOutcome> {
  const since = performance.now()
  const error = await fetch(`${deployment.url}/models/${name}/predict`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.key}`, 'content-type': 'application/json' },
    body,
    signal: deadline('the prediction', responseTimeoutMs),
  }).then(
    async got => {
      const text = await got.text()
      const { predictions, code, detail } = JSON.parse(text)
      if (!got.ok) return `${got.status} ${code}: ${detail}`
      const same = JSON.stringify(predictions) === answer
      return same ? null : `a different prediction: ${text.slice(0, 200)}`
    },
    (error: Error) => (error.cause ? `${error.message}: ${error.cause}` : error.message),
  )
  return { ms: performance.now() - since, error }
}

/** Sends SIGTERM to a process and waits for its successor. Returns how many ms the first one took to exit. */
async function restartProcess(
  deployment: ChaosDeployment,
  api: RetryingClient,
  kind: ProcessRole,
): Promise<number> {
  const [pid] = await deployment.find(kind)
  if (pid === undefined) throw new Error(`no ${kind} runs`)
  const since = performance.now()
  signal(pid, 'SIGTERM')
  const hasExited = () => !isAlive(readStat(pid))
  await eventually(`${kind} ${pid} to exit after SIGTERM`, hasExited, {
    timeoutMs: endTimeoutMs,
    intervalMs: 10,
  })
  const ended = performance.now() - since
  const hasSuccessor = async () => (await deployment.find(kind)).some(other => other !== pid)
  await eventually(`a new ${kind}`, hasSuccessor, { timeoutMs: endTimeoutMs, intervalMs: 50 })
  if (kind === 'api') await api.get('/jobs')
  return Math.round(ended)
}

/** Waits until all jobs have ended; returns how many attempts counted against their retry limit. */
async function countChargedAttempts(
  deployment: ChaosDeployment,
  api: RetryingClient,
  jobs: readonly Job[],
  violations: string[],
): Promise<number> {
  const store = await openFolderStore(deployment.folder)
  let charged = 0
  let unfinished = await unfinishedJobs(api)
  for (let since = Date.now(); unfinished.length > 0; await sleep(500)) {
    const before = unfinished.length
    unfinished = await unfinishedJobs(api)
    // a slow machine may have many queued jobs; it is wrong only if none of them ends
    if (unfinished.length < before) since = Date.now()
    if (Date.now() - since < endTimeoutMs) continue
    violations.push(`${unfinished.length} jobs did not end: ${unfinished.map(({ name }) => name)}`)
    break
  }
  for (const { id, name } of jobs) {
    const { status, failure } = await api.job(id)
    if (status !== 'succeeded') violations.push(`${name} is ${status}: ${failure?.message}`)
    for (const { attempt, end } of await readAttempts(store, id)) {
      if (end === 'finished' || end === 'drained') continue
      charged++
      violations.push(`attempt ${attempt} of ${name} (${id}) ended as ${end}`)
    }
  }
  return charged
}

const unfinishedJobs = async (api: RetryingClient) =>
  (await api.jobs()).filter(({ finishedAt }) => finishedAt === null)

function tally(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

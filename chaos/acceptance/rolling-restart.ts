// P11. Requests and jobs keep coming at their pace, whatever has become of those before.
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, readStat } from '../../src/processes.js'
import type { Job, JobRequest } from '../../src/spec/job.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { RetryingClient } from '../api.js'
import { readAttempts } from '../attempts.js'
import { type ProcessRole, signal, TestDeployment } from '../deployment.js'
import { jobKinds, requestOf } from '../job-kinds.js'
import { loadSamples, uploadDatasets } from '../samples.js'
import type { AcceptanceTest } from './acceptance-test.js'
import { percentile, percentiles } from './percentile.js'

/** What comes while an API starts on a busy machine is less than a predictor lets wait (64). */
const predictIntervalMs = 200
const submitIntervalMs = 4000
const maxDrainMs = 30_000
const settleMs = 2000
const endTimeoutMs = 120_000

/** Two that finish soon, one for each predictor. */
const kinds = jobKinds.filter(({ name }) => name === 'adam' || name === 'boosting')

export const rollingRestart: AcceptanceTest = {
  guarantee: 'P11',
  description: 'worker and API are restarted in turn while predictions and jobs keep coming',
  rounds: 10,
  run: (rounds, log) =>
    TestDeployment.with(deployment => runRollingRestart(deployment, rounds, log)),
}

interface PredictionOutcome {
  ms: number
  /** null where it was answered as it should be. */
  error: string | null
}

async function runRollingRestart(
  deployment: TestDeployment,
  rounds: number,
  log: (line: string) => void,
) {
  const api = new RetryingClient(deployment.url, deployment.key, new AbortController().signal)
  await uploadDatasets(api.client)
  const instances = await loadSamples()
  const models = await Promise.all(
    kinds.map(async kind => {
      const job = await api.submit(request(kind, kind.name))
      for await (const _ of api.follow(job.id)) {
        // until it ends
      }
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
    const drained = await restartProcess(deployment, 'worker')
    drains.push(drained)
    await sleep(settleMs)
    const closed = await restartProcess(deployment, 'api')
    log(`worker ended in ${drained} ms, API in ${closed} ms`)
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

/** As many as time has room for, whether the ones before are done or not. */
async function atFixedRate(intervalMs: number, stopSignal: AbortSignal, act: (n: number) => void) {
  const since = performance.now()
  for (let n = 0; !stopSignal.aborted; n++) {
    await sleep(Math.max(0, since + n * intervalMs - performance.now()))
    act(n)
  }
}

/** Once: a client that tries again would hide what is promised. */
async function predict(
  deployment: TestDeployment,
  { name, body, answer }: { name: string; body: string; answer: string },
): Promise<PredictionOutcome> {
  const since = performance.now()
  const error = await fetch(`${deployment.url}/models/${name}/predict`, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.key}`, 'content-type': 'application/json' },
    body,
  }).then(
    async got => {
      const text = await got.text()
      const { predictions, code, detail } = JSON.parse(text)
      if (!got.ok) return `${got.status} ${code}: ${detail}`
      const same = JSON.stringify(predictions) === answer
      return same ? null : `another answer: ${text.slice(0, 200)}`
    },
    (error: Error) => `${error.message}: ${error.cause}`,
  )
  return { ms: performance.now() - since, error }
}

/** Asks a process to end, and waits until there is another that works; how long the first one took. */
async function restartProcess(deployment: TestDeployment, kind: ProcessRole): Promise<number> {
  const [pid] = await deployment.find(kind)
  if (pid === undefined) throw new Error(`no ${kind} runs`)
  const since = performance.now()
  signal(pid, 'SIGTERM')
  while (isAlive(readStat(pid))) await sleep(10)
  const ended = performance.now() - since
  while (!(await deployment.find(kind)).some(other => other !== pid)) await sleep(50)
  if (kind === 'api')
    await new RetryingClient(deployment.url, deployment.key, new AbortController().signal).get(
      '/jobs',
    )
  return Math.round(ended)
}

/** Jobs come to their end, and no attempt counts against them. */
async function countChargedAttempts(
  deployment: TestDeployment,
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
    // on a slow machine many wait: only that none ends is wrong
    if (unfinished.length < before) since = Date.now()
    if (Date.now() - since < endTimeoutMs) continue
    violations.push(`${unfinished.length} jobs do not end: ${unfinished.map(({ name }) => name)}`)
    break
  }
  for (const { id, name } of jobs) {
    const { status, failure } = await api.job(id)
    if (status !== 'succeeded') violations.push(`${name} has ${status}: ${failure?.message}`)
    for (const { attempt, end } of await readAttempts(store, deployment.folder, id)) {
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

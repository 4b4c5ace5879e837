// The clients of one run: they submit, follow, poll, predict and cancel while faults are injected.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../src/spec/job.js'
import type { RetryingClient } from './api.js'
import type { JobHistory } from './history.js'
import { requestOf } from './job-kinds.js'
import type { Samples } from './samples.js'

const pollIntervalMs = 1000
const pauseDurationMs = 3000

/** Submits one job, follows and polls it until it ends, then predicts once with its model. */
export async function runJobClients(
  api: RetryingClient,
  history: JobHistory,
  samples: Samples,
): Promise<void> {
  const { name, configuration } = history
  const job = await api.submit(requestOf(configuration, name))
  history.id = job.id
  const done = new AbortController()
  await Promise.all([
    follow(api, history).finally(() => done.abort()),
    poll(api, history, done.signal),
  ])
  if (history.states.follower.at(-1)?.status !== 'succeeded') return
  history.predictions.push(await api.predict(name, samples[configuration.dataset]))
}

/** Predicts with the finished models in turn until `stopSignal` aborts. */
export async function predictContinuously(
  api: RetryingClient,
  histories: readonly JobHistory[],
  samples: Samples,
  stopSignal: AbortSignal,
): Promise<void> {
  for (let i = 0; !stopSignal.aborted; i++) {
    const ready = histories.filter(({ predictions }) => predictions.length > 0)
    const history = ready[i % Math.max(1, ready.length)]
    if (history) {
      const { name, configuration } = history
      history.predictions.push(await api.predict(name, samples[configuration.dataset]))
    }
    await sleep(500)
  }
}

async function follow(api: RetryingClient, history: JobHistory): Promise<void> {
  let cancelRequest: Promise<unknown> | null = null
  let pauseTask: Promise<void> | null = null
  for await (const message of api.follow(history.id!)) {
    if (message.event === 'job') {
      recordTransition(history.states.follower, message.data)
      continue
    }
    history.rows.push({ id: message.id, row: message.data })
    const { cancelAt, pauseAt, configuration } = history
    if (pauseAt !== null && message.data.step >= pauseAt * configuration.steps) {
      pauseTask ??= pauseAndResume(api, history.id!)
    }
    if (cancelAt !== null && message.data.step >= cancelAt * configuration.steps) {
      cancelRequest ??= api.act(history.id!, 'cancel').then(() => {
        history.cancelRequested = true
      })
    }
  }
  await Promise.all([cancelRequest, pauseTask])
}

async function pauseAndResume(api: RetryingClient, id: string): Promise<void> {
  if (!(await api.act(id, 'pause'))) return
  await sleep(pauseDurationMs)
  // safe in every state: resuming a queued or running job changes nothing
  await api.act(id, 'resume')
}

async function poll(
  api: RetryingClient,
  history: JobHistory,
  stopSignal: AbortSignal,
): Promise<void> {
  while (!stopSignal.aborted) {
    recordTransition(history.states.poller, await api.job(history.id!))
    await sleep(pollIntervalMs, undefined, { signal: stopSignal }).catch(() => {})
  }
}

function recordTransition(states: Job[], job: Job): void {
  const last = states.at(-1)
  if (last?.status !== job.status || last.attempt !== job.attempt) states.push(job)
}

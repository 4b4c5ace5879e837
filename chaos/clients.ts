// The clients of one run: they submit, follow, poll, predict and cancel while the site is disturbed.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../src/spec/job.js'
import type { Api } from './api.js'
import type { JobHistory } from './history.js'
import { requestOf } from './job-kinds.js'
import type { Samples } from './samples.js'

const pollEveryMs = 1000
const pausedForMs = 3000

/** The whole life of one job, as its clients see it. */
export async function accompany(api: Api, history: JobHistory, samples: Samples): Promise<void> {
  const { name, configuration } = history
  const job = await api.submit(requestOf(configuration, name))
  history.id = job.id
  const done = new AbortController()
  await Promise.all([
    follow(api, history).finally(() => done.abort()),
    poll(api, history, done.signal),
  ])
  if (history.states.followed.at(-1)?.status !== 'succeeded') return
  history.predictions.push(await api.predict(name, samples[configuration.dataset]))
}

/** Asks finished models for predictions over and over. */
export async function keepPredicting(
  api: Api,
  histories: readonly JobHistory[],
  samples: Samples,
  until: AbortSignal,
): Promise<void> {
  for (let i = 0; !until.aborted; i++) {
    const ready = histories.filter(({ predictions }) => predictions.length > 0)
    const history = ready[i % Math.max(1, ready.length)]
    if (history) {
      const { name, configuration } = history
      history.predictions.push(await api.predict(name, samples[configuration.dataset]))
    }
    await sleep(500)
  }
}

async function follow(api: Api, history: JobHistory): Promise<void> {
  let cancelling: Promise<unknown> | null = null
  let pausing: Promise<void> | null = null
  for await (const heard of api.follow(history.id!)) {
    if (heard.event === 'job') {
      note(history.states.followed, heard.data)
      continue
    }
    history.rows.push({ id: heard.id, row: heard.data })
    const { cancelAt, pauseAt, configuration } = history
    if (pauseAt !== null && heard.data.step >= pauseAt * configuration.steps) {
      pausing ??= pauseForAWhile(api, history.id!)
    }
    if (cancelAt !== null && heard.data.step >= cancelAt * configuration.steps) {
      cancelling ??= api.act(history.id!, 'cancel').then(() => {
        history.cancelAsked = true
      })
    }
  }
  await Promise.all([cancelling, pausing])
}

async function pauseForAWhile(api: Api, id: string): Promise<void> {
  if (!(await api.act(id, 'pause'))) return
  await sleep(pausedForMs)
  // whatever has come of it meanwhile: a resume of a job that waits or runs changes nothing
  await api.act(id, 'resume')
}

async function poll(api: Api, history: JobHistory, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    note(history.states.polled, await api.job(history.id!))
    await sleep(pollEveryMs, undefined, { signal: until }).catch(() => {})
  }
}

function note(states: Job[], job: Job): void {
  const last = states.at(-1)
  if (last?.status !== job.status || last.attempt !== job.attempt) states.push(job)
}

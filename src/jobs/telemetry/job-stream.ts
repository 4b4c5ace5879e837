import type { JobSnapshot, JobTail, JobTails } from './job-tail.js'
import { type MetricsLog, positionOf, type Tail } from './metrics-log.js'
import { Signal } from './signal.js'

/** What a follower hears; `data` is JSON. */
export interface FeedEvent {
  /** From which a follower that comes back goes on. */
  id?: string
  event: string
  data: string
}

/** A thousand followers may read at the same time. */
const chunkBytes = 16 * 1024

export interface StreamOptions {
  after?: string
  signal: AbortSignal
}

/**
 * A job's rows and states as they come, until it ends: no gap between history and live, and no row
 * twice. Ids are positions: a follower that comes back with its last one goes on behind it.
 */
export function streamMetrics(
  id: string,
  { tails, log }: { tails: JobTails; log: MetricsLog },
  { after, signal }: StreamOptions,
): AsyncGenerator<FeedEvent> {
  let position = Number(after ?? 0) || 0
  let logTail: Tail | null = null
  const lastSent = new LastSentState()

  // what was seen is older than the rows that follow: a state never comes ahead of the rows before it
  async function* readEvents(snapshot: JobSnapshot, tail: JobTail): AsyncGenerator<FeedEvent> {
    for (;;) {
      if (position >= tail.bufferedFrom) {
        logTail = null
        const rows = tail.rowsAfter(position)
        if (rows.length === 0) break
        for (const row of rows) {
          position = row.position
          yield { id: String(position), event: 'metrics', data: row.json }
        }
        continue
      }
      const { attempts } = snapshot.record
      logTail ??= await log.seek(id, attempts, position)
      const rows = await log.rowsAfter(id, attempts, logTail, chunkBytes)
      if (rows.length === 0) break
      for (const row of rows) {
        position = positionOf(row)
        yield { id: String(position), event: 'metrics', data: JSON.stringify(row) }
      }
    }
    const job = lastSent.jsonIfChanged(snapshot.job)
    if (job) yield { id: String(position), event: 'job', data: job }
  }
  return pollLoop(id, tails, signal, readEvents)
}

/** A job's states, and in between how far it is and what it measured last. */
export function streamStatus(
  id: string,
  tails: JobTails,
  signal: AbortSignal,
): AsyncGenerator<FeedEvent> {
  const lastSent = new LastSentState()
  let last = ''
  return pollLoop(id, tails, signal, async function* ({ job }) {
    const changed = lastSent.jsonIfChanged(job)
    const { progress, metrics } = job
    const data = JSON.stringify({ ...progress, metrics })
    if (changed) yield { event: 'job', data: changed }
    else if (data !== last) yield { event: 'progress', data }
    last = data
  })
}

/** One look after the other, whenever the tail has looked, until the job has ended. */
export async function* pollLoop(
  id: string,
  tails: JobTails,
  signal: AbortSignal,
  readEvents: (snapshot: JobSnapshot, tail: JobTail) => AsyncGenerator<FeedEvent>,
): AsyncGenerator<FeedEvent> {
  const wakeUp = new Signal()
  const onAbort = () => wakeUp.notify()
  signal.addEventListener('abort', onAbort, { once: true })
  const tail = tails.subscribe(id, wakeUp)
  try {
    while (!signal.aborted) {
      tail.throwIfFailed()
      const { snapshot } = tail
      if (snapshot) yield* readEvents(snapshot, tail)
      if (snapshot?.record.result) return
      await wakeUp.wait()
    }
  } finally {
    tails.unsubscribe(id, tail, wakeUp)
    signal.removeEventListener('abort', onAbort)
  }
}

/** Which state of the job a follower has seen. */
class LastSentState {
  private state = ''

  /** The job, as JSON, where its state is another one. */
  jsonIfChanged(job: { status: string; phase: string | null; attempt: number }): string | null {
    const state = `${job.status} ${job.phase} ${job.attempt}`
    if (state === this.state) return null
    this.state = state
    return JSON.stringify(job)
  }
}

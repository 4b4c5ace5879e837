import type { JobSnapshot, JobTail, JobTails } from './job-tail.js'
import { type MetricsLog, positionOf, type Tail } from './metrics-log.js'
import { Signal } from './signal.js'

/** A server-sent event; `data` is JSON. */
export interface FeedEvent {
  /** A client that reconnects sends this as `Last-Event-ID` to resume after the event. */
  id?: string
  event: string
  data: string
}

/** Bytes of the log that one subscriber holds in memory; a thousand may read at the same time. */
const chunkBytes = 16 * 1024

export interface StreamOptions {
  /** Resume after the event with this id. */
  after?: string
  signal: AbortSignal
}

/**
 * Streams a job's metrics rows, from the first or from `after` on, and its state changes, until it
 * ends. Every row comes exactly once. Event ids are row positions: a client that reconnects with
 * its last id resumes after it.
 */
export function streamMetrics(
  id: string,
  { tails, log }: { tails: JobTails; log: MetricsLog },
  { after, signal }: StreamOptions,
): AsyncGenerator<FeedEvent> {
  let position = Number(after ?? 0) || 0
  let logTail: Tail | null = null
  const lastSent = new LastSentState()

  // the snapshot was taken after its rows were written, so its state is sent after them
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

/** Streams a job's state changes, and between them its progress with the latest metrics. */
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

/** Yields the events of each new snapshot, until the job has ended or `signal` aborts. */
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

/** The last state that was sent to a subscriber. */
class LastSentState {
  private state = ''

  /** Returns the job as JSON if its state has changed since the last call. */
  jsonIfChanged(job: { status: string; phase: string | null; attempt: number }): string | null {
    const state = `${job.status} ${job.phase} ${job.attempt}`
    if (state === this.state) return null
    this.state = state
    return JSON.stringify(job)
  }
}

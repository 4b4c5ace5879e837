import type { Job } from '../../spec/job.js'
import type { EventBatch } from './feed-event.js'
import type { JobSnapshot, JobTail, JobTails } from './job-tail.js'
import { Signal } from './signal.js'

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
  tails: JobTails,
  { after, signal }: StreamOptions,
): AsyncGenerator<EventBatch> {
  let position = Number(after ?? 0) || 0
  const stateChanges = new StateChanges()

  // the snapshot was taken after its rows were written, so its state is sent after them
  async function* readEvents(snapshot: JobSnapshot, tail: JobTail): AsyncGenerator<EventBatch> {
    for (;;) {
      const rows = await tail.rowsAfter(position)
      if (rows.events.length === 0) break
      position = rows.position
      yield rows.events
    }
    if (stateChanges.includes(snapshot.job))
      yield [{ id: String(position), event: 'job', data: snapshot.jobJson }]
  }
  return pollLoop(id, tails, signal, readEvents)
}

/** Streams a job's state changes, and between them its progress with the latest metrics. */
export function streamStatus(
  id: string,
  tails: JobTails,
  signal: AbortSignal,
): AsyncGenerator<EventBatch> {
  const stateChanges = new StateChanges()
  let last = ''
  return pollLoop(id, tails, signal, async function* ({ job, jobJson, progressJson }) {
    if (stateChanges.includes(job)) yield [{ event: 'job', data: jobJson }]
    else if (progressJson !== last) yield [{ event: 'progress', data: progressJson }]
    last = progressJson
  })
}

/** Yields the events of each new snapshot, until the job has ended or `signal` aborts. */
export async function* pollLoop(
  id: string,
  tails: JobTails,
  signal: AbortSignal,
  readEvents: (snapshot: JobSnapshot, tail: JobTail) => AsyncGenerator<EventBatch>,
): AsyncGenerator<EventBatch> {
  const wakeUp = new Signal()
  const onAbort = () => wakeUp.notify()
  signal.addEventListener('abort', onAbort, { once: true })
  const tail = tails.subscribe(id, wakeUp)
  try {
    while (!signal.aborted) {
      tail.throwIfFailed()
      const { snapshot } = tail
      if (snapshot) {
        for await (const batch of readEvents(snapshot, tail)) {
          await tails.turns.take()
          yield batch
        }
      }
      if (snapshot?.record.result) return
      await wakeUp.wait()
    }
  } finally {
    tails.unsubscribe(id, tail, wakeUp)
    signal.removeEventListener('abort', onAbort)
  }
}

/** The states of a job that one follower sees. */
class StateChanges {
  private last = ''

  /** Returns whether the job's state has changed since the last call. */
  includes({ status, phase, attempt }: Pick<Job, 'status' | 'phase' | 'attempt'>): boolean {
    const state = `${status} ${phase} ${attempt}`
    const changed = state !== this.last
    this.last = state
    return changed
  }
}

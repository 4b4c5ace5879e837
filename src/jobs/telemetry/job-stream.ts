import type { JobTail, JobTails, Sight } from './job-tail.js'
import { type MetricsLog, positionOf, type Tail } from './metrics-log.js'
import { Bell } from './signal.js'

/** What a follower hears; `data` is JSON. */
export interface FeedEvent {
  /** From which a follower that comes back goes on. */
  id?: string
  event: string
  data: string
}

/** A thousand followers may read at the same time. */
const pieceBytes = 16 * 1024

export interface FollowOptions {
  after?: string
  signal: AbortSignal
}

/**
 * A job's rows and states as they come, until it ends: no gap between history and live, and no row
 * twice. Ids are positions: a follower that comes back with its last one goes on behind it.
 */
export function followJob(
  id: string,
  { tails, log }: { tails: JobTails; log: MetricsLog },
  { after, signal }: FollowOptions,
): AsyncGenerator<FeedEvent> {
  let position = Number(after ?? 0) || 0
  let own: Tail | null = null
  const shown = new Shown()

  // what was seen is older than the rows that follow: a state never comes ahead of the rows before it
  async function* look(sight: Sight, tail: JobTail): AsyncGenerator<FeedEvent> {
    for (;;) {
      if (position >= tail.keptFrom) {
        own = null
        const rows = tail.rowsAfter(position)
        if (rows.length === 0) break
        for (const row of rows) {
          position = row.position
          yield { id: String(position), event: 'metrics', data: row.json }
        }
        continue
      }
      const { attempts } = sight.record
      own ??= await log.seek(id, attempts, position)
      const rows = await log.rowsAfter(id, attempts, own, pieceBytes)
      if (rows.length === 0) break
      for (const row of rows) {
        position = positionOf(row)
        yield { id: String(position), event: 'metrics', data: JSON.stringify(row) }
      }
    }
    const job = shown.job(sight.job)
    if (job) yield { id: String(position), event: 'job', data: job }
  }
  return looks(id, tails, signal, look)
}

/** A job's states, and in between how far it is and what it measured last. */
export function watchJob(
  id: string,
  tails: JobTails,
  signal: AbortSignal,
): AsyncGenerator<FeedEvent> {
  const shown = new Shown()
  let last = ''
  return looks(id, tails, signal, async function* ({ job }) {
    const changed = shown.job(job)
    const { progress, metrics } = job
    const data = JSON.stringify({ ...progress, metrics })
    if (changed) yield { event: 'job', data: changed }
    else if (data !== last) yield { event: 'progress', data }
    last = data
  })
}

/** One look after the other, whenever the tail has looked, until the job has ended. */
export async function* looks(
  id: string,
  tails: JobTails,
  signal: AbortSignal,
  look: (sight: Sight, tail: JobTail) => AsyncGenerator<FeedEvent>,
): AsyncGenerator<FeedEvent> {
  const bell = new Bell()
  const ring = () => bell.ring()
  signal.addEventListener('abort', ring, { once: true })
  const tail = tails.join(id, bell)
  try {
    while (!signal.aborted) {
      tail.check()
      const { sight } = tail
      if (sight) yield* look(sight, tail)
      if (sight?.record.result) return
      await bell.wait()
    }
  } finally {
    tails.leave(id, tail, bell)
    signal.removeEventListener('abort', ring)
  }
}

/** Which state of the job a follower has seen. */
class Shown {
  private state = ''

  /** The job, as JSON, where its state is another one. */
  job(job: { status: string; phase: string | null; attempt: number }): string | null {
    const state = `${job.status} ${job.phase} ${job.attempt}`
    if (state === this.state) return null
    this.state = state
    return JSON.stringify(job)
  }
}

import type { Job } from '../spec/job.js'
import type { MetricRow } from '../spec/metrics.js'
import { type MetricsLog, positionOf, type Tail } from './metrics-log.js'
import type { Nudges } from './nudges.js'
import type { JobRecord } from './records.js'

export type JobFeed =
  | { id: string; event: 'metrics'; data: MetricRow }
  | { id: string; event: 'job'; data: Job }

/** How long a follower trusts that no nudge was lost. */
const lookEveryMs = 2000

interface Sources {
  record(): Promise<JobRecord>
  view(record: JobRecord): Promise<Job>
  log: MetricsLog
  nudges: Nudges
}

/**
 * A job's rows and states as they come, until it ends: the log is the one source, nudges only say
 * when to look. So there is no gap between history and live, and no row twice. Ids are positions:
 * a follower that comes back with its last one goes on behind it.
 */
export async function* followJob(
  id: string,
  { record, view, log, nudges }: Sources,
  { after, signal }: { after?: string; signal: AbortSignal },
): AsyncGenerator<JobFeed> {
  const tail: Tail = { epoch: 0, offset: 0, position: Number(after ?? 0) || 0 }
  const bell = new Bell()
  const silence = nudges.on(id, () => bell.ring())
  signal.addEventListener('abort', () => bell.ring(), { once: true })
  try {
    let shown = ''
    while (!signal.aborted) {
      const now = await record()
      for (const row of await log.rowsAfter(id, now.attempts, tail)) {
        yield { id: String(positionOf(row)), event: 'metrics', data: row }
      }
      const job = await view(now)
      const state = `${job.status} ${job.phase} ${job.attempt}`
      if (state !== shown) yield { id: String(tail.position), event: 'job', data: job }
      shown = state
      if (now.result) return
      await bell.wait(lookEveryMs)
    }
  } finally {
    silence()
  }
}

/** Rings are kept until somebody waits: none is lost between looking and waiting. */
class Bell {
  private rung = false
  private wake: (() => void) | null = null

  ring(): void {
    this.rung = true
    this.wake?.()
  }

  async wait(longestMs: number): Promise<void> {
    if (!this.rung) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, longestMs)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.rung = false
    this.wake = null
  }
}

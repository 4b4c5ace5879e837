import { lru } from 'tiny-lru'
import { etaSeconds, type LiveState } from '../queue/live-state.js'
import type { FeedEvent } from '../telemetry/feed-event.js'

/** How often the progress of running jobs is read. */
const intervalMs = 1000
/** Jobs read at once, and remembered. */
const maxJobs = 1000

export interface ProgressBoardDeps {
  /** Null for a job that has no live state. */
  readLiveStates(ids: readonly string[]): Promise<(LiveState | null)[]>
  /** Calls `listener` when a running job may have got further. Returns the unsubscribe function. */
  onProgress(listener: (id: string) => void): () => void
}

export interface JobProgress {
  job: string
  event: FeedEvent
  /** Grows with each change on the board. */
  version: number
}

/** The newest progress of each running job, which a follower gets when it is ready to: no queue grows for it. */
export class ProgressBoard {
  version = 0
  private readonly known = lru<JobProgress & { state: string; isShown: boolean }>(maxJobs)
  /** Answers of `since` by version: followers at the same version share one. */
  private readonly answers = new Map<number, JobProgress[]>()
  private readonly dirty = new Set<string>()
  private timer: NodeJS.Timeout | null = null
  private unsubscribe: (() => void) | null = null

  constructor(private readonly deps: ProgressBoardDeps) {}

  /** Reads progress every second, and calls `onChange` if there is some. */
  start(onChange: () => void): void {
    this.unsubscribe = this.deps.onProgress(id => {
      if (this.dirty.size < maxJobs) this.dirty.add(id)
    })
    this.timer = setInterval(() => {
      const { version } = this
      const tell = () => {
        if (this.version > version) onChange()
      }
      // if Redis is away, there is no progress to tell
      void this.update().then(tell, () => {})
    }, intervalMs)
  }

  stop(): void {
    this.unsubscribe?.()
    if (this.timer) clearInterval(this.timer)
    this.dirty.clear()
    this.known.clear()
  }

  /** A job that does not run any more leaves the board. */
  observe(type: string, job: string): void {
    const progress = this.known.get(job)
    if (!progress || type === 'job.running' || type === 'job.changed') return
    progress.isShown = false
    this.answers.clear()
  }

  /** What is newer than `version`. */
  since(version: number): JobProgress[] {
    const answer =
      this.answers.get(version) ??
      this.known
        .values()
        .filter(each => each !== undefined)
        .filter(each => each.isShown && each.version > version)
    this.answers.set(version, answer)
    return answer
  }

  private async update(): Promise<void> {
    const ids = [...this.dirty]
    this.dirty.clear()
    const states = await this.deps.readLiveStates(ids)
    this.answers.clear()
    for (const [i, live] of states.entries()) {
      const id = ids[i]!
      const data = live && progressData(id, live)
      if (!data) continue
      const state = JSON.stringify([live.attempt, live.phase, live.step, data.metrics])
      if (this.known.get(id)?.state === state) continue
      const text = JSON.stringify({
        type: 'job.progress',
        timestamp: new Date().toISOString(),
        data,
      })
      const event = { event: 'job.progress', data: text }
      this.known.set(id, { job: id, event, state, isShown: true, version: ++this.version })
    }
  }
}

/** Null if the job's worker is older than the fields that are needed. */
function progressData(id: string, live: LiveState) {
  const { attempt, phase, step, details } = live
  if (!details) return null
  const { steps, resumedFrom, metrics, best = {} } = details
  const fraction = Math.min(1, step / steps)
  const progress = { step, steps, fraction, etaSeconds: etaSeconds(live), resumedFrom }
  return { id, attempt, phase, progress, metrics, best }
}

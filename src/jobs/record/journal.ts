import { DamagedError } from '../../errors.js'
import type { Store } from '../../store/store.js'
import { jobPaths } from './job-paths.js'
import {
  applyEntry,
  initialLifecycle,
  type JournalEntry,
  type Lifecycle,
  nextState,
} from './lifecycle.js'
import { journalEntry } from './record-shapes.js'

/**
 * A job's events as numbered files, written without a lock (optimistic concurrency). A writer reads
 * all entries, checks that its own may follow, and creates the next file exclusively. If another
 * writer created it first, the writer reads on and tries again. So all processes agree on one
 * order.
 */
export class Journal {
  constructor(private readonly store: Store) {}

  async read(id: string, createdAt: string): Promise<Lifecycle> {
    return this.readNewer(id, initialLifecycle(createdAt))
  }

  /**
   * `allowed` is false if the entry may not follow. An allowed entry that changes nothing is not
   * written.
   */
  async append(
    id: string,
    createdAt: string,
    entry: JournalEntry,
  ): Promise<{ allowed: boolean; lifecycle: Lifecycle }> {
    let lifecycle = initialLifecycle(createdAt)
    for (;;) {
      lifecycle = await this.readNewer(id, lifecycle)
      const state = nextState(lifecycle, entry)
      if (!state) return { allowed: false, lifecycle }
      // a start is written even if the job is running: it has a new attempt number
      if (state === lifecycle.state && entry.event !== 'start') return { allowed: true, lifecycle }
      const key = jobPaths(id).entry(lifecycle.version + 1)
      if (await this.store.createJson<JournalEntry>(key, entry)) {
        return { allowed: true, lifecycle: applyEntry(lifecycle, entry) }
      }
    }
  }

  private async readNewer(id: string, known: Lifecycle): Promise<Lifecycle> {
    const last = await this.lastEntry(id)
    const numbers = Array.from({ length: Math.max(0, last - known.version) }, (_, i) => {
      return known.version + 1 + i
    })
    const entries = await Promise.all(
      numbers.map(n => this.store.readJson<JournalEntry>(jobPaths(id).entry(n), journalEntry)),
    )
    const gap = entries.indexOf(null)
    if (gap >= 0) await this.assertRemoved(id, numbers[gap]!)
    const contiguous = (gap < 0 ? entries : entries.slice(0, gap)) as JournalEntry[]
    return contiguous.reduce((lifecycle, entry) => applyStored(id, lifecycle, entry), known)
  }

  /** Number of the newest entry. Other names in the folder are passed over. */
  private async lastEntry(id: string): Promise<number> {
    const names = await this.store.list(jobPaths(id).journal)
    return Math.max(0, ...names.map(name => Number(/^([1-9]\d{0,8})\.json$/.exec(name)?.[1] ?? 0)))
  }

  /** An entry is missing if another process is removing the job. Otherwise it is lost. */
  private async assertRemoved(id: string, entry: number): Promise<void> {
    if ((await this.lastEntry(id)) < entry) return
    throw new DamagedError(jobPaths(id).entry(entry), 'is missing')
  }
}

/** An entry that the transition table refuses was not written by `append`. */
function applyStored(id: string, lifecycle: Lifecycle, entry: JournalEntry): Lifecycle {
  if (nextState(lifecycle, entry)) return applyEntry(lifecycle, entry)
  const reason = `has '${entry.event}', which cannot follow while the job is ${lifecycle.state}`
  throw new DamagedError(jobPaths(id).entry(lifecycle.version + 1), reason)
}

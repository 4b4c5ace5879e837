import type { Store } from '../../store/store.js'
import { jobPaths } from './job-paths.js'
import {
  applyEntry,
  initialLifecycle,
  type JournalEntry,
  type Lifecycle,
  nextState,
} from './lifecycle.js'

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
    const { length } = await this.store.list(jobPaths(id).journal)
    const keys = Array.from({ length: Math.max(0, length - known.version) }, (_, i) =>
      jobPaths(id).entry(known.version + 1 + i),
    )
    const entries = await Promise.all(keys.map(key => this.store.readJson<JournalEntry>(key)))
    // an entry is missing if another process is removing the job
    const gap = entries.indexOf(null)
    const contiguous = (gap < 0 ? entries : entries.slice(0, gap)) as JournalEntry[]
    return contiguous.reduce(applyEntry, known)
  }
}

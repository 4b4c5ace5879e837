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
 * What has happened to a job, as numbered files. Each is created exclusively, by somebody who has
 * read all before it and found that it may follow: of two that race, one is first and the other
 * looks again. So any number of clients and workers agree on one order, with no lock.
 */
export class Journal {
  constructor(private readonly store: Store) {}

  async read(id: string, createdAt: string): Promise<Lifecycle> {
    return this.readNewer(id, initialLifecycle(createdAt))
  }

  /** Whether the entry came in, or changes nothing; false where it may not follow. */
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
      // a verb that leads nowhere; another attempt's start is news, though
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
    // one that is missing goes with its job, which somebody removes just now
    const gap = entries.indexOf(null)
    const contiguous = (gap < 0 ? entries : entries.slice(0, gap)) as JournalEntry[]
    return contiguous.reduce(applyEntry, known)
  }
}

import type { Store } from '../../store/store.js'
import { jobKeys } from './job-paths.js'
import { follow, type JournalEntry, type Lifecycle, newborn, stateAfter } from './lifecycle.js'

/**
 * What has happened to a job, as numbered files. Each is created exclusively, by somebody who has
 * read all before it and found that it may follow: of two that race, one is first and the other
 * looks again. So any number of clients and workers agree on one order, with no lock.
 */
export class Journal {
  constructor(private readonly store: Store) {}

  async read(id: string, createdAt: string): Promise<Lifecycle> {
    return this.readOn(id, newborn(createdAt))
  }

  /** Whether the entry came in, or changes nothing; false where it may not follow. */
  async append(
    id: string,
    createdAt: string,
    entry: JournalEntry,
  ): Promise<{ allowed: boolean; life: Lifecycle }> {
    let life = newborn(createdAt)
    for (;;) {
      life = await this.readOn(id, life)
      const state = stateAfter(life, entry)
      if (!state) return { allowed: false, life }
      // a verb that leads nowhere; another attempt's start is news, though
      if (state === life.state && entry.event !== 'start') return { allowed: true, life }
      const key = jobKeys(id).entry(life.version + 1)
      if (await this.store.createJson(key, entry)) {
        return { allowed: true, life: follow(life, entry) }
      }
    }
  }

  private async readOn(id: string, known: Lifecycle): Promise<Lifecycle> {
    const { length } = await this.store.list(jobKeys(id).journal)
    const keys = Array.from({ length: Math.max(0, length - known.version) }, (_, i) =>
      jobKeys(id).entry(known.version + 1 + i),
    )
    const entries = await Promise.all(keys.map(key => this.store.readJson<JournalEntry>(key)))
    // one that is missing goes with its job, which somebody removes just now
    const gap = entries.indexOf(null)
    const whole = (gap < 0 ? entries : entries.slice(0, gap)) as JournalEntry[]
    return whole.reduce(follow, known)
  }
}

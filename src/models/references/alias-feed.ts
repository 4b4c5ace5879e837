import { Check } from 'typebox/value'
import { Name } from '../../spec/identifiers.js'
import { eventOfChange, type ModelAliasEvent, type ModelFeed } from '../../spec/model-feed.js'
import type { DamageRegistry } from '../../store/damage-registry.js'
import type { ModelJournal } from './model-journal.js'
import { modelRecordPaths } from './model-record-paths.js'

/** Entries that are read at once; a follower that is further behind misses older ones. */
const maxEntries = 200

/** The changes of all aliases, from the journals of models. Passes over damaged ones. */
export class AliasFeed implements ModelFeed {
  private readonly listeners = new Set<(name: string) => void>()

  constructor(
    private readonly journal: ModelJournal,
    private readonly damage: DamageRegistry,
  ) {}

  async names(): Promise<string[]> {
    return (await this.journal.names()).filter(name => Check(Name, name))
  }

  async newest(name: string): Promise<number> {
    return (await this.tryRead(name, async () => (await this.journal.newest(name))?.n)) ?? 0
  }

  async changesAfter(name: string, n: number): Promise<ModelAliasEvent[]> {
    const read = await this.tryRead(name, async () => {
      const entries = []
      for await (const each of this.journal.backwards(name)) {
        if (each.n <= n || entries.length === maxEntries) break
        entries.push(each)
      }
      return entries.reverse()
    })
    return (read ?? []).flatMap(({ n, entry }) =>
      entry.changes.map(change => ({
        n,
        event: eventOfChange[change.change],
        at: change.at,
        data: { model: name, ...change },
      })),
    )
  }

  onChange(listener: (name: string) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  notify(name: string): void {
    for (const listener of this.listeners) listener(name)
  }

  private tryRead<T>(name: string, read: () => Promise<T>): Promise<T | null> {
    return this.damage.tryRead('model_record', modelRecordPaths(name).root, read, {
      isPartial: true,
    })
  }
}

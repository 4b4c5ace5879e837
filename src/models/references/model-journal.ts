import { Type } from 'typebox'
import { DamagedError, isDamaged } from '../../errors.js'
import { AliasChange, ChangeNote, ModelAlias, maxAliases } from '../../spec/model-alias.js'
import type { ModelSelector } from '../../spec/model-selector.js'
import { TrafficPolicy } from '../../spec/model-traffic.js'
import { shapeOf } from '../../store/shape.js'
import type { Store } from '../../store/store.js'
import { modelRecordPaths } from './model-record-paths.js'

/** What refers to the versions of a model. */
export interface References {
  /** By alias. */
  aliases: Readonly<Record<string, ModelAlias>>
  /** By alias; of the bare name by the empty text. */
  traffic: Readonly<Record<string, TrafficPolicy>>
  /** Versions that are being deleted: nothing may refer to them any more. */
  removed: readonly number[]
}

/** One change of the references, and all of them after it: the newest entry is enough to know them. */
export interface JournalEntry extends ChangeNote {
  changes: AliasChange[]
  references: References
}

/** An entry and its number. */
export interface NumberedEntry {
  n: number
  entry: JournalEntry
}

export const noReferences: References = { aliases: {}, traffic: {}, removed: [] }

/** An alias of a model. A name such as `constructor` is no field of every object. */
export const aliasIn = (aliases: References['aliases'], alias: string): ModelAlias | undefined =>
  Object.hasOwn(aliases, alias) ? aliases[alias] : undefined

/** How old what this process knows may be: another process may have written to the folder since. */
const freshMs = 500
/** Names whose references are in memory. Clients can ask for any name. */
const maxKnown = 1000

const journalEntry = shapeOf<JournalEntry>(
  Type.Object({
    ...ChangeNote.properties,
    changes: Type.Array(AliasChange),
    references: Type.Object({
      aliases: Type.Record(Type.String(), ModelAlias, { maxProperties: maxAliases }),
      traffic: Type.Record(Type.String(), TrafficPolicy),
      removed: Type.Array(Type.Integer()),
    }),
  }),
)

interface Known {
  newest: NumberedEntry | null
  checkedAt: number
  /** A look for newer entries that is under way. */
  reading: Promise<NumberedEntry | null> | null
}

/**
 * The aliases and the traffic of each model, as numbered files that are only ever added, without a lock: a writer
 * decides by the newest entry and creates the next one exclusively. If another writer was first, it decides again.
 */
export class ModelJournal {
  private readonly known = new Map<string, Known>()

  constructor(
    private readonly store: Store,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** At most half a second old; a change by this process is seen at once. */
  async references(name: string): Promise<References> {
    return (await this.newest(name))?.entry.references ?? noReferences
  }

  /**
   * As `references`, if this process knows them well enough; null if they must be read. They are read again before
   * they are too old, so that requests which follow each other wait for no read.
   */
  freshReferences(name: string): References | null {
    const known = this.known.get(name)
    const age = known ? this.now() - known.checkedAt : freshMs
    if (!known || age >= freshMs) return null
    // what is wrong with it, the next request learns by a read of its own
    if (2 * age >= freshMs) this.refresh(name).catch(() => {})
    return known.newest?.entry.references ?? noReferences
  }

  /** For a version that is asked for by its number, a damaged journal does not matter. */
  async referencesFor({ name, version }: ModelSelector): Promise<References> {
    return this.references(name).catch(error => {
      if (version === undefined || !isDamaged(error)) throw error
      return noReferences
    })
  }

  async newest(name: string): Promise<NumberedEntry | null> {
    const known = this.known.get(name)
    if (known && this.now() - known.checkedAt < freshMs) return known.newest
    return this.refresh(name)
  }

  /**
   * Appends what `decide` makes of the newest references, and returns the entry; null if it has nothing to change.
   * `decide` may be called again, and what it throws is thrown.
   */
  async append(
    name: string,
    note: Omit<ChangeNote, 'at'>,
    decide: (
      references: References,
      at: string,
    ) => Promise<Pick<JournalEntry, 'changes' | 'references'> | null>,
  ): Promise<NumberedEntry | null> {
    for (;;) {
      // a read of its own: one that is under way may have begun before another process's last change
      const newest = await this.readNewest(name, this.known.get(name)?.newest ?? null)
      const at = notBefore(newest?.entry.at)
      const decided = await decide(newest?.entry.references ?? noReferences, at)
      if (!decided) return null
      const entry = { at, ...note, ...decided }
      const n = (newest?.n ?? 0) + 1
      const key = modelRecordPaths(name).entry(n)
      if (!(await this.store.createJson<JournalEntry>(key, entry))) continue
      this.remember(name, { n, entry })
      return { n, entry }
    }
  }

  /** The entries before number `before`, newest first, until `wanted` says stop. */
  async *backwards(name: string, before?: number): AsyncGenerator<NumberedEntry> {
    const newest = await this.newest(name)
    for (let n = Math.min(newest?.n ?? 0, (before ?? Number.POSITIVE_INFINITY) - 1); n > 0; n--) {
      yield { n, entry: await this.read(name, n) }
    }
  }

  /** The newest entry at a time; null if there was none. Times of entries never go back. */
  async newestAt(name: string, time: number): Promise<NumberedEntry | null> {
    const newest = await this.newest(name)
    let [from, to] = [0, newest?.n ?? 0]
    while (from < to) {
      const middle = Math.ceil((from + to) / 2)
      if (Date.parse((await this.read(name, middle)).at) <= time) from = middle
      else to = middle - 1
    }
    return from === 0 ? null : { n: from, entry: await this.read(name, from) }
  }

  /** Names of all models that have a journal. */
  names(): Promise<string[]> {
    return this.store.list(modelRecordPaths.root)
  }

  private refresh(name: string): Promise<NumberedEntry | null> {
    const known = this.known.get(name)
    const underWay = known?.reading ?? null
    if (underWay !== null) return underWay
    const reading = this.readNewest(name, known?.newest ?? null).then(
      newest => {
        this.remember(name, newest)
        return newest
      },
      error => {
        this.known.delete(name)
        throw error
      },
    )
    const entry = { newest: known?.newest ?? null, checkedAt: known?.checkedAt ?? -freshMs }
    this.known.set(name, { ...entry, reading })
    return reading
  }

  private remember(name: string, newest: NumberedEntry | null): void {
    const known = this.known.get(name)
    // a read that began before an append of this process ends after it
    if ((known?.newest?.n ?? 0) > (newest?.n ?? 0)) return
    this.known.delete(name)
    this.known.set(name, { newest, checkedAt: this.now(), reading: null })
    const [oldest] = this.known.keys()
    if (this.known.size > maxKnown) this.known.delete(oldest!)
  }

  private async readNewest(
    name: string,
    known: NumberedEntry | null,
  ): Promise<NumberedEntry | null> {
    const paths = modelRecordPaths(name)
    if (known) {
      // one look for a file that is not there, almost always
      for (let newest = known; ; ) {
        const key = paths.entry(newest.n + 1)
        const entry = await this.store.readJson<JournalEntry>(key, journalEntry)
        if (!entry) return newest
        newest = { n: newest.n + 1, entry }
      }
    }
    const names = await this.store.list(paths.journal)
    const n = Math.max(
      0,
      ...names.map(each => Number(/^([1-9]\d{0,8})\.json$/.exec(each)?.[1] ?? 0)),
    )
    return n === 0 ? null : { n, entry: await this.read(name, n) }
  }

  private async read(name: string, n: number): Promise<JournalEntry> {
    const key = modelRecordPaths(name).entry(n)
    const entry = await this.store.readJson<JournalEntry>(key, journalEntry)
    if (!entry) throw new DamagedError(key, 'is missing')
    return entry
  }
}

/** Clocks of hosts differ; an entry is never older than the one before it. */
function notBefore(last: string | undefined): string {
  const now = new Date().toISOString()
  return last !== undefined && last > now ? last : now
}

import { type DamagedError, isDamaged } from '../errors.js'
import { type Damage, type DamagedItem, type DamageKind, maxDamagedItems } from '../spec/damage.js'

/**
 * The damage that this process has met. It is named in lists, counted by a gauge and logged once for each file.
 * Damage is forgotten if its thing is read without damage, or deleted.
 */
export class DamageRegistry {
  private readonly found = new Map<string, Damage>()

  /** `onNew` is called once for each damaged file. */
  constructor(private readonly onNew: (damage: Damage) => void = () => {}) {}

  add({ damage }: DamagedError): void {
    const key = keyOf(damage)
    const known = this.found.get(key)
    this.found.set(key, damage)
    if (known?.file !== damage.file || known.reason !== damage.reason) this.onNew(damage)
  }

  /**
   * Reads a thing whose files are below `root`. Returns null if it is damaged, and remembers that. So a loop over
   * many things passes over the damaged ones. Damage that is known is forgotten, unless `isPartial` says that this
   * read would not meet all damage.
   */
  async tryRead<T>(
    kind: DamageKind,
    root: string,
    read: () => Promise<T>,
    { isPartial = false } = {},
  ): Promise<T | null> {
    try {
      const value = await read()
      if (!isPartial) this.forget(kind, root)
      return value
    } catch (error) {
      if (!isDamaged(error)) {
        if (!isPartial) this.forget(kind, root)
        throw error
      }
      this.add(error)
      return null
    }
  }

  has(kind: DamageKind, root: string): boolean {
    return this.found.has(keyOf({ kind, root }))
  }

  forget(kind: DamageKind, root: string): void {
    this.found.delete(keyOf({ kind, root }))
  }

  /** Forgets the damaged things of a kind whose root `exists` does not list. */
  retain(kind: DamageKind, exists: ReadonlySet<string>): void {
    for (const { root } of this.all(kind)) if (!exists.has(root)) this.forget(kind, root)
  }

  /** The damage of a kind, for an answer. */
  list(kind: DamageKind): DamagedItem[] {
    return this.all(kind).slice(0, maxDamagedItems).map(toItem)
  }

  /** Ids of the damaged things of a kind. */
  ids(kind: DamageKind): string[] {
    return this.all(kind).map(({ id }) => id)
  }

  /** How many things of each kind are damaged. */
  counts(): Map<DamageKind, number> {
    const counts = new Map<DamageKind, number>()
    for (const { kind } of this.found.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return counts
  }

  private all(kind: DamageKind): Damage[] {
    return [...this.found.values()].filter(damage => damage.kind === kind)
  }
}

export const toItem = ({ id, file, reason }: Damage): DamagedItem => ({ id, file, reason })

const keyOf = ({ kind, root }: Pick<Damage, 'kind' | 'root'>) => `${kind} ${root}`

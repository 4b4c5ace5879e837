/** A scrape has at most so many by name. */
const maxNamed = 100
/** What has not been used for this long gives its labels to another one. */
const keptMs = 3600_000

/** What has labels of its own in a scrape, by key: the number of labels is bounded. */
export class BoundedLabels<T> {
  /** The one that was used last at the end. */
  private readonly named = new Map<string, { usedAt: number; value: T }>()

  /** `forget` removes the labels of what gives its place to another one. */
  constructor(private readonly forget: (value: T) => void) {}

  /** What `create` made for the key, when it was first used; null if so many others were used a short time ago. */
  use(key: string, create: () => T): T | null {
    const now = performance.now()
    const known = this.named.get(key)
    if (!known && !this.makeRoom(now)) return null
    const value = known ? known.value : create()
    // moves it to the end
    this.named.delete(key)
    this.named.set(key, { usedAt: now, value })
    return value
  }

  private makeRoom(now: number): boolean {
    if (this.named.size < maxNamed) return true
    const [key, { usedAt, value }] = this.named.entries().next().value!
    if (now - usedAt < keptMs) return false
    this.named.delete(key)
    this.forget(value)
    return true
  }
}

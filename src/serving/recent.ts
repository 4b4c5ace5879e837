interface Entry<T> {
  /** When the load began: what it found is not older. */
  since: number
  value: T | Promise<T>
}

/** Loads values at most once in `maxAgeMs` for each key. Failures are not kept. */
export class Recent<T> {
  /** The one that was loaded first is first. */
  private readonly entries = new Map<string, Entry<T>>()

  constructor(
    private readonly maxAgeMs: number,
    private readonly maxEntries: number,
  ) {}

  /** What `load` returns, or returned not longer than `maxAgeMs` ago. Requests at the same time share a load. */
  get(key: string, load: () => Promise<T>): T | Promise<T> {
    const known = this.entries.get(key)
    if (known && performance.now() - known.since < this.maxAgeMs) return known.value
    const loading = load()
    const entry: Entry<T> = { since: performance.now(), value: loading }
    this.entries.delete(key)
    this.entries.set(key, entry)
    loading.then(
      value => {
        entry.value = value
      },
      () => {
        if (this.entries.get(key) === entry) this.entries.delete(key)
      },
    )
    const [oldest] = this.entries.keys()
    if (this.entries.size > this.maxEntries) this.entries.delete(oldest!)
    return loading
  }

  /** Forgets everything, also what is being loaded. */
  clear(): void {
    this.entries.clear()
  }
}

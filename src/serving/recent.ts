interface Entry<T> {
  /** When the load began: what it found is not older. */
  since: number
  value: T | Promise<T>
  /** A later load, which is to take the place of this one. */
  next: Entry<T> | null
}

/**
 * Loads values at most once in `maxAgeMs / 2` for each key. A value that is half as old as it may be is loaded again
 * beside the requests that still use it: so requests that follow each other wait for no load, which on a busy machine
 * takes longer than a prediction. Failures are not kept.
 */
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
    if (!known) return this.put(key, this.begin(key, load)).value
    const age = performance.now() - known.since
    if (2 * age < this.maxAgeMs) return known.value
    known.next ??= this.begin(key, load)
    return age < this.maxAgeMs ? known.value : this.put(key, known.next).value
  }

  /** Forgets everything, also what is being loaded. */
  clear(): void {
    this.entries.clear()
  }

  private begin(key: string, load: () => Promise<T>): Entry<T> {
    const loading = load()
    const entry: Entry<T> = { since: performance.now(), value: loading, next: null }
    loading.then(
      value => {
        entry.value = value
        if (this.entries.get(key)?.next === entry) this.put(key, entry)
      },
      () => {
        const known = this.entries.get(key)
        // also what is known still: the next request learns of the failure by a load of its own
        if (known === entry || known?.next === entry) this.entries.delete(key)
      },
    )
    return entry
  }

  private put(key: string, entry: Entry<T>): Entry<T> {
    this.entries.delete(key)
    this.entries.set(key, entry)
    const [oldest] = this.entries.keys()
    if (this.entries.size > this.maxEntries) this.entries.delete(oldest!)
    return entry
  }
}

/** A process ends so often while it loads a model before the model is refused for a minute. */
const maxCrashes = 2
const refusedMs = 60_000

/** Remembers models that end the process which loads them, so that they do not end one after the other. */
export class LoadCrashes {
  private readonly crashes = new Map<string, { count: number; at: number }>()

  /** Returns whether the model is refused now. */
  add(folder: string): boolean {
    const count = (this.crashes.get(folder)?.count ?? 0) + 1
    this.crashes.set(folder, { count, at: performance.now() })
    return count >= maxCrashes
  }

  isRefused(folder: string): boolean {
    const found = this.crashes.get(folder)
    if (!found || performance.now() - found.at < refusedMs) {
      return (found?.count ?? 0) >= maxCrashes
    }
    this.crashes.delete(folder)
    return false
  }

  /** Call after the model was loaded. */
  forget(folder: string): void {
    this.crashes.delete(folder)
  }
}

/**
 * Shares the work of calls that ask the same at the same time, such as a thousand followers that open
 * one job. A call that comes while another one runs waits for it, then shares a new one with the
 * other waiting calls. So every answer is at least as new as its call, and a key has at most two calls.
 */
export class SharedCalls<T> {
  private readonly running = new Map<string, { current: Promise<T>; next: Promise<T> | null }>()

  run(key: string, call: () => Promise<T>): Promise<T> {
    const entry = this.running.get(key)
    if (!entry) return this.start(key, call)
    const start = () => this.start(key, call)
    entry.next ??= entry.current.then(start, start)
    return entry.next
  }

  private start(key: string, call: () => Promise<T>): Promise<T> {
    const current = call()
    const entry = { current, next: null }
    this.running.set(key, entry)
    const end = () => {
      // the calls that wait start the next one, and set its entry
      if (entry.next === null) this.running.delete(key)
    }
    current.then(end, end)
    return current
  }
}

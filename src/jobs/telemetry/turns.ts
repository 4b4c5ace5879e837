import { performance } from 'node:perf_hooks'

/** How long turns run before other work of the event loop goes on. */
const sliceMs = 5
/** How much longer than a slice the event loop is then left alone. */
const restFactor = 3

/**
 * Shares the event loop between thousands of followers and all other requests. Each follower takes a turn
 * before it does work; turns are granted in order, in slices of 5 ms. Between slices the event loop is left
 * alone for three times as long, so followers together use at most a quarter of its time.
 */
export class Turns {
  private waiting: (() => void)[] = []
  private running = false

  /** Resolves when the caller may do a short piece of work. */
  take(): Promise<void> {
    return new Promise(resolve => {
      this.waiting.push(resolve)
      if (this.running) return
      this.running = true
      setImmediate(() => void this.runSlice())
    })
  }

  private async runSlice(): Promise<void> {
    const start = performance.now()
    let granted = 0
    while (granted < this.waiting.length && performance.now() - start < sliceMs) {
      this.waiting[granted++]!()
      await afterMicrotasks()
    }
    this.waiting = this.waiting.slice(granted)
    this.running = this.waiting.length > 0
    if (this.running)
      setTimeout(() => void this.runSlice(), restFactor * (performance.now() - start))
  }
}

/** The work of a turn runs in microtasks, so the next tick comes after it. */
const afterMicrotasks = () => new Promise<void>(resolve => process.nextTick(resolve))

import { setTimeout as sleep } from 'node:timers/promises'

export interface ShadowTask {
  /** Bytes of the input that it holds. */
  bytes: number
  run(): Promise<void>
  /** Called in place of `run`. */
  drop(): void
}

/** How long a task waits for a moment in which nothing else predicts. */
const maxWaitMs = 2000
const pollMs = 5
const maxTasks = 8
const maxBytes = 32 * 2 ** 20

/**
 * Runs predictions whose answers nobody waits for: one at a time, after the answer of the request that they belong
 * to, and only when no other prediction waits. Those that find no such moment are dropped.
 */
export class ShadowQueue {
  private readonly waiting: { task: ShadowTask; until: number }[] = []
  private bytes = 0
  private isRunning = false

  /** `isIdle`: whether no request waits for a prediction. */
  constructor(private readonly isIdle: () => boolean) {}

  add(task: ShadowTask): void {
    if (this.waiting.length >= maxTasks || this.bytes + task.bytes > maxBytes) {
      task.drop()
      return
    }
    this.bytes += task.bytes
    this.waiting.push({ task, until: performance.now() + maxWaitMs })
    if (!this.isRunning) void this.work()
  }

  private async work(): Promise<void> {
    this.isRunning = true
    // the answer of the request leaves first
    await sleep(0)
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      const { task, until } = next
      while (!this.isIdle() && performance.now() < until) await sleep(pollMs)
      if (this.isIdle()) await task.run()
      else task.drop()
      this.bytes -= task.bytes
    }
    this.isRunning = false
  }
}

/** A slower check has waited for Redis to return, so it says nothing about the consumer. */
const maxResponseMs = 1000

export interface WatchdogOptions {
  intervalMs: number
  /** How long jobs may wait while a slot is free. */
  stuckAfterMs: number
  /** The number of queued jobs, over a connection that is not the consumer's. */
  countWaiting(): Promise<number>
  /** `performance.now()` of the last time a job was taken; null while no slot is free. */
  idleSince(): number | null
  onStuck(): void
}

/**
 * Detects a BullMQ consumer that no longer takes jobs. After Redis outages consumers have stopped
 * without an error, and `isRunning()` stayed true (taskforcesh/bullmq #4585). So this checks the
 * effect: jobs are queued, Redis answers, a slot is free, and no job is taken.
 */
export class Watchdog {
  private stuckSince: number | null = null
  private timer: NodeJS.Timeout

  constructor(private readonly options: WatchdogOptions) {
    this.timer = setTimeout(() => void this.check(), options.intervalMs)
  }

  close(): void {
    clearTimeout(this.timer)
  }

  private async check(): Promise<void> {
    const { options } = this
    const startedAt = performance.now()
    const waiting = await options.countWaiting().catch(() => 0)
    const now = performance.now()
    const idleSince = options.idleSince()
    if (waiting === 0 || idleSince === null || now - startedAt > maxResponseMs)
      this.stuckSince = null
    else this.stuckSince = Math.max(this.stuckSince ?? now, idleSince)
    if (this.stuckSince !== null && now - this.stuckSince >= options.stuckAfterMs) options.onStuck()
    else this.timer.refresh()
  }
}

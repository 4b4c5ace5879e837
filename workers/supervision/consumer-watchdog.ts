/** Once Redis answers, looks are this quick; a slower one has waited for Redis to come back. */
const maxResponseMs = 1000

export interface WatchdogOptions {
  intervalMs: number
  /** For so long, jobs may wait beside free slots. */
  stuckAfterMs: number
  /** How many jobs wait, asked over a connection that is not the consumer's. */
  countWaiting(): Promise<number>
  /** null while no slot is free; else when, by `performance.now()`, a job was last taken. */
  idleSince(): number | null
  onStuck(): void
}

/**
 * BullMQ's consumers have fallen silent after outages of Redis, time and again, without a sign:
 * `isRunning()` stayed true (taskforcesh/bullmq #4585 and its kin). So we look at what counts: jobs
 * wait, Redis answers, a slot is free, and nobody takes them.
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

/**
 * Auto-reset event: a notification that is sent while nothing waits is remembered, so no wake-up is
 * lost.
 */
export class Signal {
  private notified = false
  private wake: (() => void) | null = null

  notify(): void {
    this.notified = true
    this.wake?.()
  }

  /** Waits for the next notification, or for `timeoutMs`. */
  async wait(timeoutMs?: number): Promise<void> {
    if (!this.notified) {
      await new Promise<void>(resolve => {
        const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.notified = false
    this.wake = null
  }
}

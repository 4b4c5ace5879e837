/** Rings are kept until somebody waits: none is lost between looking and waiting. */
export class Signal {
  private notified = false
  private wake: (() => void) | null = null

  notify(): void {
    this.notified = true
    this.wake?.()
  }

  /** Until the next ring, or for so long. */
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

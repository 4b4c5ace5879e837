/** Rings are kept until somebody waits: none is lost between looking and waiting. */
export class Bell {
  private rung = false
  private wake: (() => void) | null = null

  ring(): void {
    this.rung = true
    this.wake?.()
  }

  /** Until the next ring, or for so long. */
  async wait(longestMs?: number): Promise<void> {
    if (!this.rung) {
      await new Promise<void>(resolve => {
        const timer = longestMs === undefined ? undefined : setTimeout(resolve, longestMs)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.rung = false
    this.wake = null
  }
}

/** A time limit together with the signal of a caller. Not all browsers have `AbortSignal.any`. */
export class Deadline {
  private readonly controller = new AbortController()
  private readonly timer: ReturnType<typeof setTimeout> | undefined
  private readonly forward = () => this.controller.abort(this.parent?.reason)
  isOver = false

  constructor(
    private readonly parent: AbortSignal | undefined,
    timeoutMs: number,
  ) {
    if (parent?.aborted) this.forward()
    parent?.addEventListener('abort', this.forward, { once: true })
    // a longer timer would end at once
    if (timeoutMs < 2 ** 31) {
      this.timer = setTimeout(() => {
        this.isOver = true
        this.controller.abort()
      }, timeoutMs)
    }
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** Ends the time limit; the signal of the caller still counts. */
  lift(): void {
    clearTimeout(this.timer)
  }

  /** Listens to the caller no more: nothing goes on. A signal may live as long as a program, with many requests. */
  end(): void {
    this.lift()
    this.parent?.removeEventListener('abort', this.forward)
  }

  /** Ends what still goes on. */
  abort(): void {
    this.end()
    this.controller.abort()
  }
}

import type { FastifyReply } from 'fastify'

/** Answers that wait until something happens, or until their time is over. */
export class LongPolls {
  private readonly open = new Set<AbortController>()

  /** `closing` ends all waits on shutdown. */
  constructor(private readonly closing: AbortSignal) {
    closing.addEventListener('abort', () => {
      for (const controller of this.open) controller.abort()
    })
  }

  /**
   * Runs `wait` with a signal that aborts after `seconds`, on shutdown, or if the client disconnects. `wait`
   * then returns what there is.
   */
  async run<T>(
    { raw }: FastifyReply,
    seconds: number,
    wait: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController()
    const abort = () => controller.abort()
    this.open.add(controller)
    if (this.closing.aborted) abort()
    raw.once('close', abort)
    const timer = setTimeout(abort, seconds * 1000)
    try {
      return await wait(controller.signal)
    } finally {
      clearTimeout(timer)
      raw.off('close', abort)
      this.open.delete(controller)
    }
  }
}

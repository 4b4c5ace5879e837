import pLimit, { type LimitFunction } from 'p-limit'
import { tooManyUploads } from './errors.js'
import type { DatasetLimits } from './limits.js'

/** Lets few conversions run at the same time, since each takes a core and some memory. */
export class ConversionQueue {
  private readonly limit: LimitFunction

  constructor(private readonly limits: Pick<DatasetLimits, 'conversions' | 'waitingConversions'>) {
    this.limit = pLimit(limits.conversions)
  }

  /**
   * Runs work when few others run. Throws UPLOAD_BUSY if too many wait, and the reason of `signal` at once if it aborts
   * while the work waits.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { activeCount, pendingCount } = this.limit
    const { conversions, waitingConversions } = this.limits
    if (activeCount >= conversions && pendingCount >= waitingConversions)
      throw tooManyUploads(activeCount + pendingCount)
    return new Promise((resolve, reject) => {
      let isWaiting = true
      const onAbort = () => isWaiting && reject(signal!.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      const begin = async () => {
        isWaiting = false
        signal?.throwIfAborted()
        return work()
      }
      this.limit(begin)
        .then(resolve, reject)
        .finally(() => signal?.removeEventListener('abort', onAbort))
    })
  }
}

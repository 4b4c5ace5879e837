import { setTimeout as sleep } from 'node:timers/promises'
import { isPassing, toBucketError } from './bucket-errors.js'

/** How long a request is tried again: about a minute, in which a store restarts or a limit of requests passes. */
export const retryDelaysMs: readonly number[] = [100, 300, 1000, 3000, 8000, 16_000, 30_000]

/**
 * Tries a request again while its errors may pass, later and later, and at times that differ between processes.
 * `madeProgress` says that the last try got on, such as a download that was cut: then it counts anew.
 */
export async function withRetries<T>(
  place: string,
  delaysMs: readonly number[],
  request: () => Promise<T>,
  madeProgress: () => boolean = () => false,
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await request()
    } catch (error) {
      failures = madeProgress() ? 1 : failures + 1
      const delay = delaysMs[failures - 1]
      if (!isPassing(error) || delay === undefined) throw toBucketError(error, place)
      await sleep(delay * (0.5 + Math.random()))
    }
  }
}

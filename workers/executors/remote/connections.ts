import { once } from 'node:events'
import type { Redis, RedisOptions } from 'ioredis'
import { blockingOptions, failFastOptions } from '../../../src/jobs/queue/redis.js'

/** Without an answer for this long a connection is made anew; longer than a read of a list waits. */
const socketTimeout = 15_000

/** For what a `Link` writes: a frame that cannot be written now is sent again, so none waits in a queue. */
export const writerOptions: RedisOptions = { ...failFastOptions, socketTimeout }

/** For a `ListReader`. */
export const readerOptions: RedisOptions = { ...blockingOptions, socketTimeout }

/** Fails if there is no connection within the time. */
export async function waitUntilReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return
  const signal = AbortSignal.timeout(timeoutMs)
  await once(redis, 'ready', { signal }).catch(error => {
    if (!signal.aborted) throw error
    throw new Error(`no connection to Redis (REDIS_URL) within ${timeoutMs / 1000} s`)
  })
}

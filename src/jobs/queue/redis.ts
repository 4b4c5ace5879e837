import type { ConnectionOptions } from 'bullmq'
import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from '../../log.js'

/** Where Redis is, and the prefix under which all of this server's keys are. */
export interface RedisConfig {
  connection: RedisOptions
  prefix: string
}

/** Names of keys and channels. The braces keep them in one slot of a Redis cluster. */
export const redisNames = (prefix: string) => ({
  bullmq: `{${prefix}}`,
  queue: 'train',
  /** Sorted set of all job ids; equal scores, so ids sort by their time of creation. */
  jobs: `{${prefix}}:jobs`,
  /** The same of the jobs with a tag, such as `status:queued` or `label:team:vision`. */
  tagged: (tag: string) => `{${prefix}}:tagged:${tag}`,
  /** Sorted set of all names that jobs ever bore. */
  jobNames: `{${prefix}}:job-names`,
  /** Hash of what the index knows of each job, by its id. */
  entries: `{${prefix}}:entries`,
  /** Hash of each job's `version:status`, by its id. */
  states: `{${prefix}}:states`,
  /** There as long as the index has all jobs of the store. */
  complete: `{${prefix}}:complete`,
  live: (id: string) => `{${prefix}}:live:${id}`,
  events: (id: string) => `{${prefix}}:events:${id}`,
  allEvents: `{${prefix}}:events:*`,
})

/** For requests of clients: fails at once where Redis is away, never hangs. */
export const failFastOptions: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 2000,
  connectTimeout: 2000,
  retryStrategy: tries => Math.min(100 * tries, 1000),
}

/** For workers and followers: waits until Redis is back. */
export const blockingOptions: RedisOptions = {
  maxRetriesPerRequest: null,
  retryStrategy: tries => Math.min(200 * tries, 1000),
}

export function connect(
  config: RedisConfig,
  options: RedisOptions,
  onError: (error: Error) => void,
) {
  const redis = new Redis({ ...config.connection, ...options } as RedisOptions & {
    replyMapping?: 'legacy'
  })
  redis.on('error', onError)
  return redis
}

/** BullMQ's types know fewer options than ioredis takes. */
export const bullConnection = (config: RedisConfig, options: RedisOptions): ConnectionOptions => ({
  ...(config.connection as ConnectionOptions & object),
  ...(options as object),
})

/** How many ids Redis is asked about in one command. */
const batchSize = 1000

/** Those of the ids that a sorted set lacks. */
export async function missingFromSortedSet(
  redis: Redis,
  key: string,
  ids: readonly string[],
): Promise<string[]> {
  const found: string[] = []
  for (let from = 0; from < ids.length; from += batchSize) {
    const batch = ids.slice(from, from + batchSize)
    const scores = await redis.zmscore(key, ...batch)
    found.push(...batch.filter((_, i) => scores[i] === null))
  }
  return found
}

/** Logs each Redis connection error once, not on every attempt to reconnect. */
export function logConnectionErrors(log: Pick<Logger, 'warn'>): (error: Error) => void {
  let last = ''
  return ({ message }) => {
    if (message !== last) log.warn({ reason: message }, 'Redis connection error')
    last = message
  }
}

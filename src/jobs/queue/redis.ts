import type { ConnectionOptions } from 'bullmq'
import { type ChainableCommander, Redis, type RedisOptions } from 'ioredis'
import { TrainyardError } from '../../errors.js'
import type { Logger } from '../../log.js'
import { clusterReason, isRedisCluster } from '../../spec/redis-cluster.js'

/** The Redis connection and the prefix of all keys of this server. */
export interface RedisConfig {
  connection: RedisOptions
  prefix: string
}

/** Names of keys and channels. The braces (hash tags) keep them in one slot of a Redis cluster. */
export const redisNames = (prefix: string) => ({
  bullmq: `{${prefix}}`,
  queue: 'train',
  /** Hash of the names of further queues to what the jobs in them need (JSON). */
  needs: `{${prefix}}:needs`,
  /** Channel on which the queue is named that a job was added to. */
  queuedChannel: `{${prefix}}:queued`,
  /**
   * Sorted set of all job ids. All scores are 0, so the ids, which are ULIDs, sort by creation
   * time.
   */
  jobs: `{${prefix}}:listed-jobs`,
  /** Sorted set of the ids of jobs with a tag such as `status:queued` or `label:team:vision`. */
  tagged: (tag: string) => `{${prefix}}:tagged:${tag}`,
  /** Sorted set of all job names, past and present. */
  jobNames: `{${prefix}}:job-names`,
  /** Hash of job id to `revision:JobDocument`. */
  documents: `{${prefix}}:job-documents`,
  /** Hash of job id to `version:status:JobState`. */
  states: `{${prefix}}:job-states`,
  /** Hash of job id to a digest of both, by which a reader knows whether it has read them before. */
  digests: `{${prefix}}:job-digests`,
  /** Exists if the index has all jobs of the store. */
  complete: `{${prefix}}:listed-jobs-complete`,
  /** What older versions wrote: their entries lack some of what lists show and sort by, or have no digests. */
  oldIndex: [
    ...['jobs', 'entries', 'complete', 'indexed-jobs', 'index-complete'],
    ...['job-ids', 'job-ids-complete', 'documents', 'states'],
  ].map(name => `{${prefix}}:${name}`),
  /** Stream of all changes, and a random name of this incarnation of it (see `ChangeLog`). */
  changes: `{${prefix}}:changes`,
  changesEpoch: `{${prefix}}:changes-epoch`,
  /** Hash of job id to what the log has told of it: `version:transitions:revision:name`. */
  toldJobs: `{${prefix}}:told-jobs`,
  /** Hash of model to the number of the last change of its aliases that the log has told. */
  toldModels: `{${prefix}}:told-models`,
  /** Channel on which each change is announced. */
  changesChannel: `{${prefix}}:changes-appended`,
  /** Hash of the data sets, models or weights that exist to what their changes say. */
  resources: (kind: string) => `{${prefix}}:resources:${kind}`,
  /** Exists if these hashes have all things of the store. */
  resourcesComplete: `{${prefix}}:resources-complete`,
  live: (id: string) => `{${prefix}}:live:${id}`,
  /** Why a worker that has taken the job does not start it. */
  hold: (id: string) => `{${prefix}}:hold:${id}`,
  /** Set of the ids of workers that have reported. */
  workers: `{${prefix}}:workers`,
  /** The last report of a worker (JSON); expires. */
  worker: (id: string) => `{${prefix}}:worker:${id}`,
  /** What a worker is asked to do: `move`, `finish` or `resume`; expires. */
  workerOrder: (id: string) => `{${prefix}}:worker-order:${id}`,
  /** Hash of counted ends of attempts and jobs. */
  totals: `{${prefix}}:totals`,
  events: (id: string) => `{${prefix}}:events:${id}`,
  allEvents: `{${prefix}}:events:*`,
})

/** After a failover, the connection may be to what is a replica now. `2`: connect again, and send the command again. */
const reconnectOnError = (error: Error) => (error.message.startsWith('READONLY') ? 2 : false)

/** For client requests: commands fail at once if Redis is away. */
export const failFastOptions: RedisOptions = {
  reconnectOnError,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 2000,
  connectTimeout: 2000,
  retryStrategy: tries => Math.min(100 * tries, 1000),
}

/** For workers and subscribers: commands wait until Redis is back. */
export const blockingOptions: RedisOptions = {
  reconnectOnError,
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

/** Throws REDIS_UNUSABLE for a cluster, as soon as it answers. One that does not allow INFO is taken for none. */
export async function refuseCluster(redis: Redis): Promise<void> {
  const info = await redis.info().catch(() => '')
  if (!isRedisCluster(info)) return
  throw new TrainyardError('REDIS_UNUSABLE', `cannot use the Redis of REDIS_URL: ${clusterReason}`)
}

/** The answers to a pipeline. Throws the first error: a Redis may refuse one command (a full disk) and answer others. */
export async function answersOf(pipeline: ChainableCommander): Promise<unknown[]> {
  return ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error) throw error
    return value
  })
}

/** BullMQ's types list fewer options than ioredis accepts. */
export const bullConnection = (config: RedisConfig, options: RedisOptions): ConnectionOptions => ({
  ...(config.connection as ConnectionOptions & object),
  ...(options as object),
})

/** Ids in one ZMSCORE command. */
const batchSize = 1000

/** Returns those of the ids that are not members of the sorted set. */
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
    if (message !== last)
      log.warn({ reason: message }, 'no connection to Redis (REDIS_URL); trying again')
    last = message
  }
}

// The Redis of REDIS_URL, which somebody else runs.
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import { TrainyardError } from '../errors.js'
import { clusterReason, isRedisCluster } from '../spec/redis-cluster.js'

const answerTimeoutMs = 5000
/** A Redis that is just starting, perhaps on another host, answers within this time. */
const defaultWaitMs = 5000

/** The messages of a Redis, or of a host, that may be about to start. */
const starting = /ECONNREFUSED|EAI_AGAIN|ENOENT|^LOADING/

/**
 * Checks that Redis answers, accepts user and password, is new enough, and takes writes. Throws REDIS_UNUSABLE
 * with the address and the reason. For the first start only: later, the server waits for a Redis that is away.
 */
export async function assertRedisUsable(
  options: RedisOptions,
  prefix: string,
  waitMs = defaultWaitMs,
): Promise<void> {
  for (const since = Date.now(); ; await sleep(200)) {
    const reason = await findReason(options, prefix)
    if (reason === null) return
    if (starting.test(reason) && Date.now() - since < waitMs) continue
    throw new TrainyardError(
      'REDIS_UNUSABLE',
      `cannot use the Redis of REDIS_URL at ${addressOf(options)}: ${reason}; start it or correct REDIS_URL; without REDIS_URL, npm start runs its own Redis`,
    )
  }
}

/** Why the Redis cannot be used, in Redis's words or the system's; null if it can. */
async function findReason(options: RedisOptions, prefix: string): Promise<string | null> {
  const redis = new Redis({
    ...options,
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    connectTimeout: answerTimeoutMs,
    commandTimeout: answerTimeoutMs,
    retryStrategy: () => null,
  } as RedisOptions & { replyMapping?: 'legacy' })
  // connect() rejects with less than this
  let reason: string | null = null
  redis.on('error', error => {
    reason ??= reasonOf(error)
  })
  try {
    await redis.connect()
    const info = await redis.info('server')
    const [, version, major, minor] = /^redis_version:((\d+)\.(\d+)\S*)/m.exec(info) ?? []
    if (version && Number(major) + Number(minor) / 100 < 6.02) {
      return `its version is ${version}, expected 6.2 or newer`
    }
    if (isRedisCluster(info)) return clusterReason
    await redis.set(`{${prefix}}:start`, '', 'EX', 1)
    return reason
  } catch (error) {
    return reason ?? reasonOf(error as Error)
  } finally {
    redis.disconnect()
  }
}

function reasonOf(error: Error & { code?: string }): string {
  if (error.code === 'ENOTFOUND') return 'there is no such host (ENOTFOUND)'
  if (error.message === 'Command timed out') return `no answer for ${answerTimeoutMs / 1000} s`
  if (/RESP type|Protocol error/.test(error.message)) return 'what answers there is no Redis'
  if (error.message === 'Connection is closed.') return 'it closed the connection'
  // a host with several addresses has an error for each, and no message
  return error.message || String(error.code)
}

/** Without user and password. */
function addressOf({ path, host, port, tls, db, sentinels, name }: RedisOptions): string {
  if (path) return `unix://${path}`
  if (sentinels) {
    const nodes = sentinels.map(({ host, port }) => `${host}:${port}`).join(', ')
    return `${tls ? 'rediss' : 'redis'}://${name}, of the Sentinels ${nodes}`
  }
  return `${tls ? 'rediss' : 'redis'}://${host}:${port}${db ? `/${db}` : ''}`
}

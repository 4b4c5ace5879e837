import { type Check, failed, ok } from './check.js'

const timeoutMs = 5000
const cure = 'start that Redis or correct REDIS_URL; without it, the server runs a Redis of its own'

/** The Redis of REDIS_URL. No message shows the URL, which may have a password. */
export async function checkExternalRedis(url: string | undefined): Promise<Check[]> {
  if (!url) return []
  if (!/^(rediss?|unix):/.test(url)) {
    return [failed('redis', 'REDIS_URL is no redis://, rediss:// or unix:// URL', cure)]
  }
  const { Redis } = await import('ioredis')
  const redis = new Redis(url.replace(/^unix:\/\/localhost(?=\/)/, ''), {
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    retryStrategy: () => null,
  })
  let reason: string | undefined
  redis.on('error', (error: Error) => {
    reason ??= error.message
  })
  try {
    await redis.connect()
    const version = /^redis_version:((\d+)\.(\d+)\S*)/m.exec(await redis.info('server'))
    const [, name, major, minor] = version ?? []
    const isOld = name !== undefined && Number(major) + Number(minor) / 100 < 6.02
    return isOld
      ? [failed('redis', `the Redis of REDIS_URL is ${name}, older than 6.2`, 'upgrade it')]
      : [ok('redis', `the Redis of REDIS_URL answers, version ${name ?? 'unknown'}`)]
  } catch (error) {
    const why = reason ?? (error as Error).message
    return [failed('redis', `the Redis of REDIS_URL does not answer: ${why}`, cure)]
  } finally {
    redis.disconnect()
  }
}

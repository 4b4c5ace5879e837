import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Redis, type RedisOptions } from 'ioredis'
import { readConfig } from '../../src/config.js'
import { openRedis } from '../../src/supervisor/embedded-redis.js'
import { tempFolder } from '../../testing/temp-folder.js'

function client(t: TestContext, options: object): Redis {
  const redis = new Redis(options as RedisOptions & { replyMapping?: 'legacy' })
  // errors show in the commands of the test
  redis.on('error', () => {})
  t.after(() => redis.disconnect())
  return redis
}

const addressOf = (url: string) => readConfig({ REDIS_URL: url }).redis!

test('Redis is adopted by the next start, keeps its data, and requires its password', async t => {
  const folder = await tempFolder(t)
  const first = await openRedis(folder)
  t.after(() => first.stop().catch(() => {}))
  assert.equal(first.adopted, false)
  const second = await openRedis(folder)
  assert.deepEqual([second.adopted, second.pid], [true, first.pid])

  const address = addressOf(first.url)
  const redis = client(t, address)
  await redis.set('kept', 'yes')
  // a script, as BullMQ uses: its writes are one transaction in Redis's append-only file
  const script = "redis.call('SET', KEYS[1], 'a'); redis.call('SET', KEYS[2], 'b')"
  await redis.eval(script, 2, 'first', 'second')
  await assert.rejects(redis.config('GET', 'dir'), /NOPERM/)
  const stranger = client(t, { path: address.path, enableReadyCheck: false })
  await assert.rejects(stranger.get('kept'), /NOAUTH/)
  assert.equal((await stat(join(folder, 'redis', 'secret'))).mode & 0o77, 0)
  assert.equal((await stat(address.path!)).mode & 0o77, 0)
  assert.match(await readFile(join(folder, 'redis', 'redis.conf'), 'utf8'), /^port 0$/m)

  await second.stop()
  const third = await openRedis(folder)
  t.after(() => third.stop())
  assert.equal(third.adopted, false)
  const kept = await client(t, addressOf(third.url)).mget('kept', 'first', 'second')
  assert.deepEqual(kept, ['yes', 'a', 'b'])
})

test('Redis is restarted after it dies', async t => {
  const folder = await tempFolder(t)
  const redis = await openRedis(folder)
  t.after(() => redis.stop())
  const { pid } = redis
  const restarted = new Promise<Error | null>(resolve => redis.restartOnExit(resolve))
  process.kill(pid, 'SIGKILL')
  assert.equal(await restarted, null)
  assert.notEqual(redis.pid, pid)
  assert.equal(await client(t, addressOf(redis.url)).ping(), 'PONG')
})

import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import { readConfig } from '../../src/config.js'
import { isAlive, readStat } from '../../src/processes.js'
import { EmbeddedRedis } from '../../src/supervisor/embedded-redis.js'
import { eventually } from '../../testing/eventually.js'
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
  const first = await EmbeddedRedis.open(folder)
  t.after(() => first.stop().catch(() => {}))
  assert.equal(first.adopted, false)
  const second = await EmbeddedRedis.open(folder)
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
  const third = await EmbeddedRedis.open(folder)
  t.after(() => third.stop())
  assert.equal(third.adopted, false)
  const kept = await client(t, addressOf(third.url)).mget('kept', 'first', 'second')
  assert.deepEqual(kept, ['yes', 'a', 'b'])
})

/** What an operator may do to a running Redis. */
const faults: Record<string, (redis: EmbeddedRedis, folder: string) => Promise<unknown>> = {
  'is killed': async ({ pid }) => process.kill(pid, 'SIGKILL'),
  'is stopped': async ({ pid }) => process.kill(pid, 'SIGSTOP'),
  'loses its folder and is killed': async ({ pid }, folder) => {
    await rm(join(folder, 'redis'), { recursive: true })
    process.kill(pid, 'SIGKILL')
  },
  'loses its folder': (_redis, folder) => rm(join(folder, 'redis'), { recursive: true }),
  'loses its secret': (_redis, folder) => rm(join(folder, 'redis', 'secret')),
  'loses its append-only files': (_redis, folder) =>
    rm(join(folder, 'redis', 'appendonlydir'), { recursive: true, force: true }),
  'loses its socket': redis => rm(addressOf(redis.url).path!),
  'loses the folder of its socket': redis =>
    rm(dirname(addressOf(redis.url).path!), { recursive: true }),
  'has a damaged append-only file and is killed': async ({ pid }, folder) => {
    await damage(folder)
    process.kill(pid, 'SIGKILL')
  },
}

async function damage(folder: string): Promise<void> {
  const redisFolder = join(folder, 'redis')
  const names = await readdir(redisFolder, { recursive: true })
  for (const name of names.filter(name => /\.(aof|rdb)$/.test(name))) {
    await writeFile(join(redisFolder, name), 'not a Redis file\n'.repeat(10))
  }
}

for (const [what, inject] of Object.entries(faults)) {
  test(`a Redis that ${what} starts again, and its clients reconnect with the same password`, async t => {
    const folder = await tempFolder(t)
    const lines: string[] = []
    const redis = await EmbeddedRedis.open(folder, line => lines.push(line))
    t.after(() => redis.stop())
    redis.keepRunning()
    const before = client(t, addressOf(redis.url))
    await before.set('key', 'value')
    const { pid } = redis
    const since = performance.now()
    await inject(redis, folder)
    await eventually('a new Redis', () => redis.pid !== pid)
    await eventually(
      'the client to reconnect',
      async () => (await before.ping().catch(() => '')) === 'PONG',
    )
    t.diagnostic(`serves again after ${Math.round(performance.now() - since)} ms`)
    assert.equal(await client(t, addressOf(redis.url)).ping(), 'PONG')
    assert.match(lines.join('\n'), /^Redis was started again: .*$/m)
    if (what.includes('damaged'))
      assert.match(lines.join('\n'), /were moved to .*damaged: redis-server did not start/)
    // nothing is left to mend
    const healed = redis.pid
    await sleep(1500)
    assert.equal(redis.pid, healed)
  })
}

test('a Redis that the next start cannot reach is ended, so that two never share their files', async t => {
  const folder = await tempFolder(t)
  const first = await EmbeddedRedis.open(folder)
  t.after(() => first.stop())
  await rm(join(folder, 'redis', 'secret'))
  const second = await EmbeddedRedis.open(folder)
  t.after(() => second.stop())
  assert.equal(second.adopted, false)
  assert.equal(isAlive(readStat(first.pid)), false)
  assert.equal(await client(t, addressOf(second.url)).ping(), 'PONG')
})

test('a start does not touch the data if Redis cannot run anyway', async t => {
  const folder = await tempFolder(t)
  const first = await EmbeddedRedis.open(folder)
  await client(t, addressOf(first.url)).set('kept', 'yes')
  await first.stop()
  const lines: string[] = []
  const { path } = addressOf(first.url)
  // Redis cannot make its socket there
  await mkdir(path!)
  await writeFile(join(path!, 'file'), '')
  await assert.rejects(
    EmbeddedRedis.open(folder, line => lines.push(line)),
    /redis-server did not start/,
  )
  await rm(path!, { recursive: true })
  assert.deepEqual(lines, [])
  const second = await EmbeddedRedis.open(folder)
  t.after(() => second.stop())
  assert.equal(await client(t, addressOf(second.url)).get('kept'), 'yes')
})

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { assertRedisUsable } from '../../src/supervisor/external-redis.js'
import { startRedis } from '../../testing/redis.js'
import { tempFolder } from '../../testing/temp-folder.js'

const check = (options: object, waitMs = 0) =>
  assertRedisUsable(options, 'trainyard', waitMs).then(
    () => null,
    error => {
      assert.equal(error.code, 'REDIS_UNUSABLE')
      assert.doesNotMatch(error.message, /\n|secret/)
      return error.message as string
    },
  )

test('a Redis that takes writes is usable; what is wrong with another is said in its own words', async t => {
  const redis = await startRedis(await tempFolder(t))
  t.after(() => redis.stop())
  const { path } = redis.connection
  assert.equal(await check({ path }), null)
  assert.match((await check({ path, db: 99 }))!, /^cannot use the Redis of REDIS_URL at .*DB index/)
  assert.match((await check({ path, username: 'me', password: 'secret' }))!, /WRONGPASS/)

  const admin = new Redis({ path })
  t.after(() => admin.disconnect())
  await admin.acl('SETUSER', 'reader', 'on', '>secret', '~*', '+@read', '+info')
  assert.match((await check({ path, username: 'reader', password: 'secret' }))!, /NOPERM/)
  await admin.replicaof('127.0.0.1', 1)
  assert.match((await check({ path }))!, /READONLY/)
  await admin.replicaof('NO', 'ONE')
  await admin.config('SET', 'requirepass', 'secret')
  assert.match((await check({ path }))!, /NOAUTH/)
  assert.match((await check({ path, password: 'wrong' }))!, /WRONGPASS/)
  assert.equal(await check({ path, password: 'secret' }), null)

  await redis.stop()
  assert.match((await check({ path }))!, new RegExp(`at unix://${path}: .*ENOENT`))
  // it starts meanwhile
  const waiting = check({ path }, 30_000)
  await redis.start()
  assert.equal(await waiting, null)
})

test('an address without Redis is named, without the password', async t => {
  const web = createServer((_, response) => response.end('hello'))
  const closing = createTcpServer(socket => socket.destroy())
  const cases = [
    [web, /what answers there is no Redis/],
    [closing, /closed the connection|ECONNRESET|EPIPE/],
  ] as const
  for (const [server, expected] of cases) {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const message = await check({ host: '127.0.0.1', port, password: 'secret' })
    assert.match(message!, expected)
    assert.ok(message!.includes(`at redis://127.0.0.1:${port}: `), message!)
  }
  const refused = await check({ host: '127.0.0.1', port: 1, db: 2, tls: {} })
  assert.match(refused!, /at rediss:\/\/127\.0\.0\.1:1\/2: .*ECONNREFUSED/)
})

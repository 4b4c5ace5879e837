import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import supertest from 'supertest'
import { eventually } from '../../../testing/eventually.js'
import { startServer } from '../../../testing/test-server.js'

test('the server is alive at once, and ready after Redis and the predictor answer', async t => {
  const server = await startServer()
  t.after(() => server.close())
  const api = supertest(server.url)
  assert.deepEqual((await api.get('/healthz')).body, { status: 'ok' })
  await eventually('the server to be ready', async () => (await api.get('/readyz')).status === 200)

  await server.deps.predictor.close()
  const answer = await api.get('/readyz')
  assert.equal(answer.status, 503)
  assert.equal(answer.body.code, 'NOT_READY')
  assert.match(answer.body.detail, /the predictor/)
  assert.ok(answer.headers['retry-after'])
  assert.equal((await api.get('/healthz')).status, 200)
})

test('without Redis the server stays alive, says what is missing, and recovers', async t => {
  const server = await startServer()
  t.after(() => server.close())
  const api = supertest(server.url)
  await server.redis.stop()
  const answer = await api.get('/readyz')
  assert.equal(answer.status, 503)
  assert.match(answer.body.detail, /Redis/)
  assert.equal((await api.get('/healthz')).status, 200)
  assert.equal((await server.api.get('/datasets')).status, 200)
  const jobs = await server.api.get('/jobs')
  assert.deepEqual([jobs.status, jobs.body.code], [503, 'QUEUE_UNAVAILABLE'])
  await server.redis.start()
  await eventually('the server to be ready', async () => (await api.get('/readyz')).status === 200)
  assert.equal((await server.api.get('/jobs')).status, 200)
})

test('a client that is closed while Redis is down does not reconnect', async t => {
  const server = await startServer()
  t.after(() => server.close())
  await server.redis.stop()
  await server.deps.jobs.close()
  await server.redis.start()
  // time itself is the condition: a client that was not closed would reconnect within a second
  await sleep(1500)
  const redis = new Redis(server.redis.connection)
  t.after(() => redis.disconnect())
  const clients = String(await redis.client('LIST'))
    .trim()
    .split('\n')
  assert.equal(clients.length, 1, clients.join('\n'))
})

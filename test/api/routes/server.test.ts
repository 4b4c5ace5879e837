import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import supertest from 'supertest'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { WorkerReports } from '../../../src/jobs/queue/worker-reports.js'
import { eventually } from '../../../testing/eventually.js'
import { startServer } from '../../../testing/test-server.js'
import { workerReport } from '../../../testing/worker-report.js'

test('the server is alive at once, ready after Redis and the predictor answer, and says if no worker is', async t => {
  const server = await startServer()
  t.after(() => server.close())
  const api = supertest(server.url)
  assert.deepEqual((await api.get('/healthz')).body, { status: 'ok' })
  await eventually('the server to be ready', async () => (await api.get('/readyz')).status === 200)

  const { status, checks } = (await api.get('/readyz')).body
  assert.equal(status, 'degraded')
  assert.deepEqual(
    checks.map((check: { name: string; status: string }) => `${check.name} ${check.status}`),
    ['disk ok', 'redis ok', 'predictor ok', 'worker warning'],
  )
  const withWorker = await api.get('/readyz?require=worker')
  assert.deepEqual([withWorker.status, withWorker.body.code], [503, 'NOT_READY'])
  assert.match(withWorker.body.detail, /no worker is alive: `npm start` runs one/)

  const redis = connect(server.redis, blockingOptions, () => {})
  t.after(() => redis.disconnect())
  await new WorkerReports(redis, server.redis.prefix).publish(workerReport())
  await eventually(
    'the worker to be seen',
    async () => (await api.get('/readyz?require=worker')).body.status === 'ok',
  )
  assert.deepEqual((await server.api.get('/workers')).body, { items: [workerReport()] })
  assert.equal((await api.get('/workers')).status, 401)

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
  assert.equal((await server.api.get('/workers')).body.code, 'QUEUE_UNAVAILABLE')
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
  await server.deps.changes.close()
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

import assert from 'node:assert/strict'
import { test } from 'node:test'
import supertest from 'supertest'
import { defaultLimits } from '../../../src/api/http/limits.js'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { WorkerReports } from '../../../src/jobs/queue/worker-reports.js'
import { version } from '../../../src/version.js'
import { eventually } from '../../../testing/eventually.js'
import { smallJob, startServer, uploadDataset } from '../../../testing/test-server.js'
import { workerReport } from '../../../testing/worker-report.js'

test('one answer has what the server is, has and takes, and no secret and no path', async t => {
  const server = await startServer()
  t.after(() => server.close())
  await uploadDataset(server)
  await server.api.post('/jobs').send(smallJob)
  const redis = connect(server.redis, blockingOptions, () => {})
  t.after(() => redis.disconnect())
  const report = workerReport()
  await new WorkerReports(redis, server.redis.prefix).publish(report)

  const measured = async () => {
    const { body } = await server.api.get('/server')
    return body.data.usedBytes !== null && body.slots.workers === 1 && body
  }
  const body = await eventually('the data folder to be measured', measured)
  assert.equal(body.version, version)
  assert.equal(body.node, process.version)
  assert.ok(Date.parse(body.startedAt) <= Date.now())
  assert.deepEqual(body.problems, [])
  assert.equal(body.checks.length, 4)
  assert.deepEqual(Object.keys(body.engines), ['kind', 'tensorflow', 'xgboost', 'openvino'])
  assert.match(body.engines.xgboost, /^\d+\.\d+\.\d+$/)
  assert.ok(body.data.freeBytes > 0 && body.data.freeBytes <= body.data.totalBytes)
  assert.ok(body.data.usedBytes.datasets > 0)
  assert.match(body.redis.version, /^\d+\./)
  assert.equal(body.redis.appendOnly, false)
  assert.ok(body.redis.usedBytes > 0 && body.redis.pingSeconds < 2)
  assert.deepEqual([body.jobs.queued, body.jobs.running, body.jobs.waiting], [1, 0, 1])
  const busy = report.slots.filter(({ job }) => job !== null).length
  assert.deepEqual(body.slots, { workers: 1, total: report.slots.length, busy })
  assert.equal(body.limits.uploadFileBytes, defaultLimits.uploadFileBytes)
  assert.equal(body.keys.length, 1)
  assert.match(body.keys[0].name, /^key-[0-9a-f]{8}$/)
  assert.ok(Date.parse(body.keys[0].createdAt) <= Date.now())
  assert.equal(body.keys[0].current, true)

  const text = JSON.stringify(body)
  for (const secret of [server.key, server.folder]) assert.ok(!text.includes(secret), secret)
  assert.equal((await supertest(server.url).get('/server')).status, 401)
})

test('without Redis the answer says what cannot be read, and has the rest', async t => {
  const server = await startServer()
  t.after(() => server.close())
  await server.redis.stop()
  const { status, body } = await server.api.get('/server')
  assert.equal(status, 200, JSON.stringify(body))
  assert.deepEqual([body.redis, body.jobs, body.slots], [null, null, null])
  const parts = body.problems.map(({ part }: { part: string }) => part).sort()
  assert.deepEqual(parts, ['jobs', 'redis', 'slots'])
  assert.match(body.problems[0].message, /Redis does not answer/)
  assert.ok(body.data.freeBytes > 0)
  assert.equal(body.keys.length, 1)
})

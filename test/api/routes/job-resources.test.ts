import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ResourceLog } from '../../../src/jobs/telemetry/resource-log.js'
import { resourceSample } from '../../../testing/resource-sample.js'
import { startServer, type TestServer, uploadDataset } from '../../../testing/test-server.js'
import { endJob, runningJob } from '../attempts.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
})
after(() => server.close())

test('a chart has the columns of what was measured, and later only what is new', async () => {
  const id = await runningJob(server)
  const log = new ResourceLog(server.store)
  for (const at of [5, 10, 15]) await log.append(id, 1, resourceSample(at))
  const { status, body } = await server.api.get(`/jobs/${id}/resources`)
  assert.equal(status, 200)
  assert.deepEqual(body.columns.step, [5, 10, 15])
  assert.deepEqual(body.columns.gpuUtilization, [null, null, null])
  assert.equal(body.measurements, 3)
  for (const column of Object.values<unknown[]>(body.columns)) assert.equal(column.length, 3)

  await log.append(id, 1, resourceSample(20))
  const newer = await server.api
    .get(`/jobs/${id}/resources`)
    .query({ after: body.columns.time.at(-1), maxPoints: 10 })
  assert.deepEqual(newer.body.columns.step, [20])
})

test('a queued job has no points, and what is wrong is refused', async () => {
  const { body } = await server.api
    .post('/jobs')
    .send({ model: { kind: 'resnet' }, dataset: 'shades' })
  const queued = await server.api.get(`/jobs/${body.id}/resources`)
  assert.deepEqual([queued.status, queued.body.columns.time], [200, []])
  const unknown = await server.api.get('/jobs/job-00000000000000000000000000/resources')
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'JOB_NOT_FOUND'])
  for (const query of [
    'maxPoints=9',
    'maxPoints=5001',
    'after=yesterday',
    'before=2026-02-30',
    'x=1',
  ]) {
    const answer = await server.api.get(`/jobs/${body.id}/resources?${query}`)
    assert.deepEqual([answer.status, answer.body.code], [400, 'INVALID_REQUEST'], query)
  }
})

test('the samples go with their job', async () => {
  const id = await runningJob(server)
  await new ResourceLog(server.store).append(id, 1, resourceSample(5))
  await endJob(server, id)
  assert.equal((await server.api.delete(`/jobs/${id}`)).status, 204)
  assert.equal((await server.api.get(`/jobs/${id}/resources`)).status, 404)
  assert.equal(await server.store.bytesBelow(`jobs/${id}`), 0)
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { JobRecords } from '../../../src/jobs/record/records.js'
import type { Job } from '../../../src/spec/job.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { endJob, startJob } from '../attempts.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
  const rows = Array.from({ length: 8 }, (_, i) => `${i},${2 * i}`).join('\n')
  const csv = `x,y\n${rows}\n`
  const answer = await server.api
    .post('/datasets')
    .field('name', 'rows')
    .attach('file', Buffer.from(csv), 'rows.csv')
  assert.equal(answer.status, 201, answer.text)
})
after(() => server.close())

async function submit(request: object): Promise<Job> {
  const answer = await server.api.post('/jobs').send(request)
  assert.equal(answer.status, 202, answer.text)
  return answer.body
}

const sharded = (more: object = {}) =>
  submit({ ...smallJob, training: { ...smallJob.training, batchSize: 4, shards: 2 }, ...more })

const trees = (resources: object) =>
  submit({
    dataset: 'rows',
    model: { kind: 'boosting', rounds: 2 },
    training: { target: 'y', validation: 0.25 },
    resources,
  })

async function change(id: string, resources: object | null): Promise<Job> {
  const answer = await server.api.patch(`/jobs/${id}`).send({ resources })
  assert.equal(answer.status, 200, answer.text)
  return answer.body
}

async function refusal(id: string, resources: object) {
  const { status, body } = await server.api.patch(`/jobs/${id}`).send({ resources })
  return { status, code: body.code, detail: String(body.detail) }
}

const get = async (id: string): Promise<Job> => (await server.api.get(`/jobs/${id}`)).body

test('resources are merged, null takes one away, and a queued job moves to the queue of its needs', async () => {
  const { id, request } = await sharded({ resources: { labels: ['ssd'] } })
  const other = await sharded({ resources: { labels: ['zone=a'] } })
  assert.equal((await get(id)).queue?.position, 1)
  const changed = await change(id, { labels: ['zone=a'], workers: 2 })
  assert.deepEqual(changed.resources, { labels: ['zone=a'], workers: 2 })
  assert.deepEqual(changed.request, request)
  const alike = await change(other.id, { devices: 1, workers: 2 })
  // the same needs, and it was submitted later
  assert.deepEqual([(await get(id)).queue?.position, alike.queue?.position], [1, 2])
  assert.deepEqual((await change(id, { labels: null, workers: null })).resources, null)
  assert.equal((await get(other.id)).queue?.position, 1)
  assert.deepEqual((await change(id, { devices: 2, gpus: 2 })).notes, [])
  const idle = (await change(id, { gpus: 4 })).notes.map(({ code }) => code)
  assert.deepEqual(idle, ['gpus_idle'])
  assert.deepEqual((await change(id, null)).notes, [])
})

test('what does not fit the plan of a network is refused with what fits', async () => {
  const { id } = await sharded()
  const workers = await refusal(id, { workers: 3 })
  assert.deepEqual([workers.status, workers.code], [422, 'INVALID_JOB'])
  assert.match(
    workers.detail,
    /2 shards cannot be added up in one order by 3 workers; take workers and devices whose product is 1 or 2; training\.shards stays as it was planned/,
  )
  assert.match((await refusal(id, { devices: 4 })).detail, /take 1 or 2 devices; training\.shards/)
  assert.equal((await refusal(id, { workers: 0 })).status, 400)
  assert.equal((await refusal(id, { nodes: 2 })).status, 400)
  assert.equal((await get(id)).resources, null)
})

test('resources of a job that runs or has succeeded are refused; of one that failed, they are for its retry', async () => {
  const { id } = await sharded()
  await startJob(server, id)
  const running = await refusal(id, { workers: 2 })
  assert.deepEqual([running.status, running.code], [409, 'JOB_ACTIVE'])
  assert.match(running.detail, /is running, and an attempt keeps the resources.*: pause it first/)
  // it asks for what it has
  assert.equal((await change(id, { workers: null })).status, 'running')
  await server.api.post(`/jobs/${id}/cancel`)
  const cancelling = await refusal(id, { workers: 2 })
  assert.match(cancelling.detail, /change them once it has ended, and retry it/)
  await endJob(server, id)
  const ended = await refusal(id, { workers: 2 })
  assert.deepEqual([ended.status, ended.code], [409, 'JOB_ENDED'])

  const again = await sharded()
  await server.api.post(`/jobs/${again.id}/cancel`)
  assert.equal((await change(again.id, { memoryBytes: 2 ** 33 })).status, 'cancelled')
  await server.api.post(`/jobs/${again.id}/retry`)
  assert.deepEqual((await get(again.id)).resources, { memoryBytes: 2 ** 33 })
})

test('trees get another number of workers until they have begun to grow', async () => {
  const { id, memory } = await trees({ workers: 2 })
  assert.match((await refusal(id, { workers: 3 })).detail, /there are 2 rows to validate on/)
  assert.match((await refusal(id, { devices: 2 })).detail, /only networks are trained on several/)
  const one = await change(id, { workers: 1 })
  assert.ok(one.memory!.totalBytes < memory!.totalBytes, 'the estimate is of one worker')
  await startJob(server, id)
  await server.api.post(`/jobs/${id}/pause`)
  const records = new JobRecords(server.store)
  await records.apply(id, { event: 'stop', at: new Date().toISOString(), attempt: 1 })
  const { code, detail } = await refusal(id, { workers: 2 })
  assert.equal(code, 'INVALID_JOB')
  assert.match(detail, /has begun to grow trees with resources\.workers 1, and 2 would grow other/)
  assert.deepEqual((await change(id, { labels: ['ssd'] })).resources, {
    workers: 1,
    labels: ['ssd'],
  })
})

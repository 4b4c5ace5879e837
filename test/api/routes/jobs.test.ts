import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { jobPaths } from '../../../src/jobs/record/job-paths.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { within } from '../../../testing/eventually.js'
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
})
after(() => server.close())

async function submit(name?: string) {
  const answer = await server.api.post('/jobs').send({ ...smallJob, ...(name && { name }) })
  assert.equal(answer.status, 202, answer.text)
  return answer.body
}

test('a submitted job is queued, and Location leads to it', async () => {
  const answer = await server.api.post('/jobs').send(smallJob)
  assert.equal(answer.status, 202)
  const { id, status, dataset, progress } = answer.body
  assert.match(id, /^job-[0-9a-z]{26}$/)
  assert.equal(status, 'queued')
  assert.equal(dataset.name, 'shades')
  assert.deepEqual(progress, {
    step: 0,
    steps: 4,
    fraction: 0,
    etaSeconds: null,
    resumedFrom: null,
  })
  const found = await server.api.get(answer.headers.location!)
  assert.equal(found.status, 200)
  // the answer to a submission asks Redis nothing
  assert.deepEqual({ ...found.body, queue: null, waitingFor: null }, answer.body)
  assert.equal(found.body.queue.position, 1)
})

test('the smallest request is a valid job', async () => {
  const { dataset } = smallJob
  const training = { batchSize: 4 }
  const answer = await server.api
    .post('/jobs')
    .send({ model: { kind: 'resnet' }, dataset, training })
  assert.equal(answer.status, 202, answer.text)
  assert.deepEqual(answer.body.model, {
    kind: 'resnet',
    block: 'plain',
    blocks: 5,
    filters: 64,
    kernel: 3,
    ratio: 4,
  })
})

test('a job shows only the options of its own kind of network', async () => {
  const { dataset } = smallJob
  const model = { kind: 'resnet', depth: 20 }
  const answer = await server.api.post('/jobs').send({ model, dataset, training: { batchSize: 4 } })
  assert.equal(answer.status, 202, answer.text)
  assert.deepEqual(answer.body.model, { ...model, version: 2, stem: 'cifar' })
})

test("a job's request is what was sent, and sent again it is the same job", async () => {
  const requests = [
    smallJob,
    {
      name: 'again',
      dataset: 'shades',
      model: { kind: 'resnet', depth: 8 },
      training: {
        epochs: 2,
        batchSize: 8,
        optimizer: { kind: 'sgd', momentum: 0.5 },
        learningRate: { peak: 0.1, schedule: 'constant' },
        validation: 0.25,
        earlyStopping: {},
        ema: {},
      },
      labels: { sweep: 'lr' },
      priority: 3,
    },
  ]
  for (const request of requests) {
    const first = (await server.api.post('/jobs').send(request)).body
    assert.deepEqual(first.request, request)
    const { body: read } = await server.api.get(`/jobs/${first.id}`)
    const answer = await server.api.post('/jobs').send(read.request)
    assert.equal(answer.status, 202, answer.text)
    const { id, createdAt, transitions, ...again } = answer.body
    const { id: firstId, createdAt: firstTime, transitions: firstTransitions, ...same } = first
    assert.notEqual(id, firstId)
    assert.deepEqual(again, same)
  }
})

test("a job's answer, or its model and training, is no request, and the error says what is", async () => {
  const { body: job } = await server.api.post('/jobs').send(smallJob)
  const { model, training } = job
  for (const [body, path] of [
    [job, ''],
    [{ dataset: 'shades', model, training }, '/training'],
  ]) {
    const { status, body: problem } = await server.api.post('/jobs').send(body)
    assert.equal(status, 400)
    assert.equal(problem.errors.length, 1)
    assert.equal(problem.errors[0].path, path)
    assert.match(problem.detail, /send the `request` of its answer/)
  }
})

test('a job of an older version has no request', async () => {
  const { body } = await server.api.post('/jobs').send(smallJob)
  const key = jobPaths(body.id).manifest
  const { request, checksum, ...old } = (await server.store.readJson<Record<string, unknown>>(key))!
  await server.store.replaceJson<object>(key, old)
  assert.equal((await server.api.get(`/jobs/${body.id}`)).body.request, null)
})

test('the log says in one line that a job was accepted, and cancelled', async () => {
  const { id } = await submit('logged')
  await server.api.post(`/jobs/${id}/cancel`)
  const lines = server
    .log()
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
    .filter(({ job }) => job === id)
  assert.deepEqual(
    lines.map(({ level, jobName = null, msg }) => [level, jobName, msg]),
    [
      [30, 'logged', 'job accepted'],
      [30, null, 'job: cancel was asked for'],
    ],
  )
})

test('a job on an unknown data set is rejected and not stored', async () => {
  const before = await server.api.get('/jobs?limit=1000')
  const answer = await server.api.post('/jobs').send({ ...smallJob, dataset: 'nowhere' })
  assert.equal(answer.status, 422)
  assert.deepEqual(
    [answer.body.code, answer.body.errors[0].path, answer.body.errors[0].code],
    ['INVALID_JOB', '/dataset', 'dataset_not_found'],
  )
  const now = await server.api.get('/jobs?limit=1000')
  assert.equal(now.body.items.length, before.body.items.length)
})

test('the next page starts where the previous one ends', async () => {
  const made = [await submit('one'), await submit('two'), await submit('three')]
  const first = await server.api.get('/jobs?limit=2')
  assert.deepEqual(
    first.body.items.map((job: { name: string }) => job.name),
    ['three', 'two'],
  )
  const second = await server.api.get(`/jobs?limit=1&cursor=${first.body.nextCursor}`)
  assert.equal(second.body.items[0].id, made[0].id)
})

test('a queued job is cancelled at once, and can then be deleted', async () => {
  const { id } = await submit()
  assert.equal((await server.api.delete(`/jobs/${id}`)).body.code, 'JOB_ACTIVE')
  const answer = await server.api.post(`/jobs/${id}/cancel`)
  assert.equal(answer.status, 202)
  assert.equal(answer.body.status, 'cancelled')
  assert.equal((await server.api.post(`/jobs/${id}/cancel`)).status, 202)
  const removed = await server.api.delete(`/jobs/${id}`)
  assert.equal(removed.status, 204)
  assert.equal(removed.text, '')
  assert.equal((await server.api.get(`/jobs/${id}`)).status, 404)
  assert.equal((await server.api.delete(`/jobs/${id}`)).status, 404)
})

test('a job that has ended cannot be cancelled', async () => {
  const { id } = await submit()
  await startJob(server, id)
  await endJob(server, id)
  const answer = await server.api.post(`/jobs/${id}/cancel`)
  assert.equal(answer.status, 409)
  assert.equal(answer.body.code, 'JOB_ENDED')
  const { body } = await server.api.get(`/jobs/${id}`)
  assert.equal(body.status, 'succeeded')
  assert.deepEqual(body.result, {
    model: { id: 'shades', version: 1 },
    dataset: null,
    stoppedEarly: false,
  })
})

test('a running job that is cancelled keeps running until it has stopped, and cannot be deleted', async () => {
  const { id } = await submit()
  await startJob(server, id)
  assert.equal((await server.api.delete(`/jobs/${id}`)).status, 409)
  const answer = await server.api.post(`/jobs/${id}/cancel`).set('content-type', 'application/json')
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.body.status, 'running')
  assert.equal(answer.body.requested, 'cancel')
  const { lifecycle } = await new JobRecords(server.store).read(id)
  assert.equal(lifecycle.state, 'cancelling')
})

test('a queued job is paused, resumed, cancelled and retried', async () => {
  const { id } = await submit()
  const act = (verb: string) => server.api.post(`/jobs/${id}/${verb}`)
  const paused = await act('pause')
  assert.deepEqual([paused.status, paused.body.status, paused.body.queue], [202, 'paused', null])
  assert.equal((await act('pause')).status, 202, 'what is so already is no conflict')
  const retry = await act('retry')
  assert.deepEqual([retry.status, retry.body.code], [409, 'JOB_ACTIVE'])
  assert.match(retry.body.detail, /is paused and cannot be retried: resume it instead/)
  assert.equal((await server.api.delete(`/jobs/${id}`)).status, 409)
  const resumed = await act('resume')
  assert.deepEqual([resumed.body.status, resumed.body.queue.position > 0], ['queued', true])
  assert.equal((await act('cancel')).body.status, 'cancelled')
  const late = await act('pause')
  assert.deepEqual([late.status, late.body.code], [409, 'JOB_ENDED'])
  const retried = await act('retry')
  assert.equal(retried.body.status, 'queued')
  assert.deepEqual(
    retried.body.transitions.map(({ status }: { status: string }) => status),
    ['queued', 'paused', 'queued', 'cancelled', 'queued'],
  )
})

test('concurrent actions leave one consistent history', async () => {
  const { id } = await submit()
  const verbs = ['pause', 'resume', 'cancel', 'retry']
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => server.api.post(`/jobs/${id}/${verbs[i % 4]}`)),
  )
  for (const { status } of answers) assert.ok(status === 202 || status === 409, String(status))
  const { body } = await server.api.get(`/jobs/${id}`)
  const history = body.transitions.map(({ status }: { status: string }) => status)
  assert.equal(history.at(-1), body.status)
  const after: Record<string, string[]> = {
    queued: ['paused', 'cancelled'],
    paused: ['queued', 'cancelled'],
    cancelled: ['queued'],
  }
  for (const [i, status] of history.slice(1).entries()) {
    assert.ok(after[history[i]]?.includes(status), `${history[i]} → ${status}`)
  }
})

test('a job can be cancelled while Redis is down', async () => {
  const { id } = await submit()
  await server.redis.stop()
  try {
    const answer = await server.api.post(`/jobs/${id}/cancel`)
    assert.deepEqual([answer.status, answer.body.status], [202, 'cancelled'])
  } finally {
    await server.redis.start()
  }
})

test('a job whose data set was deleted cannot be retried', async () => {
  const set = await uploadDataset(server, 'short-lived', 44)
  const request = { ...smallJob, dataset: 'short-lived' }
  const { id } = (await server.api.post('/jobs').send(request)).body
  assert.equal((await server.api.delete(`/datasets/${set.id}`)).body.code, 'DATASET_IN_USE')
  await server.api.post(`/jobs/${id}/pause`)
  assert.equal((await server.api.delete(`/datasets/${set.id}`)).status, 409, 'it is paused')
  await server.api.post(`/jobs/${id}/cancel`)
  assert.equal((await server.api.delete(`/datasets/${set.id}`)).status, 204)
  const answer = await server.api.post(`/jobs/${id}/retry`)
  assert.deepEqual([answer.status, answer.body.code], [409, 'DATASET_GONE'])
})

test('?wait= answers as soon as the job has left the statuses of `while`, by default once it has ended', async () => {
  const { id } = await submit()
  const started = server.api.get(`/jobs/${id}?wait=50&while=queued`).then(({ body }) => body)
  const ended = server.api.get(`/jobs/${id}?wait=50`).then(({ body }) => body)
  await startJob(server, id)
  assert.equal((await within('the start', started)).status, 'running')
  await endJob(server, id)
  assert.equal((await within('the end', ended)).status, 'succeeded')
  const afterwards = server.api.get(`/jobs/${id}?wait=50`).then(({ body }) => body)
  assert.equal((await within('an answer at once', afterwards)).status, 'succeeded')
})

test('?wait= answers with the job as it is after that time, and on shutdown', async () => {
  const { id } = await submit()
  const { status, body } = await server.api.get(`/jobs/${id}?wait=1`)
  assert.deepEqual([status, body.status], [200, 'queued'])

  const other = await startServer()
  await uploadDataset(other)
  const submitted = await other.api.post('/jobs').send(smallJob)
  const waiting = other.api.get(`/jobs/${submitted.body.id}?wait=50`).then(answer => answer.body)
  await other.api.get('/healthz')
  await other.close()
  assert.equal((await within('the answer', waiting)).status, 'queued')
})

test('waits for no job, and without end, are refused', async () => {
  const { id } = await submit()
  for (const [query, path] of [
    ['wait=0', 'querystring:/wait'],
    ['wait=51', 'querystring:/wait'],
    ['wait=1&while=failed', 'querystring:/while/0'],
    ['while=queued', 'querystring:/while'],
  ] as const) {
    const { status, body } = await server.api.get(`/jobs/${id}?${query}`)
    assert.equal(status, 400, query)
    assert.equal(body.errors[0].path, path, query)
  }
  const missing = await server.api.get('/jobs/job-00000000000000000000000000?wait=50')
  assert.equal(missing.body.code, 'JOB_NOT_FOUND')
})

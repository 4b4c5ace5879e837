import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Redis } from 'ioredis'
import { JobRecords } from '../../../src/jobs/record/records.js'
import type { Job } from '../../../src/spec/job.js'
import { eventually } from '../../../testing/eventually.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { endJob, runningJob, startJob } from '../attempts.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
})
after(() => server.close())

async function submit(more: object = {}): Promise<Job> {
  const answer = await server.api.post('/jobs').send({ ...smallJob, ...more })
  assert.equal(answer.status, 202, answer.text)
  return answer.body
}

async function change(id: string, patch: object): Promise<Job> {
  const answer = await server.api.patch(`/jobs/${id}`).send(patch)
  assert.equal(answer.status, 200, answer.text)
  return answer.body
}

const idsOf = async (query: string) =>
  (await server.api.get(`/jobs?${query}`)).body.items.map(({ id }: Job) => id)

test('name and labels are merged, and lists find the job by the new ones only', async () => {
  const { id, request } = await submit({ name: 'old', labels: { team: 'vision', run: '1' } })
  const changed = await change(id, { name: 'new', labels: { run: null, stage: 'dev' } })
  const expected = { name: 'new', labels: { team: 'vision', stage: 'dev' }, priority: 0 }
  const { name, labels, priority } = changed
  assert.deepEqual({ name, labels, priority }, expected)
  assert.deepEqual(changed.request, request)
  const cases = [
    ['name=new', 1],
    ['name=old', 0],
    ['label=run:1', 0],
    ['label=stage:dev', 1],
    ['label=team:vision&where=name=new', 1],
  ] as const
  for (const [query, count] of cases) assert.equal((await idsOf(query)).length, count, query)
  await server.redis.flush()
  await eventually('the index', async () => (await idsOf('label=stage:dev')).length === 1)
  assert.deepEqual(await idsOf('name=old'), [])
})

test('of concurrent changes none is lost', async () => {
  const { id } = await submit()
  const values = Array.from({ length: 8 }, (_, i) => String(i))
  await Promise.all(values.map(value => change(id, { labels: { [`l${value}`]: value } })))
  const { body } = await server.api.get(`/jobs/${id}`)
  assert.deepEqual(body.labels, Object.fromEntries(values.map(value => [`l${value}`, value])))
})

test('a new priority moves a waiting job in the queue', async () => {
  const first = await submit()
  const second = await submit()
  const position = async (id: string) =>
    (await server.api.get(`/jobs/${id}`)).body.queue?.position as number
  assert.ok((await position(first.id)) < (await position(second.id)))
  assert.equal((await change(second.id, { priority: 50 })).priority, 50)
  assert.equal(await position(second.id), 1)
  await server.api.post(`/jobs/${first.id}/pause`)
  await change(first.id, { priority: 100 })
  await server.api.post(`/jobs/${first.id}/resume`)
  assert.equal(await position(first.id), 1)
})

test('the priority of a job that runs or has ended is refused, and nothing else is changed', async () => {
  const id = await runningJob(server)
  const refused = async (code: string) => {
    const patch = { priority: 9, labels: { late: 'yes' } }
    const { status, body } = await server.api.patch(`/jobs/${id}`).send(patch)
    assert.deepEqual([status, body.code], [409, code])
    assert.match(body.detail, /leave priority out; name and labels can be changed/)
    assert.deepEqual((await server.api.get(`/jobs/${id}`)).body.labels, {})
  }
  await refused('JOB_ACTIVE')
  assert.deepEqual((await change(id, { priority: 0, labels: { now: 'yes' } })).labels, {
    now: 'yes',
  })
  await change(id, { labels: { now: null } })
  await endJob(server, id)
  await refused('JOB_ENDED')
  assert.equal((await change(id, { name: 'renamed-after' })).name, 'renamed-after')
})

test('changes that cannot be are refused', async () => {
  const { id } = await submit({
    labels: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`l${i}`, ''])),
  })
  const cases: [object, number, RegExp][] = [
    [{}, 400, /expected at least 1/],
    [{ state: 'paused' }, 400, /unknown field 'state'/],
    [{ labels: { 'no good': 'x' } }, 400, /a name in labels/],
    [{ labels: { a: 1 } }, 400, /labels\.a is 1, expected a string or null/],
    [{ priority: 101 }, 400, /at most 100/],
    [{ labels: { a: '', b: '', c: '' } }, 422, /would have 33 labels, expected at most 32/],
  ]
  for (const [patch, expected, message] of cases) {
    const { status, body } = await server.api.patch(`/jobs/${id}`).send(patch)
    assert.equal(status, expected, body.detail)
    assert.match(body.detail, message)
  }
  const nobody = await server.api.patch('/jobs/job-01jdzzzzzzzzzzzzzzzzzzzzzz').send({ name: 'x' })
  assert.deepEqual([nobody.status, nobody.body.code], [404, 'JOB_NOT_FOUND'])
})

test('a change while Redis is down is stored, and listed after it is back', async () => {
  const { id } = await submit()
  await startJob(server, id)
  await endJob(server, id)
  await server.redis.stop()
  const changed = await change(id, { labels: { outage: 'yes' } })
  assert.deepEqual(changed.labels, { outage: 'yes' })
  await server.redis.start()
  await eventually('the list', async () => {
    const { body } = await server.api.get('/jobs?label=outage:yes')
    return body.total === 1
  })
})

test('a model gets the name that its job has when it is published first', async () => {
  const { id } = await submit({ name: 'before' })
  const records = new JobRecords(server.store)
  await change(id, { name: 'after' })
  const { name } = await records.manifest(id)
  assert.equal(await records.agreeOnModelName(id, name), 'after')
  assert.equal(await records.agreeOnModelName(id, 'later'), 'after')
})

test('an index of an older version is replaced', async t => {
  const before = await idsOf('limit=1000')
  const redis = new Redis(server.redis.connection)
  t.after(() => redis.disconnect())
  const { prefix } = server.redis
  await redis.flushall()
  await redis.set(`{${prefix}}:complete`, 1)
  await redis.zadd(`{${prefix}}:jobs`, 0, before[0])
  await redis.set(`{${prefix}}:job-ids-complete`, 1)
  await redis.zadd(`{${prefix}}:job-ids`, 0, before[0])
  await redis.hset(`{${prefix}}:documents`, before[0], '0:{}')
  await redis.hset(`{${prefix}}:states`, before[0], '0:queued')
  await eventually('the list', async () => {
    const { body } = await server.api.get('/jobs?limit=1000&sort=createdAt')
    return body.total === before.length
  })
  const old = ['complete', 'jobs', 'job-ids', 'documents', 'states'].map(
    name => `{${prefix}}:${name}`,
  )
  assert.equal(await redis.exists(...old), 0)
})

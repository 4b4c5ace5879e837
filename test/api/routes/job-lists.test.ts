import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Redis } from 'ioredis'
import type { Job } from '../../../src/spec/job.js'
import { eventually } from '../../../testing/eventually.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { startJob } from '../attempts.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
})
after(() => server.close())

async function submit(more: object): Promise<Job> {
  const answer = await server.api.post('/jobs').send({ ...smallJob, ...more })
  assert.equal(answer.status, 202, answer.text)
  return answer.body
}

async function names(query: string): Promise<string[]> {
  const answer = await server.api.get(`/jobs?${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body.items.map(({ name }: Job) => name)
}

test('a list has the jobs that match all conditions, newest first', async () => {
  const vision = { team: 'vision', 'example.org/stage': 'dev' }
  const one = await submit({ name: 'alpha-1', labels: vision })
  await submit({ name: 'alpha-2', labels: { team: 'vision' } })
  const three = await submit({ name: 'beta-1', labels: { team: 'speech', note: '' } })
  await startJob(server, three.id)
  await server.api.post(`/jobs/${one.id}/cancel`)
  const cases: [string, string[]][] = [
    ['', ['beta-1', 'alpha-2', 'alpha-1']],
    ['label=team:vision', ['alpha-2', 'alpha-1']],
    ['label=team:vision&label=example.org/stage:dev', ['alpha-1']],
    ['label=note:', ['beta-1']],
    ['name=alpha', ['alpha-2', 'alpha-1']],
    ['status=cancelled', ['alpha-1']],
    ['status=cancelled&status=queued', ['alpha-2', 'alpha-1']],
    ['status=cancelled,queued&name=alpha-2', ['alpha-2']],
    ['model=resnet&dataset=shades', ['beta-1', 'alpha-2', 'alpha-1']],
    ['model=vgg', []],
    ['dataset=elsewhere', []],
    [`createdAfter=${one.createdAt}&label=team:vision`, ['alpha-2']],
    [`createdBefore=${one.createdAt}`, []],
    [`createdBefore=${three.createdAt}&name=a`, ['alpha-2', 'alpha-1']],
    [`id=${one.id},${three.id},${one.id}`, ['beta-1', 'alpha-1']],
    [`id=${one.id}&id=${three.id}&sort=createdAt&fields=name`, ['alpha-1', 'beta-1']],
    [`id=${one.id},${three.id}&status=cancelled`, ['alpha-1']],
    [`id=${one.id},${three.id}&createdAfter=${one.createdAt}`, ['beta-1']],
    [`id=${one.id},${three.id}&createdBefore=${three.createdAt}`, ['alpha-1']],
    ['id=job-01jdzzzzzzzzzzzzzzzzzzzzzz', []],
  ]
  for (const [query, expected] of cases) {
    assert.deepEqual(await names(query), expected, query)
  }
  assert.deepEqual(one.labels, vision)
})

test('pages do not shift or leave gaps if jobs are added', async () => {
  const mark = { run: 'paging' }
  const made: string[] = []
  for (let i = 0; i < 7; i++) made.unshift((await submit({ labels: mark })).id)
  const seen: string[] = []
  let cursor = ''
  do {
    const answer = await server.api.get(`/jobs?limit=3&label=run:paging${cursor}`)
    seen.push(...answer.body.items.map(({ id }: Job) => id))
    cursor = answer.body.nextCursor && `&cursor=${answer.body.nextCursor}`
    await submit({ labels: mark })
  } while (cursor)
  assert.deepEqual(seen, made)
})

test('invalid labels, filters and cursors are rejected with what is expected', async () => {
  const cases: [string, string, RegExp][] = [
    ['status=done', 'not_allowed', /expected one of 'queued'/],
    ['label=team', 'invalid_format', /'team', expected key:value/],
    ['createdAfter=yesterday', 'invalid_format', /ISO 8601/],
    ['color=red', 'unknown_field', /unknown field 'color'/],
  ]
  for (const [query, code, message] of cases) {
    const { status, body } = await server.api.get(`/jobs?${query}`)
    assert.deepEqual([status, body.errors[0].code], [400, code], query)
    assert.match(body.detail, message)
  }
  const labels = { 'bad key': 'x', fine: 'no good!' }
  const { status, body } = await server.api.post('/jobs').send({ ...smallJob, labels })
  assert.equal(status, 400)
  assert.deepEqual(
    body.errors.map(({ path }: { path: string }) => path),
    ['/labels', '/labels/fine'],
  )
  assert.match(body.detail, /a name in labels is 'bad key', expected letters/)
})

test('all jobs that match a selection are cancelled, and no others', async () => {
  const mark = { sweep: 'lr' }
  const made = [await submit({ labels: mark }), await submit({ labels: mark })]
  const runs = await submit({ labels: mark })
  const other = await submit({ labels: { sweep: 'wd' } })
  await startJob(server, runs.id)
  const answer = await server.api.post('/jobs/cancel').send({ labels: mark })
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.body.count, 3)
  assert.deepEqual(answer.body.cancelled.sort(), made.map(({ id }) => id).sort())
  assert.deepEqual(answer.body.cancelling, [runs.id])
  assert.equal((await server.api.get(`/jobs/${other.id}`)).body.status, 'queued')
  const none = await server.api.post('/jobs/cancel').send({})
  assert.equal(none.status, 400, 'everything is never meant by nothing')
})

/** Lists may fail for a while, but are never partial. */
async function eventuallyLists(expected: readonly string[]): Promise<void> {
  const { body } = await eventually('the list of jobs', async () => {
    const answer = await server.api.get('/jobs?limit=1000')
    return answer.body.code === 'QUEUE_UNAVAILABLE' ? null : answer
  })
  assert.deepEqual(
    body.items?.map(({ name }: Job) => name),
    expected,
  )
}

test('lists are unchanged after Redis was flushed', async () => {
  const before = await names('limit=1000')
  const labelled = await names('label=team:vision')
  await server.redis.flush()
  // the server reconnects and reads the whole store
  await server.redis.stop()
  await server.redis.start()
  await eventuallyLists(before)
  assert.deepEqual(await names('limit=1000'), before)
  assert.deepEqual(await names('label=team:vision'), labelled)
})

test('if Redis returns with an old index, comparing it with the store is retried until it succeeds', async t => {
  const before = await names('limit=1000')
  const redis = new Redis(server.redis.connection)
  t.after(() => redis.disconnect())
  const consistencyKey = `{${server.redis.prefix}}:listed-jobs-complete`
  const mark = (await redis.get(consistencyKey))!
  // make the first comparison fail, as a timeout on a busy machine would
  await redis.acl('SETUSER', 'default', '-eval')
  await redis.flushall()
  await redis.set(consistencyKey, mark)
  const logLength = server.log().length
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal')
  await eventually('the comparison to fail', () =>
    server.log().slice(logLength).includes('could not reconcile'),
  )
  await redis.acl('SETUSER', 'default', '+eval')
  await eventuallyLists(before)
})

test('a flush of Redis over an open connection is noticed', async t => {
  const before = await names('limit=1000')
  const redis = new Redis(server.redis.connection)
  t.after(() => redis.disconnect())
  await redis.flushall()
  await eventuallyLists(before)
})

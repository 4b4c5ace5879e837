import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { IdempotencyKeys } from '../../../src/jobs/idempotency.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
})
after(() => server.close())

const submit = (key: string, body: object = smallJob) =>
  server.api.post('/jobs').set('idempotency-key', key).send(body)

const count = async () => (await server.store.list('jobs')).length

test('200 concurrent requests with one key create one job and get the same answer', async () => {
  const before = await count()
  const answers = await Promise.all(Array.from({ length: 200 }, () => submit('all-at-once')))
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202])
  const [first] = answers
  for (const { body, headers } of answers) {
    assert.deepEqual(body, first!.body)
    assert.equal(headers.location, first!.headers.location)
  }
  const fresh = answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)
  assert.equal(fresh.length, 1)
  assert.equal(await count(), before + 1)
})

test('the same key with another value is rejected; the order of fields does not matter', async () => {
  const first = await submit('fields')
  const { model, dataset, training } = smallJob
  const again = await submit('fields', { training, dataset, model })
  assert.deepEqual([again.status, again.body.id], [202, first.body.id])
  assert.equal(again.headers['idempotency-replayed'], 'true')
  const other = await submit('fields', { ...smallJob, training: { steps: 5, batchSize: 4 } })
  assert.deepEqual([other.status, other.body.code], [422, 'IDEMPOTENCY_KEY_REUSED'])
})

test('the key of a rejected request can be used again', async () => {
  assert.equal((await submit('refused', { ...smallJob, dataset: 'nowhere' })).status, 422)
  assert.equal((await submit('refused')).headers['idempotency-replayed'], undefined)
})

test('one job exists after a crash between storing the key and the job', async () => {
  const { body } = await submit('crash')
  // after such a crash, the key exists and the job does not
  await server.store.remove(`jobs/${body.id}`)
  assert.equal((await server.api.get(`/jobs/${body.id}`)).status, 404)
  const again = await submit('crash')
  assert.deepEqual([again.status, again.body], [202, body])
  assert.equal((await server.api.get(`/jobs/${body.id}`)).body.status, 'queued')
})

test('a key is kept if Redis is flushed, and does not restore a deleted job', async () => {
  const { body } = await submit('lasting')
  await server.redis.flush()
  assert.equal((await submit('lasting')).body.id, body.id)
  await server.api.post(`/jobs/${body.id}/cancel`)
  assert.equal((await server.api.delete(`/jobs/${body.id}`)).status, 204)
  const again = await submit('lasting')
  assert.deepEqual([again.status, again.body], [202, body])
  assert.equal((await server.api.get(`/jobs/${body.id}`)).status, 404)
})

test('two callers can use the same key, and old keys are removed', async () => {
  const records = new JobRecords(server.store)
  const keys = new IdempotencyKeys(server.store, records)
  const { body } = await submit('shared')
  const manifest = await records.manifest(body.id)
  const id = `job-${'7'.repeat(26)}`
  const mine = { id: 'another', key: 'shared' }
  const plan = async () => ({ ...manifest, id })
  const made = await keys.submit(mine, smallJob as never, plan)
  assert.deepEqual([made.manifest.id, made.replayed], [id, false])
  const created = Date.parse(manifest.createdAt)
  await keys.sweep(created + 25 * 3600_000)
  assert.equal((await keys.submit(mine, smallJob as never, plan)).replayed, true)
  await keys.sweep(created + 49 * 3600_000)
  assert.deepEqual(await server.store.list('idempotency'), [])
})

test('an invalid key is rejected', async () => {
  for (const key of ['a b', 'x'.repeat(256)]) {
    const answer = await submit(key)
    assert.deepEqual([answer.status, answer.body.code], [400, 'INVALID_REQUEST'], key.slice(0, 9))
  }
})

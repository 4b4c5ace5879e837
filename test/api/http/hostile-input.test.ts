import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
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

const submit = (body: unknown) => server.api.post('/jobs').send(body as object)

test('a body that would take long to parse is rejected with 413', async () => {
  const post = (text: string) =>
    server.api.post('/jobs').set('content-type', 'application/json').send(text)
  const deep = 'the body is nested more than 64 levels deep'
  for (const text of [
    '['.repeat(50_000),
    '{"a":'.repeat(65),
    `${'['.repeat(65)}${']'.repeat(65)}`,
  ]) {
    const answer = await post(text)
    assert.deepEqual([answer.status, answer.body.detail], [413, deep])
  }
  assert.equal((await post(`${'['.repeat(64)}${']'.repeat(64)}`)).status, 400)
  assert.equal((await submit({ ...smallJob, x: Array(60_000).fill({}) })).status, 413)
  const wide = await post(`[${'{},'.repeat(70_000)}{}]`)
  assert.deepEqual(
    [wide.status, wide.body.detail],
    [413, 'the body has more than 20000 objects, arrays and fields'],
  )
  assert.equal((await post(`{"${'[{:'.repeat(70_000)}": 1}`)).status, 400)
})

test('of many errors, 100 are listed and the others are counted', async () => {
  const manyFields = (count: number, name: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, 7]))
  const refuse = async (body: object) => {
    const answer = await submit(body)
    assert.equal(answer.status, 400, answer.text)
    return answer.body
  }
  const unknown = await refuse({ ...smallJob, ...manyFields(15_000, 'x') })
  assert.equal(unknown.errors.length, 100)
  assert.match(unknown.detail, /^unknown field 'x0'; .*unknown field 'x99'; and 14,900 more$/)
  const few = await refuse({ ...smallJob, ...manyFields(101, 'x') })
  assert.match(few.detail, /; and 1 more$/)

  const frozen = await refuse({ ...smallJob, freeze: Array(500_000).fill(1) })
  assert.deepEqual(frozen.errors, [
    {
      path: '/freeze',
      code: 'too_long',
      message: 'freeze has 500000 entries, expected at most 100',
    },
  ])
  const labels = await refuse({ ...smallJob, labels: manyFields(8000, '?') })
  assert.deepEqual(
    labels.errors.map((error: { path: string }) => error.path),
    ['/labels'],
  )
  const columns = await refuse({
    dataset: 'shades',
    model: { kind: 'boosting', categorical: Array(5000).fill(1), monotone: manyFields(5000, 'c') },
    training: { features: Array(5000).fill(1) },
  })
  assert.equal(columns.errors.length, 100)
  // 3 lists, and duplicate entries of 2 of them
  assert.match(columns.detail, /; and 14,90\d more$/)
})

test('a long name in a request is cut in the errors', async () => {
  const answer = await submit({
    ...smallJob,
    ['n'.repeat(500_000)]: 1,
    labels: { ['/'.repeat(99_999)]: 1 },
  })
  assert.equal(answer.status, 400)
  assert.ok(answer.text.length < 5000, answer.text.slice(0, 5000))
})

test('a number that is too large for a double is no number', async () => {
  const answer = await server.api
    .post('/jobs')
    .set('content-type', 'application/json')
    .send(
      '{"dataset":"shades","model":{"kind":"resnet"},"training":{"earlyStopping":{"minDelta":1e400}}}',
    )
  assert.equal(answer.status, 400)
  assert.equal(answer.body.errors[0].path, '/training/earlyStopping/minDelta')
  assert.equal((await server.api.get('/jobs/x/metrics?fromStep=1e400')).status, 400)
})

test('a date that does not exist is rejected with 400', async () => {
  const list = (time: string) => server.api.get('/jobs').query({ createdAfter: time })
  const dates = [
    '2026-01-00',
    '2026-02-29',
    '1900-02-29',
    '2026-04-31',
    '2026-13-01',
    '+275760-09-13',
  ]
  const times = ['T24:00:00Z', 'T25:00:00Z', 'T10:00:60Z', 'T10:00:00', 'T10Z', 'T10:00:00+24:00']
  for (const time of [...dates, ...times.map(each => `2026-01-01${each}`), '2026-01-01\n', '']) {
    const answer = await list(time)
    assert.deepEqual([answer.status, answer.body.code], [400, 'INVALID_REQUEST'], time)
  }
  const valid = [
    '0000-01-01',
    '9999-12-31',
    '2024-02-29',
    '2000-02-29',
    '2026-01-01T23:59:59.123456789+23:59',
  ]
  for (const time of valid) assert.equal((await list(time)).status, 200, time)
  const cancel = await server.api.post('/jobs/cancel').send({ createdBefore: '2026-01-00' })
  assert.equal(cancel.status, 400)
})

test('no key that a request contains is logged', async () => {
  const key = `ty_${'Ab1-_'.repeat(9)}`
  await server.api.get(`/jobs?key=${key}`)
  await server.api.get(`/nowhere?token=hunter2`)
  await server.api.get(`/jobs/${key}`)
  await server.api.get(`/jobs?cursor=${key}`)
  await server.api.get('/jobs').set('authorization', `Bearer ${key}`)
  await server.api.get('/jobs').set('host', `${key}.example`)
  const { body: webhook } = await server.api
    .post('/webhooks')
    .send({ url: 'https://93.184.216.34/x' })
  assert.ok(webhook.secret)
  const log = server.log()
  for (const secret of [key, key.slice(3), server.key, 'hunter2', webhook.secret]) {
    assert.ok(!log.includes(secret), `the log contains ${secret}`)
  }
  assert.match(log, /"path":"\/jobs\/ty_…"/)
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openEventStream } from '../../../testing/sse.js'
import { startServer, type TestServer, uploadDataset } from '../../../testing/test-server.js'
import { appendLogLines, appendMetrics, endJob, runningJob } from '../attempts.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
})
after(() => server.close())

const linesOf = ({ items }: { items: { line: string }[] }) => items.map(({ line }) => line)

test('a log can be read in pages, from its end, and as text', async () => {
  const id = await runningJob(server)
  await appendLogLines(server, id, ['one', 'two', 'three'])
  const first = await server.api.get(`/jobs/${id}/logs?limit=2`)
  assert.deepEqual(linesOf(first.body), ['one', 'two'])
  assert.equal(first.body.items[0].attempt, 1)
  const second = await server.api.get(`/jobs/${id}/logs?limit=2&cursor=${first.body.nextCursor}`)
  assert.deepEqual([linesOf(second.body), second.body.nextCursor], [['three'], null])
  assert.deepEqual(linesOf((await server.api.get(`/jobs/${id}/logs?tail=1`)).body), ['three'])
  assert.deepEqual(linesOf((await server.api.get(`/jobs/${id}/logs?attempt=2`)).body), [])
  const text = await server.api.get(`/jobs/${id}/logs?tail=2`).set('accept', 'text/plain')
  assert.match(text.headers['content-type'] ?? '', /^text\/plain/)
  assert.match(text.text, /^\S+Z two\n\S+Z three\n$/)
})

test('invalid queries are rejected, and an unknown job is a 404', async () => {
  const id = await runningJob(server)
  for (const query of ['tail=0', 'cursor=x', 'tail=1&cursor=1-0', 'format=csv']) {
    const { status, headers } = await server.api.get(`/jobs/${id}/logs?${query}`)
    assert.equal(status, 400, query)
    assert.match(headers['content-type'] ?? '', /problem\+json/)
  }
  const nowhere = await server.api.get(`/jobs/${id}/logs?cursor=1-5`)
  assert.deepEqual([nowhere.status, nowhere.body.code], [422, 'INVALID_CURSOR'])
  for (const accept of ['application/json', 'text/plain', 'text/event-stream']) {
    const path = '/jobs/job-00000000000000000000000000/logs'
    assert.equal((await server.api.get(path).set('accept', accept)).status, 404, accept)
  }
})

test('a stream has each line once until the job ends, even if it is resumed', async () => {
  const id = await runningJob(server)
  await appendLogLines(server, id, ['one', 'two'])
  const first = await openEventStream(server, `/jobs/${id}/logs?tail=1`)
  const received = await first.nextEvent()
  assert.deepEqual([received?.event, JSON.parse(received?.data ?? '').line], ['log', 'two'])
  first.response.destroy()
  await appendLogLines(server, id, ['three'])
  const second = await openEventStream(server, `/jobs/${id}/logs`, {
    'last-event-id': received?.id ?? '',
  })
  assert.equal(JSON.parse((await second.nextEvent())?.data ?? '').line, 'three')
  await appendLogLines(server, id, ['four'])
  await appendMetrics(server, id, [1])
  assert.equal(JSON.parse((await second.nextEvent())?.data ?? '').line, 'four')
  await endJob(server, id)
  assert.equal(await second.nextEvent(), null)
})

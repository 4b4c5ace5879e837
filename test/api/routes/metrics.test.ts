import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { extract } from 'tar-stream'
import { jobPaths } from '../../../src/jobs/record/job-paths.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import { metricsAt } from '../../../src/spec/metrics.js'
import { eventually, within } from '../../../testing/eventually.js'
import { startAttempt } from '../../../testing/running-job.js'
import { openEventStream } from '../../../testing/sse.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { appendMetrics, endJob, publishProgress, runningJob } from '../attempts.js'

let server: TestServer
before(async () => {
  server = await startServer({ limits: { heartbeatMs: 50 } })
  await uploadDataset(server)
})
after(() => server.close())

test('points are grouped by name, in the order of steps', async () => {
  const id = await runningJob(server)
  await appendMetrics(server, id, [1, 2, 4])
  const { status, body } = await server.api.get(`/jobs/${id}/metrics?names=loss`)
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body.points), ['loss'])
  assert.deepEqual(
    body.points.loss.map(({ step, value }: { step: number; value: number }) => [step, value]),
    [
      [1, 1],
      [2, 0.5],
      [4, 0.25],
    ],
  )
  assert.equal(body.nextCursor, null)
})

test('a page has `limit` steps, and its cursor leads to the next page', async () => {
  const id = await runningJob(server)
  await appendMetrics(server, id, [1, 2, 3, 4, 5])
  const path = `/jobs/${id}/metrics?fromStep=2&toStep=4&limit=2`
  const first = await server.api.get(path)
  const steps = (body: { points: Record<string, { step: number }[]> }) =>
    body.points.accuracy!.map(({ step }) => step)
  assert.deepEqual(steps(first.body), [2, 3])
  const second = await server.api.get(`${path}&cursor=${first.body.nextCursor}`)
  assert.deepEqual(steps(second.body), [4])
  assert.equal(second.body.nextCursor, null)
})

test('invalid queries are rejected', async () => {
  const id = await runningJob(server)
  for (const query of ['limit=10001', 'limit=0', 'names=', 'names=a,,b', 'cursor=x', 'step=1']) {
    const answer = await server.api.get(`/jobs/${id}/metrics?${query}`)
    assert.equal(answer.status, 400, query)
  }
})

test('a stream has the history, then new rows, then the end', async () => {
  const id = await runningJob(server)
  await appendMetrics(server, id, [1, 2])
  const { response, next, nextEvent } = await openEventStream(server, `/jobs/${id}/metrics`)
  assert.equal(response.statusCode, 200)
  assert.equal(response.headers['content-type'], 'text/event-stream')
  assert.deepEqual(await next(), { retry: '2000' })
  const first = await nextEvent()
  assert.equal(first?.event, 'metrics')
  assert.deepEqual(JSON.parse(first?.data ?? '').values, { loss: 1, accuracy: 0 })
  assert.equal(JSON.parse((await nextEvent())?.data ?? '').step, 2)
  const state = await nextEvent()
  assert.equal(state?.event, 'job')
  assert.equal(JSON.parse(state?.data ?? '').status, 'running')

  await appendMetrics(server, id, [3])
  assert.equal(JSON.parse((await nextEvent())?.data ?? '').step, 3)
  await endJob(server, id)
  const last = await nextEvent()
  assert.equal(last?.event, 'job')
  assert.equal(JSON.parse(last?.data ?? '').status, 'succeeded')
  assert.equal(await nextEvent(), null)
  assert.ok(response.complete)
})

test('Last-Event-ID resumes after the last received event', async () => {
  const id = await runningJob(server)
  await appendMetrics(server, id, [1, 2, 3])
  const first = await openEventStream(server, `/jobs/${id}/metrics`)
  await first.nextEvent()
  const received = await first.nextEvent()
  first.response.destroy()
  const second = await openEventStream(server, `/jobs/${id}/metrics`, {
    'last-event-id': received?.id ?? '',
  })
  assert.equal(JSON.parse((await second.nextEvent())?.data ?? '').step, 3)
  second.response.destroy()
})

test('an idle stream sends heartbeats', async () => {
  const id = await runningJob(server)
  const { response, next } = await openEventStream(server, `/jobs/${id}/metrics`)
  let comments = 0
  while (comments < 3) comments += (await next())?.comment === 'heartbeat' ? 1 : 0
  response.destroy()
})

test('an unknown job is a 404, not a stream', async () => {
  const { response } = await openEventStream(server, '/jobs/job-00000000000000000000000000/metrics')
  assert.equal(response.statusCode, 404)
  assert.match(response.headers['content-type'] ?? '', /problem\+json/)
  response.resume()
})

test('the feed ends if the client disconnects', async t => {
  const id = await runningJob(server)
  // only observes: the real method runs, and no answer shows that its signal is aborted
  const followSpy = t.mock.method(server.deps.jobs.telemetry, 'streamMetrics')
  const { response, nextEvent } = await openEventStream(server, `/jobs/${id}/metrics`)
  await nextEvent()
  const { signal } = followSpy.mock.calls[0]!.arguments[1]
  assert.equal(signal.aborted, false)
  response.destroy()
  await eventually('the feed to be aborted', () => signal.aborted)
})

test('streams end in order if the server shuts down', async () => {
  const other = await startServer()
  await uploadDataset(other)
  const { body } = await other.api.post('/jobs').send(smallJob)
  const stream = await fetch(`${other.url}/jobs/${body.id}/metrics`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${other.key}` },
  })
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
  const read = () => within('the stream', reader.read())
  let text = ''
  while (!text.includes('event: job\n')) text += (await read()).value
  await other.close()
  while (!(await read()).done);
})

test('many clients, some of which reconnect, each receive every row once', async () => {
  const id = await runningJob(server)
  const rows = 120
  await appendMetrics(server, id, [1, 2, 3, 4, 5])
  const collectSteps = async (breaks: (step: number) => boolean) => {
    const steps: number[] = []
    let after: Record<string, string> = {}
    for (;;) {
      const stream = await openEventStream(server, `/jobs/${id}/metrics`, after)
      for (let broken = false; !broken; ) {
        const frame = await stream.nextEvent()
        if (frame === null) return steps
        if (frame.event !== 'metrics') continue
        steps.push(JSON.parse(frame.data!).step)
        after = { 'last-event-id': frame.id! }
        broken = breaks(steps.at(-1)!)
      }
      stream.response.destroy()
    }
  }
  const heard = Array.from({ length: 50 }, (_, i) =>
    collectSteps(i % 2 ? () => Math.random() < 0.05 : () => false),
  )
  for (let step = 6; step <= rows; step++) await appendMetrics(server, id, [step])
  await endJob(server, id)
  const all = Array.from({ length: rows }, (_, i) => i + 1)
  for (const steps of await Promise.all(heard)) assert.deepEqual(steps, all)
})

test('a client that does not read delays no others, and misses nothing', async () => {
  const id = await runningJob(server)
  const rows = 12_000
  const slow = await openEventStream(server, `/jobs/${id}/metrics`)
  await slow.nextEvent()
  const all = Array.from({ length: rows }, (_, i) => i + 1)
  const quick = await openEventStream(server, `/jobs/${id}/metrics`)
  for (let at = 0; at < rows; at += 1000) await appendMetrics(server, id, all.slice(at, at + 1000))
  await endJob(server, id)
  for (const { nextEvent } of [quick, slow]) {
    const steps: number[] = []
    for (let frame = await nextEvent(); frame; frame = await nextEvent()) {
      if (frame.event === 'metrics') steps.push(JSON.parse(frame.data!).step)
    }
    assert.deepEqual(steps, all)
  }
})

async function download(path: string, headers: Record<string, string> = {}) {
  const authorization = `Bearer ${server.key}`
  const answer = await fetch(server.url + path, { headers: { authorization, ...headers } })
  assert.equal(answer.status, 200)
  const type = answer.headers.get('content-type') ?? ''
  return { type, bytes: Buffer.from(await answer.arrayBuffer()) }
}

test('charts and exports are selected by header or by format', async () => {
  const id = await runningJob(server)
  const steps = Array.from({ length: 40 }, (_, i) => i + 1)
  await appendMetrics(server, id, steps)
  const chart = await server.api.get(`/jobs/${id}/metrics?maxPoints=10&names=loss`)
  const chartSteps = chart.body.points.loss.map(({ step }: { step: number }) => step)
  assert.ok(chartSteps.length <= 10)
  assert.deepEqual([chartSteps[0], chartSteps.at(-1), chart.body.nextCursor], [1, 40, null])
  const response = await server.api.get(`/jobs/${id}/metrics?maxPoints=10&cursor=3`)
  assert.equal(response.status, 400)
  for (const [format, type] of [
    ['csv', 'text/csv'],
    ['ndjson', 'application/x-ndjson'],
  ]) {
    const path = `/jobs/${id}/metrics`
    const byHeader = await download(path, { accept: type! })
    const byFormat = await download(`${path}?format=${format}`)
    assert.match(byHeader.type, new RegExp(`^${type}`))
    assert.deepEqual(byHeader, byFormat)
    const lines = String(byHeader.bytes).trim().split('\n')
    assert.equal(lines.length, format === 'csv' ? 41 : 40)
  }
  const missing = await server.api.get('/jobs/job-00000000000000000000000000/metrics?format=csv')
  assert.equal(missing.status, 404)
})

test('NaN is sent to clients as text', async () => {
  const id = await runningJob(server)
  const log = new MetricsLog(server.store)
  const time = new Date().toISOString()
  await log.append(id, 1, { step: 1, time, values: { loss: Number.NaN, accuracy: 0.5 } })
  const { body } = await server.api.get(`/jobs/${id}/metrics`)
  assert.equal(body.points.loss[0].value, 'NaN')
  assert.equal(body.points.accuracy[0].value, 0.5)
  // as older versions wrote it
  const old = { step: 2, time, values: { loss: null } }
  await server.store.append(jobPaths(id).metrics(1), `${JSON.stringify(old)}\n`)
  const chart = await server.api.get(`/jobs/${id}/metrics?maxPoints=10`)
  assert.deepEqual(
    chart.body.points.loss.map(({ value }: { value: unknown }) => value),
    ['NaN', 'NaN'],
  )
})

test("a job's own metrics have NaN as text too, live and at the end", async () => {
  const id = await runningJob(server)
  const row = { step: 1, time: '', values: { loss: Number.NaN, accuracy: 0.5 } }
  const metrics = metricsAt([row], 1)
  const expected = { loss: 'NaN', accuracy: 0.5 }
  assert.deepEqual(metrics, expected)
  const { nextEvent } = await openEventStream(server, `/jobs/${id}/events`)
  await nextEvent()
  await publishProgress(server, id, 1, row.values)
  assert.deepEqual(JSON.parse((await nextEvent())?.data ?? '').metrics, expected)
  assert.deepEqual((await server.api.get(`/jobs/${id}`)).body.metrics, expected)
  await endJob(server, id, metrics)
  assert.deepEqual((await server.api.get(`/jobs/${id}`)).body.metrics, expected)
})

test('an old record with null instead of NaN is readable, without the metric', async () => {
  const id = await runningJob(server)
  const old = JSON.parse(JSON.stringify({ loss: Number.NaN, accuracy: 0.5 }))
  await endJob(server, id, old)
  const { status, body } = await server.api.get(`/jobs/${id}`)
  assert.deepEqual([status, body.metrics], [200, { accuracy: 0.5 }])
})

test('the event stream has states and progress, without rows', async () => {
  const id = await runningJob(server)
  await appendMetrics(server, id, [1])
  const { nextEvent } = await openEventStream(server, `/jobs/${id}/events`)
  const first = await nextEvent()
  assert.equal(first?.event, 'job')
  assert.equal(JSON.parse(first?.data ?? '').status, 'running')
  await publishProgress(server, id, 3)
  const second = await nextEvent()
  assert.equal(second?.event, 'progress')
  const { step, fraction, metrics } = JSON.parse(second?.data ?? '')
  assert.deepEqual([step, fraction, metrics], [3, 0.75, { loss: 0.5, accuracy: 0 }])
  await endJob(server, id)
  const last = await nextEvent()
  assert.equal(JSON.parse(last?.data ?? '').status, 'succeeded')
  assert.equal(await nextEvent(), null)
})

test('the TensorBoard tar has the event files of the job and nothing else', async () => {
  const id = await runningJob(server)
  const bytes = Buffer.from('events')
  const key = jobPaths(id).events(1_764_000_000, 1, 'host')
  await server.store.append(key, bytes)
  const { bytes: body } = await download(`/jobs/${id}/tensorboard`)
  const found: [string, string][] = []
  const tar = extract()
  tar.end(body)
  for await (const entry of tar) {
    const parts: Buffer[] = []
    for await (const part of entry) parts.push(part as Buffer)
    found.push([entry.header.name, String(Buffer.concat(parts))])
  }
  const { body: job } = await server.api.get(`/jobs/${id}`)
  const run = `${job.name}-${id}`
  assert.deepEqual(found, [[key.replace(`jobs/${id}`, run), 'events']])
})

test('one answer has the metrics of many jobs', async () => {
  const [one, two] = [await runningJob(server), await runningJob(server)]
  await appendMetrics(server, one, [1, 2])
  await appendMetrics(server, two, [1])
  const gone = 'job-01jdzzzzzzzzzzzzzzzzzzzzzz'
  const path = `/jobs/metrics?jobs=${two},${gone}&jobs=${one}&names=loss&maxPoints=10`
  const { status, body } = await server.api.get(path)
  assert.equal(status, 200, body.detail)
  const points = body.items.map((item: { job: string; exists: boolean; points: object }) => [
    item.job,
    item.exists,
    JSON.parse(JSON.stringify(item.points), (key, value) => (key === 'time' ? undefined : value)),
  ])
  const first = { step: 1, value: 1 }
  assert.deepEqual(points, [
    [two, true, { loss: [first] }],
    [gone, false, {}],
    [one, true, { loss: [first, { step: 2, value: 0.5 }] }],
  ])
  assert.deepEqual([body.total, body.nextCursor], [3, null])
  const rest = await server.api.get(`${path}&cursor=${gone}`)
  assert.deepEqual(
    rest.body.items.map(({ job }: { job: string }) => job),
    [one],
  )
  const early = await server.api.get(`/jobs/metrics?jobs=${one}&names=loss&toStep=1`)
  assert.deepEqual(
    early.body.items[0].points.loss.map(({ step }: { step: number }) => step),
    [1],
  )
  assert.equal((await server.api.get('/jobs/metrics?jobs=x')).status, 400)
  assert.equal((await server.api.get(`${path}&cursor=other`)).body.code, 'INVALID_CURSOR')
})

test('charts are kept until a job has more rows, and the client need not read them again', async () => {
  const [one, two] = [await runningJob(server), await runningJob(server)]
  await appendMetrics(server, one, [1, 2])
  await appendMetrics(server, two, [1])
  const path = `/jobs/metrics?jobs=${one},${two}&names=loss&maxPoints=10`
  const stepsOf = (body: { items: { points: { loss: { step: number }[] } }[] }) =>
    body.items.map(({ points }) => points.loss.map(({ step }) => step))
  const first = await server.api.get(path)
  assert.deepEqual(stepsOf(first.body), [[1, 2], [1]])
  const again = await server.api.get(path)
  assert.equal(again.text, first.text)
  const kept = await server.api.get(path).set('if-none-match', first.headers.etag!)
  assert.equal(kept.status, 304)
  assert.equal(kept.headers['cache-control'], 'private, no-cache')
  const ofOne = `/jobs/${two}/metrics?names=loss&maxPoints=10`
  assert.equal((await server.api.get(ofOne)).body.points.loss.length, 1)

  await appendMetrics(server, two, [2, 3])
  const later = await server.api.get(path).set('if-none-match', first.headers.etag!)
  assert.equal(later.status, 200)
  assert.deepEqual(stepsOf(later.body), [
    [1, 2],
    [1, 2, 3],
  ])
  assert.equal((await server.api.get(ofOne)).body.points.loss.length, 3)
  // another attempt that begins at a step leaves out what the first did after it
  await startAttempt(server.store, two, { attempt: 2, resumedFrom: 1 })
  assert.deepEqual(stepsOf((await server.api.get(path)).body), [[1, 2], [1]])
  assert.deepEqual((await server.api.get(ofOne)).body.points.loss.length, 1)
  await server.api.post(`/jobs/${two}/cancel`)
})

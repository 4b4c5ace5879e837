import assert from 'node:assert/strict'
import { get, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { endJob, measure, startJob } from './attempts.js'
import { smallJob, startServer, type TestServer, uploadDataset } from './server.js'

let server: TestServer
before(async () => {
  server = await startServer({ limits: { heartbeatMs: 50 } })
  await uploadDataset(server)
})
after(() => server.close())

async function runningJob(): Promise<string> {
  const { body } = await server.api.post('/jobs').send(smallJob)
  await startJob(server, body.id)
  return body.id
}

interface Frame {
  id?: string
  event?: string
  data?: string
  retry?: string
  comment?: string
}

/** Opens a stream; `next` gives one frame after the other, and null at its end. */
async function follow(id: string, headers: Record<string, string> = {}) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const authorization = `Bearer ${server.key}`
    const options = { headers: { accept: 'text/event-stream', authorization, ...headers } }
    get(`${server.url}/jobs/${id}/metrics`, options, resolve).on('error', reject)
  })
  response.setEncoding('utf8')
  const frames = parseFrames(response)
  const next = async (): Promise<Frame | null> => {
    const { value, done } = await frames.next()
    return done ? null : value
  }
  const nextEvent = async () => {
    for (;;) {
      const frame = await next()
      if (frame === null || frame.event) return frame
    }
  }
  return { response, next, nextEvent }
}

async function* parseFrames(chunks: AsyncIterable<string>): AsyncGenerator<Frame> {
  let text = ''
  for await (const chunk of chunks) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      yield Object.fromEntries(
        lines.map(line => [
          line.split(':')[0] || 'comment',
          line.slice(line.indexOf(':') + 1).trim(),
        ]),
      )
      text = text.slice(end + 2)
    }
  }
}

test('points come by name, in the order of steps', async () => {
  const id = await runningJob()
  await measure(server, id, [1, 2, 4])
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

test('a page has so many steps, and the cursor leads to the next', async () => {
  const id = await runningJob()
  await measure(server, id, [1, 2, 3, 4, 5])
  const path = `/jobs/${id}/metrics?fromStep=2&toStep=4&limit=2`
  const first = await server.api.get(path)
  const steps = (body: { points: Record<string, { step: number }[]> }) =>
    body.points.accuracy!.map(({ step }) => step)
  assert.deepEqual(steps(first.body), [2, 3])
  const second = await server.api.get(`${path}&cursor=${first.body.nextCursor}`)
  assert.deepEqual(steps(second.body), [4])
  assert.equal(second.body.nextCursor, null)
})

test('bad queries are refused', async () => {
  const id = await runningJob()
  for (const query of ['limit=10001', 'limit=0', 'names=', 'names=a,,b', 'cursor=x', 'step=1']) {
    const answer = await server.api.get(`/jobs/${id}/metrics?${query}`)
    assert.equal(answer.status, 400, query)
  }
})

test('a follower hears history, then what comes, then the end', async () => {
  const id = await runningJob()
  await measure(server, id, [1, 2])
  const { response, next, nextEvent } = await follow(id)
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

  await measure(server, id, [3])
  assert.equal(JSON.parse((await nextEvent())?.data ?? '').step, 3)
  await endJob(server, id)
  const last = await nextEvent()
  assert.equal(last?.event, 'job')
  assert.equal(JSON.parse(last?.data ?? '').status, 'succeeded')
  assert.equal(await nextEvent(), null)
  assert.ok(response.complete)
})

test('Last-Event-ID goes on behind what was heard', async () => {
  const id = await runningJob()
  await measure(server, id, [1, 2, 3])
  const first = await follow(id)
  await first.nextEvent()
  const heard = await first.nextEvent()
  first.response.destroy()
  const second = await follow(id, { 'last-event-id': heard?.id ?? '' })
  assert.equal(JSON.parse((await second.nextEvent())?.data ?? '').step, 3)
  second.response.destroy()
})

test('a quiet stream says that it is still there', async () => {
  const id = await runningJob()
  const { response, next } = await follow(id)
  let comments = 0
  while (comments < 3) comments += (await next())?.comment === 'still here' ? 1 : 0
  response.destroy()
})

test('a job that is not there is a 404, not a stream', async () => {
  const { response } = await follow('job-00000000000000000000000000')
  assert.equal(response.statusCode, 404)
  assert.match(response.headers['content-type'] ?? '', /problem\+json/)
  response.resume()
})

test('a follower that leaves takes its feed along', async t => {
  const id = await runningJob()
  const follows = t.mock.method(server.parts.jobs.history, 'follow')
  const { response, nextEvent } = await follow(id)
  await nextEvent()
  const { signal } = follows.mock.calls[0]!.arguments[1]
  assert.equal(signal.aborted, false)
  response.destroy()
  while (!signal.aborted) await sleep(5)
})

test('a server that closes ends its streams in good order', async () => {
  const other = await startServer()
  await uploadDataset(other)
  const { body } = await other.api.post('/jobs').send(smallJob)
  const stream = await fetch(`${other.url}/jobs/${body.id}/metrics`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${other.key}` },
  })
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('event: job\n')) text += (await reader.read()).value
  await other.close()
  while (!(await reader.read()).done);
})

// What the client makes of answers that are late, lost, or not the server's own.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import {
  Client,
  ConnectionError,
  ProblemError,
  UnexpectedAnswerError,
} from '../../src/client/client.js'
import { startCuttingProxy } from '../../testing/cutting-proxy.js'
import { startServer, type TestServer } from '../../testing/test-server.js'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

let http: Server
let url: string
/** How the next requests are answered, one after the other; the last one stays. */
let answers: Answer[]
let asked: { method: string; headers: IncomingMessage['headers'] }[]
before(async () => {
  http = createServer((request, response) => {
    request.resume()
    asked.push({ method: request.method!, headers: request.headers })
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
})
after(() => {
  http.closeAllConnections()
  http.close()
})

const ok: Answer = (_request, response) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"job-1"}')
const cut: Answer = request => void request.socket.destroy()
const half: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': 100 })
  response.write('{"id":', () => response.destroy())
}
const problem =
  (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/problem+json', ...headers })
      .end(JSON.stringify({ type: 'about:blank', title: 't', status, code, detail: 'is wrong' }))
const page =
  (status: number, text: string): Answer =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'text/html' }).end(text)

function clientWith(...next: Answer[]): Client {
  answers = next
  asked = []
  return new Client({ url: `${url}/`, key: 'ty_secret' })
}

const job = { model: { kind: 'boosting' as const }, dataset: 'd' }

test('what may be repeated is, after errors that pass', async () => {
  const later = problem(503, 'QUEUE_UNAVAILABLE', { 'retry-after': '0' })
  for (const failure of [cut, half, later, page(502, 'Bad Gateway'), problem(429, 'BUSY')]) {
    assert.equal((await clientWith(failure, failure, ok).jobs.get('job-1')).id, 'job-1')
    assert.equal(asked.length, 3)
  }
})

test('a submission is repeated with one idempotency key, which the caller may choose', async () => {
  await clientWith(cut, problem(503, 'QUEUE_UNAVAILABLE'), ok).jobs.submit(job)
  const keys = asked.map(({ headers }) => headers['idempotency-key'])
  assert.equal(keys.length, 3)
  assert.match(keys[0] as string, /^[0-9a-f]{32}$/)
  assert.equal(new Set(keys).size, 1)
  await clientWith(ok).jobs.submit(job)
  assert.notEqual(asked[0]!.headers['idempotency-key'], keys[0])
  await clientWith(ok).jobs.submit(job, { idempotencyKey: 'mine' })
  assert.equal(asked[0]!.headers['idempotency-key'], 'mine')
})

test('what could do harm twice, and what does not pass, is sent once', async () => {
  await assert.rejects(clientWith(cut, ok).jobs.cancel('job-1'), ConnectionError)
  assert.equal(asked.length, 1)
  await assert.rejects(
    clientWith(problem(404, 'JOB_NOT_FOUND'), ok).jobs.get('job-1'),
    ProblemError,
  )
  assert.equal(asked.length, 1)
  const late = problem(503, 'STORAGE_FULL', { 'retry-after': '3600' })
  await assert.rejects(clientWith(late, ok).jobs.get('job-1'), (error: ProblemError) => {
    assert.deepEqual([error.code, error.retryAfterMs], ['STORAGE_FULL', 3_600_000])
    return true
  })
  assert.equal(asked.length, 1)
  await assert.rejects(clientWith(cut).jobs.get('job-1', { retryForMs: 0 }), ConnectionError)
  assert.equal(asked.length, 1)
})

test('repeating ends in time, and with the signal', async () => {
  await assert.rejects(
    clientWith(cut).jobs.get('job-1', { retryForMs: 700 }),
    (error: ConnectionError) =>
      error.message.startsWith(`${url}/jobs/job-1 cannot be reached: `) && error.url.includes(url),
  )
  assert.ok(asked.length > 1)
  const abort = new AbortController()
  const call = clientWith(cut).jobs.get('job-1', { signal: abort.signal })
  setTimeout(() => abort.abort(new Error('enough')), 50)
  await assert.rejects(call, /enough/)
})

test('an answer that does not come in time is an error with the URL', async () => {
  const silent: Answer = () => {}
  const options = { timeoutMs: 100, retryForMs: 0 }
  await assert.rejects(
    clientWith(silent).jobs.get('job-1', options),
    (error: ConnectionError) =>
      error instanceof ConnectionError &&
      error.message === `${url}/jobs/job-1 does not answer GET within 0.1 s`,
  )
})

test('an answer of something else is shown, and no error of JSON', async () => {
  const html = '<html><head><title>Sign in to\n  Example Corp</title></head></html>'
  for (const status of [200, 403]) {
    await assert.rejects(clientWith(page(status, html)).jobs.list(), (error: Error) => {
      assert.ok(error instanceof UnexpectedAnswerError)
      assert.equal(
        error.message,
        `GET ${url}/jobs is answered ${status} by something other than Trainyard, perhaps a proxy: text/html, 'Sign in to Example Corp'`,
      )
      return true
    })
  }
})

test('a key goes to no other address', async () => {
  const other = await startServer()
  const redirect: Answer = (_request, response) =>
    void response.writeHead(307, { location: `${other.url}/jobs` }).end()
  await assert.rejects(clientWith(redirect).jobs.list(), (error: Error) => {
    assert.ok(error instanceof UnexpectedAnswerError)
    assert.match(error.message, new RegExp(`is redirected to ${other.url}/jobs; use the URL`))
    return true
  })
  assert.doesNotMatch(other.log(), /"\/jobs"/)
  await other.close()
})

test('the address and the key come from the environment', async t => {
  t.after(() => {
    delete process.env.TRAINYARD_URL
    delete process.env.TRAINYARD_KEY
  })
  assert.throws(() => new Client(), /no key: pass \{ key \}, or set TRAINYARD_KEY/)
  assert.throws(() => new Client({ url: 'localhost:8080', key: 'k' }), /'localhost:8080' is no URL/)
  clientWith(ok)
  process.env.TRAINYARD_URL = url
  // as it was read from a file
  process.env.TRAINYARD_KEY = 'ty_other\n'
  await new Client().jobs.get('job-1')
  assert.equal(asked[0]!.headers.authorization, 'Bearer ty_other')
})

test('ids and names are encoded', async () => {
  const paths: string[] = []
  const note: Answer = (request, response) => {
    paths.push(request.url!)
    ok(request, response)
  }
  await clientWith(note).models.get('../jobs?x', { alias: 'a&b' })
  assert.deepEqual(paths, ['/models/..%2Fjobs%3Fx?alias=a%26b'])
})

test('a stream that falls silent is opened again, and misses nothing', async () => {
  const server: TestServer = await startServer({ limits: { heartbeatMs: 100 } })
  const proxy = await startCuttingProxy(server.url)
  const client = new Client({ url: proxy.url, key: server.key })
  const abort = new AbortController()
  const lost: string[] = []
  const seen: string[] = []
  const options = {
    signal: abort.signal,
    silenceMs: 1000,
    onLost: (reason: Error | null) => void lost.push(reason!.message),
  }
  const upload = async (name: string) =>
    new Client({ url: server.url, key: server.key }).datasets.push(name, [
      { name: 'a.csv', content: new Blob([`a,b\n1,2\n3,${name.length}\n`]) },
    ])
  const follow = async () => {
    for await (const { type, data } of client.events({ types: ['dataset'] }, options)) {
      seen.push(type === 'dataset.created' ? `${type} ${data.name}` : type)
      if (type === 'stream.open') await upload('first')
      else if (seen.length === 2) {
        proxy.stall()
        await upload('second')
      } else abort.abort(new Error('seen enough'))
    }
  }
  await assert.rejects(follow(), /seen enough/)
  assert.deepEqual(seen, ['stream.open', 'dataset.created first', 'dataset.created second'])
  assert.deepEqual(lost, [`the stream of ${proxy.url}/events?types=dataset is silent for 1 s`])
  proxy.close()
  await server.close()
})

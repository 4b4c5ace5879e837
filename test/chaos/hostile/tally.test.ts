import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { exchange, type RawRequest } from '../../../chaos/hostile/requests/exchange.js'
import { Tally } from '../../../chaos/hostile/tally.js'

const answer = (status: string, body: string, headers = '') =>
  `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

/** A server that breaks each goal once, by path. */
const behaviours: Record<string, (socket: Socket) => void> = {
  '/well': socket => socket.write(answer('200 OK', '{}')),
  '/chunked': socket =>
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'),
  '/error': socket => socket.write(answer('500 Internal Server Error', '{}')),
  '/busy': socket => socket.write(answer('503 Service Unavailable', '{}', 'Retry-After: 1\r\n')),
  '/busy-for-ever': socket => socket.write(answer('503 Service Unavailable', '{}')),
  '/stack': socket =>
    socket.write(answer('400 Bad Request', 'Error: x\n    at parse (/srv/app.js:10:20)')),
  '/path': socket => socket.write(answer('404 Not Found', 'no /var/lib/trainyard/jobs/x')),
  '/hangs': () => {},
  '/closes': socket => socket.destroy(),
  '/half': socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
}

let server: Server
let port: number
before(async () => {
  server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => {})
    socket.on('data', data => {
      for (const [, path] of data.toString('latin1').matchAll(/GET (\S+) HTTP/g)) {
        behaviours[path!]!(socket)
      }
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as { port: number }).port
})
after(() => server.close())

async function judged(paths: readonly string[], options: Partial<RawRequest> = {}): Promise<Tally> {
  const tally = new Tally(['/var/lib/trainyard'], () => {})
  const parts = [Buffer.from(paths.map(path => `GET ${path} HTTP/1.1\r\n\r\n`).join(''))]
  const request = {
    parts,
    answers: paths.length,
    due: 'answer' as const,
    limitMs: 300,
    ...options,
  }
  tally.judge('test', paths.join(), request, await exchange(port, request))
  return tally
}

const counts = ({ errors5xx, unanswered, wrong, overloaded }: Tally) => ({
  errors5xx,
  unanswered,
  wrong,
  overloaded,
})
const none = { errors5xx: 0, unanswered: 0, wrong: 0, overloaded: 0 }

test('answers of every framing are read', async () => {
  const tally = await judged(['/well', '/chunked', '/well'])
  assert.deepEqual(counts(tally), none)
  assert.equal(tally.requests, 3)
  assert.deepEqual(tally.statuses, { 200: 3 })
})

test('a 5xx counts, unless it is 503 with Retry-After', async () => {
  assert.deepEqual(counts(await judged(['/error'])), { ...none, errors5xx: 1 })
  assert.deepEqual(counts(await judged(['/busy-for-ever'])), { ...none, errors5xx: 1 })
  assert.deepEqual(counts(await judged(['/busy'])), { ...none, overloaded: 1 })
})

test('a request counts as unanswered if nothing, half an answer, or too few answers come', async () => {
  for (const path of ['/hangs', '/closes', '/half']) {
    assert.deepEqual(counts(await judged([path])), { ...none, unanswered: 1 }, path)
  }
  const pipeline = await judged(['/well', '/hangs', '/hangs'])
  assert.deepEqual(counts(pipeline), { ...none, unanswered: 2 })
})

test('bytes that are no request may be answered by the end of the connection, but not by silence', async () => {
  assert.deepEqual(counts(await judged(['/closes'], { due: 'end' })), none)
  assert.deepEqual(counts(await judged(['/hangs'], { due: 'end' })), { ...none, unanswered: 1 })
})

test('a client that leaves gets nothing, but a refused connection counts', async () => {
  assert.deepEqual(counts(await judged(['/hangs'], { due: 'nothing', leave: 'abort' })), none)
  const tally = new Tally([], () => {})
  const request = { parts: [], due: 'nothing', limitMs: 300 } as const
  tally.judge('test', '', request, { answers: [], end: 'refused', ms: 1 })
  assert.equal(tally.unanswered, 1)
})

test('a stack and a path of the server count as wrong', async () => {
  assert.equal((await judged(['/stack'])).wrong, 1)
  assert.equal((await judged(['/path'])).wrong, 1)
})

test('what breaks off while a process is killed is excused, a 5xx is not', async () => {
  const tally = new Tally([], () => {})
  const request = { parts: [], due: 'answer', limitMs: 300 } as const
  await tally.whileInterrupted(async () => {
    tally.judge('test', '', request, { answers: [], end: 'closed', ms: 1 })
    const headers = new Map<string, string>()
    const answers = [{ status: 500, headers, body: '' }]
    tally.judge('test', '', request, { answers, end: 'complete', ms: 1 })
  })
  assert.deepEqual(counts(tally), { ...none, errors5xx: 1 })
  assert.equal(tally.interrupted, 1)
  // it began during the interruption, and ended after it
  tally.judge('test', '', request, { answers: [], end: 'timeout', ms: 10_000 })
  assert.equal(tally.interrupted, 2)
})

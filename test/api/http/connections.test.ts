import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../../testing/eventually.js'
import { startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer({
    limits: { bodyGraceMs: 1000, headersTimeoutMs: 2000, allBodiesBytes: 4 * 2 ** 20 },
  })
})
after(() => server.close())

/** A connection that keeps what it receives. */
function open() {
  const { port } = new URL(server.url)
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  let closed = false
  socket.on('data', chunk => {
    received += chunk
  })
  socket.on('close', () => {
    closed = true
  })
  socket.on('error', () => {})
  return {
    socket,
    received: () => received,
    closed: () => closed,
    status: async (status: number) => {
      await eventually(
        `an answer of ${status}`,
        async () => received.includes('\r\n\r\n') || closed,
      )
      assert.match(received, new RegExp(`^HTTP/1.1 ${status} `), received)
    },
    close: () => eventually('the server closes the connection', async () => closed),
  }
}

const head = (requestLine: string, ...headers: string[]) =>
  `${[`${requestLine} HTTP/1.1`, `host: 127.0.0.1`, ...headers].join('\r\n')}\r\n\r\n`

const withKey = () => `authorization: Bearer ${server.key}`
const jsonType = 'content-type: application/json'

const refusals: [why: string, status: number, request: () => string][] = [
  ['has no key', 401, () => head('POST /jobs', jsonType, 'content-length: 1000')],
  [
    'names another host',
    421,
    () =>
      head('POST /jobs', 'host: x')
        .replace('host: 127.0.0.1\r\n', '')
        .replace('\r\n\r\n', '\r\ncontent-length: 9\r\n\r\n'),
  ],
  ['matches no route', 404, () => head('POST /nowhere', withKey(), 'content-length: 1000')],
  [
    'has a method that the route has not',
    405,
    () => head('PUT /jobs', withKey(), 'content-length: 1000'),
  ],
  ['is too large', 413, () => head('POST /jobs', withKey(), jsonType, 'content-length: 99000000')],
  [
    'has another type',
    415,
    () => head('POST /jobs', withKey(), 'content-type: a/b', 'content-length: 1000'),
  ],
  ['has a body that GET ignores', 200, () => head('GET /jobs', withKey(), 'content-length: 1000')],
]
for (const [why, status, request] of refusals) {
  test(`the connection closes after a request that ${why} and whose body has not arrived`, async () => {
    const client = open()
    client.socket.write(request())
    await client.status(status)
    assert.match(client.received(), /\r\nconnection: close\r\n/i)
    const drip = setInterval(() => client.socket.write('x'), 200)
    await client.close().finally(() => clearInterval(drip))
  })
}

test('the connection stays open after a refusal of a request that has arrived', async () => {
  const client = open()
  client.socket.write(`${head('POST /jobs', jsonType, 'content-length: 2')}{}`)
  await client.status(401)
  client.socket.write(head('GET /healthz'))
  await eventually('a second answer', async () => client.received().includes('HTTP/1.1 200'))
  client.socket.destroy()
})

const drips: [what: string, request: () => string][] = [
  ['a JSON body', () => head('POST /jobs', withKey(), jsonType, 'content-length: 1000')],
  ['chunks', () => head('POST /jobs', withKey(), jsonType, 'transfer-encoding: chunked')],
  [
    'a form',
    () =>
      `${head('POST /datasets', withKey(), 'content-type: multipart/form-data; boundary=b', 'content-length: 1000')}--b\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n`,
  ],
  [
    'an image',
    () =>
      head('POST /models/m/predict', withKey(), 'content-type: image/png', 'content-length: 1000'),
  ],
]
for (const [what, request] of drips) {
  test(`${what} that arrives a byte at a time ends with 408`, async () => {
    const client = open()
    client.socket.write(request())
    const drip = setInterval(() => client.socket.write(what === 'chunks' ? '1\r\nx\r\n' : 'x'), 300)
    await client.close().finally(() => clearInterval(drip))
    await client.status(408)
    assert.match(client.received(), /"code":"BODY_TOO_SLOW"/)
  })
}

test('a head that arrives a byte at a time ends with 408', async () => {
  const client = open()
  const drip = setInterval(() => client.socket.write('G'), 500)
  client.socket.write(head('GET /healthz').slice(0, -2))
  await client.close().finally(() => clearInterval(drip))
  assert.match(client.received(), /^HTTP\/1.1 408 /)
})

test('bodies beyond the memory for all of them are refused with 503 before they are read', async () => {
  const large = () => head('POST /jobs', withKey(), jsonType, `content-length: ${2 ** 20}`)
  const clients = Array.from({ length: 4 }, open)
  for (const client of clients) client.socket.write(large())
  await sleep(200)
  const refused = open()
  refused.socket.write(large())
  await refused.status(503)
  assert.match(refused.received(), /\r\nretry-after: \d+\r\n/i)
  assert.match(refused.received(), /\r\nconnection: close\r\n/i)
  assert.match(refused.received(), /"code":"OVERLOADED"/)
  const chunked = open()
  chunked.socket.write(head('POST /jobs', withKey(), jsonType, 'transfer-encoding: chunked'))
  await chunked.status(503)
  assert.equal((await server.api.get('/jobs')).status, 200)
  for (const { socket } of [...clients, refused, chunked]) socket.destroy()
  await eventually('memory is free again', async () => {
    const answer = await server.api.post('/jobs').send({})
    return answer.status === 400
  })
})

test('a client that expects 100-continue gets it only after the checks', async () => {
  const expectation = 'expect: 100-continue'
  const refused = open()
  refused.socket.write(head('POST /jobs', jsonType, 'content-length: 2', expectation))
  await refused.status(401)
  const accepted = open()
  accepted.socket.write(head('POST /jobs', withKey(), jsonType, 'content-length: 2', expectation))
  await accepted.status(100)
  accepted.socket.write('{}')
  await eventually('the answer', async () => accepted.received().includes('HTTP/1.1 400'))
  const other = open()
  other.socket.write(head('POST /jobs', withKey(), jsonType, 'content-length: 2', 'expect: x'))
  await other.status(417)
  for (const { socket } of [refused, accepted, other]) socket.destroy()
})

const oddRequests: [what: string, status: number, request: string][] = [
  ['QUERY', 405, head('QUERY /jobs')],
  ['QUERY with a body', 405, `${head('QUERY /jobs', jsonType, 'content-length: 2')}{}`],
  ['an unknown method', 405, head('FROB /jobs')],
  ['an unknown method of an unknown path', 404, head('FROB /nowhere')],
  ['a method in lower case', 405, head('get /jobs')],
  ['CONNECT', 405, head('CONNECT example.org:80')],
  ['TRACE', 405, head('TRACE /jobs')],
  ['OPTIONS *', 404, head('OPTIONS *')],
  ['an absolute URL', 200, head('GET http://127.0.0.1/healthz')],
  ['a broken escape', 400, head('GET /jobs/%zz')],
  ['a lone surrogate', 400, head('GET /jobs/%ED%A0%80')],
  ['a NUL', 401, head('GET /jobs/%00')],
  ['two lengths', 400, `${head('POST /jobs', 'content-length: 1', 'content-length: 2')}ab`],
  [
    'a length and chunks',
    400,
    `${head('POST /jobs', 'content-length: 1', 'transfer-encoding: chunked')}0\r\n\r\n`,
  ],
  ['chunks that are not last', 400, head('POST /jobs', 'transfer-encoding: chunked, x')],
  ['a negative length', 400, head('POST /jobs', 'content-length: -1')],
  ['no host', 400, 'GET /healthz HTTP/1.1\r\n\r\n'],
  ['no HTTP', 400, 'hello\r\n\r\n'],
  ['HTTP/2', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a blank before the colon', 400, head('GET /healthz', 'a : b')],
  ['a folded header', 400, head('GET /healthz', 'a: b', ' c')],
  ['a large header', 431, head('GET /healthz', `a: ${'b'.repeat(20_000)}`)],
  [
    'many headers',
    431,
    head('GET /healthz', ...Array.from({ length: 4000 }, (_, i) => `a${i}: b`)),
  ],
  ['an upgrade', 200, head('GET /healthz', 'connection: upgrade', 'upgrade: websocket')],
]
for (const [what, status, request] of oddRequests) {
  test(`${what} is answered with ${status}`, async () => {
    const client = open()
    client.socket.write(request)
    await client.status(status)
    if (status === 405) assert.match(client.received(), /\r\nallow: /i)
    client.socket.destroy()
  })
}

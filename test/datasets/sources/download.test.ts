import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type DownloadOptions, download } from '../../../src/datasets/sources/download.js'
import {
  parseFetchRules,
  parseSourceUrl,
  publicOnly,
  resolveSource,
} from '../../../src/datasets/sources/fetch-rules.js'
import { TrainyardError } from '../../../src/errors.js'
import { serveInPieces, serveWeb } from './web-server.js'

const loopback = parseFetchRules(['127.0.0.0/8', '::1'])
const quick = { headMs: 400, idleMs: 400, retryDelaysMs: [1, 1, 1] }

async function fetchAll(url: string, options: Partial<DownloadOptions> = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const content = download(parseSourceUrl(url), {
    rules: loopback,
    maxBytes: 10_000_000,
    signal: new AbortController().signal,
    onLength: async () => {},
    timing: quick,
    ...options,
  })
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const failsWith = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TrainyardError, String(error))
  assert.equal(error.code, code, error.message)
  assert.match(error.message, message)
  return true
}

const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')

test('a broken download goes on where it broke', async t => {
  const content = randomBytes(1_000_000)
  const server = await serveWeb(
    t,
    serveInPieces(() => content, 300_000),
  )
  const lengths: (number | null)[] = []
  const fetched = await fetchAll(`http://127.0.0.1:${server.port}/a`, {
    onLength: async bytes => void lengths.push(bytes),
  })
  assert.equal(sha256(fetched), sha256(content))
  assert.deepEqual(lengths, [1_000_000])
  assert.ok(server.requests.length >= 4, `${server.requests.length} requests`)
  for (const { headers } of server.requests.slice(1)) {
    assert.match(headers.range ?? '', /^bytes=\d+-$/)
    assert.equal(headers['if-range'], '"one"')
  }
})

test('a file that changes during a broken download is refused', async t => {
  let version = 1
  const pieces = serveInPieces(
    () => Buffer.alloc(500_000, version),
    300_000,
    () => `"v${version}"`,
  )
  const server = await serveWeb(t, (request, response) => {
    // as If-Range demands: another version is sent from its beginning
    if (request.headers['if-range']) {
      version = 2
      delete request.headers.range
    }
    pieces(request, response)
  })
  await assert.rejects(
    fetchAll(`http://127.0.0.1:${server.port}/a`),
    failsWith('SOURCE_CHANGED', /changed while it was read/),
  )
})

test('a broken download without ETag and date cannot go on, and says so', async t => {
  const server = await serveWeb(
    t,
    serveInPieces(
      () => Buffer.alloc(500_000),
      300_000,
      () => null,
    ),
  )
  await assert.rejects(
    fetchAll(`http://127.0.0.1:${server.port}/a`),
    failsWith('SOURCE_FAILED', /broke off after \d+ bytes/),
  )
})

test('redirects are followed, at most five, and each is checked', async t => {
  const server = await serveWeb(t, ({ url = '' }, response) => {
    const count = Number(/^\/hop\/(\d+)$/.exec(url)?.[1] ?? 0)
    const target = /^\/to\?(.*)$/.exec(url)?.[1]
    if (target) response.writeHead(302, { location: decodeURIComponent(target) }).end()
    else if (count > 0) response.writeHead(307, { location: `/hop/${count - 1}` }).end()
    else response.end('a,b\n1,2\n')
  })
  const at = `http://127.0.0.1:${server.port}`
  assert.equal(String(await fetchAll(`${at}/hop/5`)), 'a,b\n1,2\n')
  await assert.rejects(fetchAll(`${at}/hop/6`), failsWith('SOURCE_FAILED', /more than 5 redirects/))
  const forbidden = [
    'http://169.254.169.254/latest/meta-data',
    'http://0.0.0.0/',
    'http://[::ffff:10.0.0.1]/',
    'http://192.168.0.1/',
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'http://user:secret@127.0.0.1/',
  ]
  for (const target of forbidden) {
    await assert.rejects(
      fetchAll(`${at}/to?${encodeURIComponent(target)}`),
      failsWith('SOURCE_REFUSED', /./),
      target,
    )
  }
})

/** All of these lead to this machine or its network. */
const trickyHosts = [
  ...['127.0.0.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '0.0.0.0', '127.0.0.1.'],
  ...['169.254.169.254', '0xa9fea9fe', '2852039166', '10.0.0.1', '192.168.1.1', '100.64.0.1'],
  ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]', '[fe80::1]'],
  ...['[fd00:ec2::254]', 'localhost', 'LOCALHOST', 'localhost.', '①②⑦.0.0.1'],
]

for (const host of trickyHosts) {
  test(`http://${host}/ is not fetched without a rule`, async () => {
    // not every system resolves `localhost.`
    const refused = /TRAINYARD_FETCH_ALLOW|'localhost' cannot be resolved/
    await assert.rejects(fetchAll(`http://${host}/`, { rules: publicOnly }), refused)
  })
}

test('a listed name is called whatever its address, and a network only allows its own addresses', async () => {
  const named = parseFetchRules(['localhost', '*.example.test'])
  assert.ok((await resolveSource(new URL('http://localhost:81/'), named)).length > 0)
  const refused = failsWith('SOURCE_REFUSED', /TRAINYARD_FETCH_ALLOW/)
  await assert.rejects(resolveSource(new URL('http://127.0.0.1/'), named), refused)
  await assert.rejects(
    resolveSource(new URL('http://127.0.0.1/'), parseFetchRules(['10.0.0.0/8'])),
    refused,
  )
})

test('a port of another service is not called without a rule', async () => {
  await assert.rejects(
    resolveSource(new URL('http://1.1.1.1:25/'), publicOnly),
    failsWith('SOURCE_REFUSED', /the port is 25/),
  )
})

test('a name is resolved once for each connection, so DNS rebinding has no effect', async t => {
  const server = await serveWeb(t, (_request, response) => void response.end('content'))
  const answers = ['127.0.0.1', '169.254.169.254', '169.254.169.254']
  const lookup = async () => [{ address: answers.shift()!, family: 4 }]
  t.mock.method(dns.promises, 'lookup', lookup as unknown as typeof dns.promises.lookup)
  const second = t.mock.method(dns, 'lookup')
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  const url = `http://rebinding.invalid:${server.port}/`
  assert.equal(String(await fetchAll(url)), 'content')
  assert.equal(second.mock.callCount(), 0)
  await assert.rejects(fetchAll(url), failsWith('SOURCE_REFUSED', /not public/))
})

test('servers that do not answer, stop or trickle are given up', async t => {
  const server = await serveWeb(t, ({ url }, response) => {
    if (url === '/silent') return
    response.writeHead(200, { 'content-length': 100_000 })
    response.write('x')
    if (url !== '/trickle') return
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const at = `http://127.0.0.1:${server.port}`
  const once = { ...quick, retryDelaysMs: [] }
  const gives = (path: string, message: RegExp, timing: DownloadOptions['timing'] = once) =>
    assert.rejects(fetchAll(at + path, { timing: timing! }), failsWith('SOURCE_FAILED', message))
  await gives('/silent', /sent nothing|does not answer/)
  await gives('/stops', /broke off after 1 bytes: it sent nothing for 0.4 s/)
  await gives('/trickle', /less than 1000 bytes per second/, {
    ...once,
    graceMs: 200,
    bytesPerSecond: 1000,
  })
})

test('a length that is too large is refused before the body, and a lie about it is noticed', async t => {
  const server = await serveWeb(t, ({ url }, response) => {
    const length = url === '/huge' ? 10_000_001 : 5000
    response.writeHead(200, { 'content-length': length, etag: '"a"' })
    response.write(Buffer.alloc(1000), () => response.destroy())
  })
  const at = `http://127.0.0.1:${server.port}`
  await assert.rejects(
    fetchAll(`${at}/huge`),
    failsWith('DATASET_TOO_LARGE', /has 10000001 bytes, and an upload has at most 10000000/),
  )
  assert.equal(server.requests.length, 1)
  await assert.rejects(
    fetchAll(`${at}/short`),
    failsWith('SOURCE_FAILED', /another part|broke off/),
  )
})

test('content is taken as it is sent, and an encoding that is not understood is refused', async t => {
  const packed = gzipSync('a,b\n1,2\n')
  const server = await serveWeb(t, ({ url }, response) => {
    const encoding = url === '/gzip' ? 'gzip' : 'br'
    response.writeHead(200, { 'content-encoding': encoding }).end(packed)
  })
  const at = `http://127.0.0.1:${server.port}`
  assert.deepEqual(await fetchAll(`${at}/gzip`), packed)
  await assert.rejects(fetchAll(`${at}/br`), failsWith('SOURCE_FAILED', /sent as br/))
})

test('a refusal is final, and a server that is busy is asked again', async t => {
  let busy = 2
  const server = await serveWeb(t, ({ url }, response) => {
    if (url === '/gone') response.writeHead(404).end()
    else if (busy-- > 0) response.writeHead(503).end()
    else response.end('late')
  })
  const at = `http://127.0.0.1:${server.port}`
  await assert.rejects(fetchAll(`${at}/gone`), failsWith('SOURCE_FAILED', /answers 404 Not Found/))
  assert.equal(String(await fetchAll(`${at}/busy`)), 'late')
})

test('no message has the path or the query of a URL, which may be secret', async t => {
  const server = await serveWeb(t, (_request, response) => void response.writeHead(403).end())
  await assert.rejects(fetchAll(`http://127.0.0.1:${server.port}/token-1?sig=token-2`), error => {
    assert.doesNotMatch(String(error), /token/)
    return true
  })
})

test('an aborted download ends at once with the reason', async t => {
  const server = await serveWeb(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 })
    response.write('x')
  })
  const controller = new AbortController()
  const reason = new Error('cancelled')
  const fetched = fetchAll(`http://127.0.0.1:${server.port}/`, {
    signal: controller.signal,
    timing: {},
    onLength: async () => void setTimeout(() => controller.abort(reason), 50),
  })
  await assert.rejects(fetched, error => error === reason)
})

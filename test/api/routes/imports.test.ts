import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { DatasetRequest } from '../../../src/spec/dataset-request.js'
import { eventually } from '../../../testing/eventually.js'
import { openEventStream } from '../../../testing/sse.js'
import { idxFiles, startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
let root: string
let web: { at: string; answer: RequestListener; close(): void }

before(async () => {
  web = await startWeb()
  root = await mkdtemp(join(tmpdir(), 'roots-'))
  server = await startServer({ sources: { dataRoots: [root], fetchAllow: ['127.0.0.1'] } })
})
after(async () => {
  await server.close()
  web.close()
  await rm(root, { recursive: true })
})

async function startWeb() {
  const served = { answer: (() => {}) as RequestListener }
  const http = createServer((request, response) => served.answer(request, response))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const at = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const close = () => {
    http.closeAllConnections()
    http.close()
  }
  return Object.assign(served, { at, close })
}

const leftovers = () => readdir(join(server.folder, 'data', '.staging')).catch(() => [])
const make = (body: object, query = '') => server.api.post(`/datasets${query}`).send(body)

const csv = (rows = 50) =>
  `size,colour\n${Array.from({ length: rows }, (_, i) => `${i},${i % 2 ? 'red' : 'blue'}\n`).join('')}`

/** Everything of a manifest that follows from the content. */
function contentOf(manifest: Record<string, unknown>) {
  const { name: _, createdAt: __, ...content } = manifest
  return content
}

test('every source gives the data set that an upload of the same bytes gives', async () => {
  const text = csv()
  const uploaded = await server.api
    .post('/datasets')
    .field('target', 'colour')
    .attach('file', Buffer.from(text), 'stones.csv')
  assert.equal(uploaded.status, 201, uploaded.text)
  await writeFile(join(root, 'stones.csv'), text)
  await writeFile(join(root, 'stones.csv.gz'), gzipSync(text))
  web.answer = (_request, response) => void response.end(text)
  const sha256 = createHash('sha256').update(text).digest('hex')
  const sources = [
    { kind: 'folder', path: join(root, 'stones.csv') },
    { kind: 'folder', path: 'stones.csv.gz' },
    { kind: 'url', url: `${web.at}/files/stones.csv`, sha256 },
  ]
  for (const source of sources) {
    const made = await make({ source, target: 'colour' })
    assert.equal(made.status, 200, made.text)
    assert.equal(made.headers.location, `/datasets/${uploaded.body.id}`)
    assert.deepEqual(contentOf(made.body), contentOf(uploaded.body))
  }
  assert.deepEqual(await leftovers(), [])
})

test('an IDX pair comes from a folder, or from two URLs', async () => {
  const { images, labels } = idxFiles(30)
  await mkdir(join(root, 'digits'))
  await writeFile(join(root, 'digits', 'images'), images)
  await writeFile(join(root, 'digits', 'labels.gz'), gzipSync(labels))
  const fromFolder = await make({
    source: { kind: 'folder', path: join(root, 'digits') },
    name: 'digits',
    labels: ['even', 'odd'],
  })
  assert.equal(fromFolder.status, 201, fromFolder.text)
  assert.deepEqual(fromFolder.body.labels, ['even', 'odd'])
  web.answer = ({ url }, response) => void response.end(url === '/labels' ? labels : images)
  const fromUrls = await make({
    sources: ['images', 'labels'].map(path => ({ kind: 'url', url: `${web.at}/${path}` })),
    labels: ['even', 'odd'],
  })
  assert.equal(fromUrls.status, 200, fromUrls.text)
  assert.equal(fromUrls.body.id, fromFolder.body.id)
})

test('the JSON of a request has all fields of the form', async () => {
  const { body } = await server.api.get('/openapi.json')
  const form = body.paths['/datasets'].post.requestBody.content['multipart/form-data'].schema
  const { file: _, ...fields } = form.properties
  const { source: __, sources: ___, ...options } = DatasetRequest.properties
  assert.deepEqual(Object.keys(options).sort(), Object.keys(fields).sort())
})

test('what is wrong with a request is said before anything is fetched', async () => {
  let asked = 0
  web.answer = (_request, response) => {
    asked++
    response.end(csv())
  }
  const source = { kind: 'url', url: `${web.at}/a.csv` }
  const invalid: [object, number, string, RegExp][] = [
    [{}, 422, 'DATASET_FORM', /source is expected, or sources/],
    [{ source, sources: [source] }, 422, 'DATASET_FORM', /source is expected, or sources/],
    [{ source: { kind: 'ftp', url: 'x' } }, 400, 'INVALID_REQUEST', /kind/],
    [{ source, height: 'tall' }, 400, 'INVALID_REQUEST', /height/],
    [{ source, delimiter: 'x' }, 422, 'DATASET_FORM', /delimiter/],
    [{ source: { ...source, headers: { a: 'b' } } }, 400, 'INVALID_REQUEST', /headers/],
    [{ source: { kind: 'url', url: 'file:///etc/passwd' } }, 422, 'SOURCE_REFUSED', /file:/],
    [{ source: { kind: 's3', url: 's3://photos/a' } }, 422, 'SOURCE_REFUSED', /s3:\/\/photos/],
    [{ source: { kind: 'url', url: 'http://a:b@c.example/' } }, 422, 'SOURCE_REFUSED', /password/],
    [{ source: { kind: 'folder', path: '/etc/passwd' } }, 422, 'SOURCE_REFUSED', /DATA_ROOTS/],
    [{ source: { kind: 'url', url: 'http://[::1]:1234/' } }, 422, 'SOURCE_REFUSED', /not public/],
  ]
  for (const [body, status, code, message] of invalid) {
    const answer = await make(body)
    assert.equal(answer.status, status, answer.text)
    assert.equal(answer.body.code, code, answer.text)
    assert.match(answer.body.detail, message)
  }
  assert.equal(asked, 0)
  assert.deepEqual(await leftovers(), [])
})

test('a fetched file with another checksum, and one with errors, leave no files', async () => {
  web.answer = (_request, response) => void response.end('a,b\n1\n')
  const url = `${web.at}/bad.csv`
  const other = await make({ source: { kind: 'url', url, sha256: '0'.repeat(64) } })
  assert.equal(other.body.code, 'SOURCE_CHECKSUM', other.text)
  const bad = await make({ source: { kind: 'url', url } })
  assert.equal(bad.status, 422, bad.text)
  assert.equal(bad.body.errors[0].path, 'bad.csv#line=2&column=2')
  assert.deepEqual(await leftovers(), [])
})

test('a bomb in gzip is refused', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20))
  web.answer = (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
  }
  const answer = await make({ source: { kind: 'url', url: `${web.at}/a.csv` } })
  assert.equal(answer.body.code, 'DATASET_TOO_LARGE', answer.text)
  assert.deepEqual(await leftovers(), [])
})

/** Serves a file whose second half waits until `finish` is called. */
function serveSlowly(text: string) {
  const half = Math.floor(text.length / 2)
  let finish = () => {}
  const released = new Promise<void>(resolve => {
    finish = resolve
  })
  web.answer = async (_request, response) => {
    response.writeHead(200, { 'content-length': text.length, etag: '"a"' })
    response.write(text.slice(0, half))
    await released
    response.end(text.slice(half))
  }
  return { half, finish, source: { kind: 'url', url: `${web.at}/private/slow.csv?sig=secret` } }
}

test('what takes long is answered with 202, and followed to its data set', async () => {
  const { half, finish, source } = serveSlowly(csv(2000))
  const started = await make({ source, name: 'slow' }, '?wait=0')
  assert.equal(started.status, 202, started.text)
  const { location } = started.headers
  assert.match(location!, /^\/imports\/imp-[0-9a-z]{26}$/)
  assert.equal(started.body.status, 'fetching')
  assert.equal(started.body.name, 'slow')
  assert.ok(!started.text.includes('secret'), started.text)
  const progress = await eventually('half of the file', async () => {
    const { body } = await server.api.get(location!)
    return body.progress?.done === half ? body.progress : null
  })
  assert.equal(progress.phase, 'fetching')
  assert.equal(progress.unit, 'bytes')
  assert.equal(progress.total, half * 2 + (csv(2000).length % 2))
  const listed = await server.api.get('/imports')
  assert.ok(listed.body.items.some(({ id }: { id: string }) => location!.endsWith(id)))
  const events = await openEventStream(server, `${location}/events`)
  finish()
  const statuses: string[] = []
  let last: Record<string, unknown> = {}
  for (let frame = await events.nextEvent(); frame; frame = await events.nextEvent()) {
    assert.equal(frame.event, 'import')
    last = JSON.parse(frame.data!)
    statuses.push(String(last.status))
  }
  assert.equal(statuses[0], 'fetching')
  assert.equal(last.status, 'succeeded')
  assert.equal(last.created, true)
  const made = await server.api.get('/datasets/slow')
  assert.equal(made.body.id, last.dataset)
  assert.equal(made.body.records, 2000)
  const ticket = await server.api.post('/stream-tickets').send({ path: `${location}/events` })
  assert.equal(ticket.status, 201, ticket.text)
  const headers = { accept: 'text/event-stream' }
  const byTicket = await fetch(`${server.url}${ticket.body.url}`, { headers })
  assert.match(await byTicket.text(), /^id: end\nevent: import\n/m)
  const over = await server.api
    .get(`${location}/events`)
    .set('accept', 'text/event-stream')
    .set('last-event-id', 'end')
  assert.equal(over.status, 204)
  assert.equal((await server.api.delete(location!)).status, 204)
  assert.equal((await server.api.get(location!)).status, 404)
  assert.equal((await server.api.get('/datasets/slow')).status, 200)
})

test('Prefer: respond-async asks for 202 at once, also with a form', async () => {
  const { images, labels } = idxFiles(20)
  const started = await server.api
    .post('/datasets')
    .set('prefer', 'respond-async')
    .field('name', 'async')
    .attach('file', images, 'images')
    .attach('file', labels, 'labels')
  assert.equal(started.status, 202, started.text)
  assert.equal(started.headers['preference-applied'], 'respond-async')
  assert.deepEqual(started.body.source, ['a form'])
  const ended = await eventually('the end of the import', async () => {
    const { body } = await server.api.get(started.headers.location!)
    return body.finishedAt ? body : null
  })
  assert.equal(ended.status, 'succeeded', JSON.stringify(ended))
  assert.equal((await server.api.get('/datasets/async')).body.id, ended.dataset)
})

test('the problem of a failed import is what a waiting request would get', async () => {
  await writeFile(join(root, 'bad.csv'), 'a,b\n1\n')
  const source = { kind: 'folder', path: 'bad.csv' }
  const waiting = await make({ source })
  const started = await make({ source }, '?wait=0')
  assert.equal(started.status, 202, started.text)
  const ended = await eventually('the end of the import', async () => {
    const { body } = await server.api.get(started.headers.location!)
    return body.finishedAt ? body : null
  })
  const { instance: _, ...problem } = waiting.body
  assert.equal(ended.status, 'failed')
  assert.deepEqual(ended.problem, problem)
  assert.equal(ended.dataset, null)
})

test('a cancelled import ends, leaves no files, and tells who waits for it', async () => {
  const { finish, source } = serveSlowly(csv(2000))
  const started = await make({ source }, '?wait=0')
  const cancelled = await server.api.post(`${started.headers.location}/cancel`)
  assert.equal(cancelled.status, 200, cancelled.text)
  assert.equal(cancelled.body.status, 'cancelled')
  assert.equal(cancelled.body.problem.code, 'IMPORT_CANCELLED')
  assert.deepEqual(await leftovers(), [])
  const waiting = make({ source }).then(answer => answer)
  const id = await eventually('the import of the waiting request', async () => {
    const { body } = await server.api.get('/imports')
    const found = body.items.find(({ status }: { status: string }) => status === 'fetching')
    return found?.id ?? null
  })
  await server.api.delete(`/imports/${id}`)
  const answer = await waiting
  assert.equal(answer.status, 409, answer.text)
  assert.equal(answer.body.code, 'IMPORT_CANCELLED')
  finish()
  assert.deepEqual(await leftovers(), [])
})

test('an import that does not exist is 404', async () => {
  for (const id of ['imp-00000000000000000000000000', 'x', '..%2fdatasets']) {
    const answer = await server.api.get(`/imports/${id}`)
    assert.equal(answer.status, 404, answer.text)
  }
})

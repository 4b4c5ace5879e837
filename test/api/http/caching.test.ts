import assert from 'node:assert/strict'
import { get } from 'node:http'
import { after, before, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import supertest from 'supertest'
import { acceptedEncoding } from '../../../src/api/http/compression.js'
import {
  putModel,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer({ webhooks: 'private' })
  await uploadDataset(server)
  await putModel(server.store, 'shades-model')
})
after(() => server.close())

test('what does not change has an ETag, and is not sent to a client that has it', async () => {
  const paths = [
    ...['/datasets/shades', '/models/shades-model', '/models/shades-model/archive'],
    ...['/openapi.json', '/docs', '/docs/swagger-ui.css'],
  ]
  for (const path of paths) {
    const first = await server.api.get(path)
    const tag = first.headers.etag!
    assert.match(tag, /^W\/"[\w-]+"$/, path)
    assert.notEqual(first.headers['cache-control'], 'no-store', path)
    for (const kept of [tag, `"other", ${tag}`, tag.slice(2), '*']) {
      const again = await server.api.get(path).set('if-none-match', kept)
      assert.equal(again.status, 304, `${path} ${kept}`)
      assert.equal(again.headers.etag, tag)
      assert.equal(again.headers['cache-control'], first.headers['cache-control'])
      assert.equal(again.headers['content-type'], undefined)
      assert.ok(!again.text)
    }
    const head = await server.api.head(path).set('if-none-match', tag)
    assert.equal(head.status, 304, path)
    assert.equal(head.headers['content-length'], undefined, path)
    assert.equal((await server.api.get(path).set('if-none-match', 'W/"other"')).status, 200, path)
  }
  // only with a key, and by its browser alone
  const { headers } = await server.api.get('/datasets/shades')
  assert.equal(headers['cache-control'], 'private, no-cache')
  const other = supertest(server.url).get('/datasets/shades').set('if-none-match', headers.etag!)
  assert.equal((await other).status, 401)
  assert.equal((await server.api.get('/jobs')).headers['cache-control'], 'no-store')

  await putModel(server.store, 'shades-model', 2)
  const newer = await server.api
    .get('/models/shades-model/archive')
    .set('if-none-match', headers.etag!)
  assert.equal(newer.status, 200)
})

test('JSON and text of more than a kilobyte are compressed for who accepts it', async () => {
  const plain = await answerOf('/openapi.json', 'identity')
  const cases: [string, string | undefined, (body: Buffer) => Buffer][] = [
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['br;q=0, *', 'gzip', gunzipSync],
    ['deflate', undefined, body => body],
  ]
  for (const [accepted, encoding, decode] of cases) {
    const { headers, body } = await answerOf('/openapi.json', accepted)
    assert.equal(headers['content-encoding'], encoding, accepted)
    assert.equal(Number(headers['content-length']), body.length)
    assert.match(headers.vary!, /accept-encoding/)
    assert.ok(decode(body).equals(plain.body), accepted)
    if (encoding) assert.ok(body.length < plain.body.length / 4)
  }
  // too short; an archive; no text
  for (const path of ['/healthz', '/models/shades-model/archive', '/docs/favicon-32x32.png']) {
    const { headers } = await answerOf(path, 'gzip')
    assert.equal(headers['content-encoding'], undefined, path)
  }
  // an answer with a secret
  const request = { url: `http://127.0.0.1:9/${'long'.repeat(400)}` }
  const webhook = await server.api.post('/webhooks').send(request).set('accept-encoding', 'gzip')
  assert.equal(webhook.status, 201)
  assert.equal(webhook.headers['content-encoding'], undefined)
})

test('what is sent in parts is compressed too, but no stream of events', async () => {
  const { body: job } = await server.api
    .post('/jobs')
    .send({ model: { kind: 'resnet' }, dataset: 'shades', training: { steps: 4, batchSize: 4 } })
  const path = `/jobs/${job.id}/metrics`
  const { headers, body } = await answerOf(`${path}?format=csv`, 'gzip')
  assert.equal(headers['content-encoding'], 'gzip')
  assert.match(String(gunzipSync(body)), /^step,/)
  const stream = await server.api.head(`/jobs/${job.id}/events`).set('accept-encoding', 'gzip')
  assert.equal(stream.headers['content-encoding'], undefined)
  assert.equal(stream.headers['cache-control'], 'no-store, no-transform')
  assert.equal(stream.headers['x-accel-buffering'], 'no')
})

test('an Accept-Encoding header is read as RFC 9110 says', () => {
  const cases: [string | undefined, string | null][] = [
    [undefined, null],
    ['', null],
    ['identity', null],
    ['gzip', 'gzip'],
    ['GZIP;q=0.5, br;q=0.1', 'br'],
    ['br;q=0, gzip; q=0.2', 'gzip'],
    ['*', 'br'],
    ['*;q=0', null],
    ['gzip;q=nonsense', null],
  ]
  for (const [header, expected] of cases) assert.equal(acceptedEncoding(header), expected, header)
})

/** Node's own client, which decodes nothing. */
function answerOf(path: string, acceptEncoding: string) {
  const headers = { authorization: `Bearer ${server.key}`, 'accept-encoding': acceptEncoding }
  return new Promise<{ headers: NodeJS.Dict<string>; body: Buffer }>((resolve, reject) => {
    get(server.url + path, { headers }, response => {
      const chunks: Buffer[] = []
      response
        .on('data', chunk => chunks.push(chunk))
        .on('end', () => {
          resolve({ headers: response.headers as NodeJS.Dict<string>, body: Buffer.concat(chunks) })
        })
    }).on('error', reject)
  })
}

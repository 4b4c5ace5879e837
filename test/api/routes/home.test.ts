import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
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

test('at the address of the server a browser gets a page that leads on, and a program JSON', async () => {
  const get = () => supertest(server.url).get('/')
  const page = await get().set('accept', 'text/html,application/xhtml+xml,*/*;q=0.8')
  assert.equal(page.status, 200)
  assert.match(page.headers['content-type']!, /^text\/html/)
  assert.match(page.headers['content-security-policy']!, /default-src 'none'/)
  assert.ok(page.text.includes(`URL=${server.url}\n`))
  const { status, body } = await get()
  assert.equal(status, 200)
  assert.equal(body.name, 'trainyard')
  const paths = [...page.text.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path!)
  assert.ok(paths.length >= 3)
  for (const path of [...paths, body.docs, body.openapi, body.health]) {
    assert.notEqual((await supertest(server.url).get(path)).status, 404, path)
  }
})

test('HEAD answers as GET, without a body, wherever there is GET', async () => {
  const { id } = (await server.api.post('/jobs').send(smallJob)).body
  const { body: document } = await server.api.get('/openapi.json')
  const paths = Object.entries<Record<string, object>>(document.paths)
    .filter(([path, operations]) => operations.get && !path.endsWith('/events'))
    .map(([path]) => path.replace(/^\/jobs\/\{id\}/, `/jobs/${id}`))
    .map(path => path.replace('/datasets/{id}', '/datasets/shades').replace(/\{\w+\}/g, '1'))
  assert.ok(paths.length > 20, paths.join(' '))
  for (const path of [...paths, '/', '/docs', '/openapi.json']) {
    // supertest asks for compression in GET only
    const accept = { 'accept-encoding': 'gzip' }
    const get = await server.api.get(path).set(accept)
    const head = await server.api.head(path).set(accept)
    assert.equal(head.status, get.status, path)
    assert.equal(head.headers['content-type'], get.headers['content-type'], path)
    // two answers to these differ: they measure; and an error names its request
    if (path !== '/metrics' && path !== '/server')
      assert.equal(head.headers['content-length'], get.headers['content-length'], path)
    assert.ok(!head.text, path)
  }
  // would be open for as long as the job is not over
  for (const path of [`/jobs/${id}/metrics`, `/jobs/${id}/events`]) {
    const stream = await server.api.head(path).set('accept', 'text/event-stream')
    assert.equal(stream.status, 200)
    assert.equal(stream.headers['content-type'], 'text/event-stream')
  }
  // without a key, as GET
  assert.equal((await supertest(server.url).head('/jobs')).status, 401)
})

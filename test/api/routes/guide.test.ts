import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
import { guideFolder } from '../../../src/places.js'
import { startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  await readFile(join(guideFolder, 'index.html')).catch(() => {
    throw new Error('the guide has not been built: run npm run build')
  })
  server = await startServer()
})
after(() => server.close())

const asBrowser = { accept: 'text/html,*/*;q=0.8' }

test('the guide needs no key, and its address without a slash leads to it', async () => {
  const api = supertest(server.url)
  const moved = await api.get('/docs/guide')
  assert.equal(moved.status, 308)
  // relative, so that it is right behind any proxy
  assert.equal(moved.headers.location, 'guide/')
  const start = await api.get('/docs/guide/')
  assert.equal(start.status, 200)
  assert.match(start.headers['content-type']!, /^text\/html/)
  assert.match(start.text, /<h1 id="guide">Guide<\/h1>/)
  const policy = start.headers['content-security-policy']!
  assert.match(policy, /default-src 'none'/)
  assert.doesNotMatch(policy, /unsafe|https?:|\*/)
  const jobs = await api.get('/docs/guide/jobs')
  assert.match(jobs.text, /<h2 id="labels-and-lists">/)
})

test('pages are asked for again by their ETag, and their files are kept for ever', async () => {
  const api = supertest(server.url)
  const page = await api.get('/docs/guide/jobs')
  assert.equal(page.headers['cache-control'], 'no-cache')
  const again = await api.get('/docs/guide/jobs').set('if-none-match', page.headers.etag!)
  assert.equal(again.status, 304)
  const files = [...page.text.matchAll(/"(files\/[^"]+)"/g)].map(([, path]) => path!)
  assert.ok(files.length >= 4, String(files))
  for (const path of files) {
    const { status, headers } = await api.get(`/docs/guide/${path}`)
    assert.equal(status, 200, path)
    assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable')
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
})

test('what the build has compressed is sent so, and says what it depends on', async () => {
  const api = supertest(server.url)
  for (const encoding of ['br', 'gzip', 'identity']) {
    const { headers } = await api.get('/docs/guide/errors').set('accept-encoding', encoding)
    const told = encoding === 'identity' ? undefined : encoding
    assert.equal(headers['content-encoding'], told)
    assert.match(headers.vary!, /accept-encoding/)
    const head = await api.head('/docs/guide/errors').set('accept-encoding', encoding)
    assert.equal(head.headers['content-length'], headers['content-length'])
  }
})

test('a page that is not there: a browser gets one with the list of all, a program a problem', async () => {
  const api = supertest(server.url)
  const page = await api.get('/docs/guide/nothing').set(asBrowser)
  assert.equal(page.status, 404)
  assert.match(page.text, /No such page/)
  assert.match(page.text, /href="jobs"/)
  const problem = await api.get('/docs/guide/nothing')
  assert.equal(problem.status, 404)
  assert.equal(problem.body.code, 'NOT_FOUND')
  assert.match(problem.body.detail, /no page 'nothing'/)
  for (const path of ['files/none.css', '..%2ffiles.json', 'files/..%2findex.html', 'index.html']) {
    const { status } = await api.get(`/docs/guide/${path}`)
    assert.equal(status, 404, path)
  }
})

test('the start page for programs and the page of the API lead to the guide', async () => {
  const api = supertest(server.url)
  const { body } = await api.get('/')
  assert.equal((await api.get(body.guide)).status, 200)
  assert.match((await api.get('/docs')).text, /href="docs\/guide\/"/)
})

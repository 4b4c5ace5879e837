import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
import { type AccessSettings, onlyThisMachine } from '../../../src/api/access/access-settings.js'
import { buildApp } from '../../../src/api/app.js'
import { startServer, type TestServer, uploadDataset } from '../../../testing/test-server.js'

const publicUrl = 'https://example.com/trainyard'

/** A server that is told of a proxy before it, and of pages that call it. */
let server: TestServer
before(async () => {
  const allowedHosts = ['train.local', '*.example.org']
  const corsOrigins = ['https://app.example.com']
  server = await startServer({ access: { allowedHosts, publicUrl, corsOrigins } })
})
after(() => server.close())

/** Answers requests as a server with other settings does. */
async function withAccess(access: Partial<AccessSettings> = {}) {
  const app = await buildApp({ ...server.deps, access: { ...onlyThisMachine, ...access } })
  return (headers: Record<string, string>, url = '/healthz') =>
    app.inject({ method: 'GET', url, headers })
}

test('a host is answered if it is local, or if a setting names it', async () => {
  const told = [
    ...['localhost:8080', '127.0.0.1', '[::1]:80', 'train.local', 'TRAIN.local:8443'],
    ...['example.com', 'a.b.example.org'],
  ]
  const untold = ['example.org', 'badexample.org', 'train.local.evil.com', 'localhost.evil.com']
  for (const host of [...told, ...untold]) {
    const { status } = await supertest(server.url).get('/healthz').set({ host })
    assert.equal(status, told.includes(host) ? 200 : 421, host)
  }
  const withoutSettings = await withAccess()
  assert.equal((await withoutSettings({ host: 'localhost:80' })).statusCode, 200)
  assert.equal((await withoutSettings({ host: 'train.local' })).statusCode, 421)
  const beyondLoopback = await withAccess({ allowedHosts: ['*'] })
  assert.equal((await beyondLoopback({ host: 'anything.com' })).statusCode, 200)
})

test('a refusal names the value, the setting and what to add, and is logged once', async () => {
  const inject = await withAccess()
  const host = 'localhost:8080'
  const page = 'https://train.example.com'
  const cases: [Record<string, string>, string, RegExp][] = [
    [
      { host: 'train.example.com:8443' },
      'HOST_REFUSED',
      /'train\.example\.com'.+TRAINYARD_ALLOWED_HOSTS=train\.example\.com$/,
    ],
    [{ host: 'a b"<script>' }, 'HOST_REFUSED', /does not know$/],
    // a proxy rewrites Host
    [
      { host, origin: page, 'sec-fetch-site': 'same-origin' },
      'ORIGIN_REFUSED',
      /Host header; .+TRAINYARD_PUBLIC_URL=https:\/\/train\.example\.com$/,
    ],
    [
      { host, origin: page },
      'ORIGIN_REFUSED',
      /TRAINYARD_CORS_ORIGINS=https:.+TRAINYARD_PUBLIC_URL/,
    ],
    [{ host, origin: 'null' }, 'ORIGIN_REFUSED', /'null'.+TRAINYARD_CORS_ORIGINS$/],
    [{ host, 'sec-fetch-site': 'cross-site' }, 'ORIGIN_REFUSED', /embeds.+TRAINYARD_CORS_ORIGINS$/],
  ]
  for (const [headers, code, detail] of cases) {
    await inject(headers)
    const { code: answered, detail: told } = (await inject(headers)).json()
    assert.equal(answered, code)
    assert.match(told, detail)
    const line = JSON.stringify(told).slice(1, -1)
    assert.equal(server.log().split(line).length - 1, 1, told)
  }
})

test('a page of another origin may call the server if a setting names its origin', async () => {
  const api = supertest(server.url)
  const origin = 'https://app.example.com'
  const crossSite = { origin, 'sec-fetch-site': 'cross-site' }
  const asked = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type,traceparent',
  }
  const preflight = await api.options('/jobs').set({ ...crossSite, ...asked })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers['access-control-allow-origin'], origin)
  assert.match(preflight.headers['access-control-allow-methods']!, /POST.+DELETE/)
  assert.match(preflight.headers['access-control-allow-headers']!, /authorization.+traceparent/)
  assert.equal(preflight.headers['access-control-allow-credentials'], undefined)
  // errors can be read, too
  for (const path of ['/healthz', '/jobs', '/nothing']) {
    const { headers } = await api.get(path).set(crossSite)
    assert.equal(headers['access-control-allow-origin'], origin, path)
    assert.match(headers['access-control-expose-headers']!, /location, retry-after/)
    assert.match(headers.vary!, /origin/)
  }
  const refused = await api.options('/jobs').set({ ...asked, origin: 'https://evil.com' })
  assert.equal(refused.status, 403)
  assert.equal(refused.headers['access-control-allow-origin'], undefined)
  // OPTIONS is a preflight only if it asks for a method
  assert.equal((await api.options('/jobs').set({ origin })).status, 405)

  const anyPage = await withAccess({ corsOrigins: ['*'] })
  const { headers } = await anyPage({ host: 'localhost', origin: 'null' })
  assert.equal(headers['access-control-allow-origin'], '*')
  const noPage = await withAccess()
  const own = await noPage({ host: 'localhost:8080', origin: 'http://localhost:8080' })
  assert.equal(own.statusCode, 200)
  assert.equal(own.headers['access-control-allow-origin'], undefined)
})

test('a link on another site leads to a page of the server, and to nothing else', async () => {
  const inject = await withAccess()
  const link = {
    host: 'localhost',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  }
  assert.equal((await inject(link, '/docs')).statusCode, 200)
  assert.equal((await inject({ ...link, 'sec-fetch-dest': 'iframe' }, '/docs')).statusCode, 403)
})

test('pages of the public URL may call the server, whichever host a proxy sends', async () => {
  for (const host of ['example.com', '127.0.0.1:8080']) {
    const headers = { host, origin: 'https://example.com', 'sec-fetch-site': 'same-origin' }
    assert.equal((await supertest(server.url).get('/healthz').set(headers)).status, 200, host)
  }
})

test('links have the public URL, and its path may stay in what a proxy passes on', async () => {
  const { id } = await uploadDataset(server)
  const again = await server.api
    .post('/datasets')
    .attach('file', Buffer.from('a,b\n1,2\n3,4\n'), 'a.csv')
  assert.match(again.headers.location!, /^https:\/\/example\.com\/trainyard\/datasets\/ds-/)
  for (const path of [
    `/datasets/${id}`,
    `/trainyard/datasets/${id}`,
    '/trainyard?x',
    '/trainyard',
  ]) {
    assert.equal((await server.api.get(path)).status, 200, path)
  }
  assert.equal((await server.api.get('/trainyards')).status, 404)
  const page = await server.api.get('/trainyard/').set('accept', 'text/html')
  assert.ok(page.text.includes(`URL=${publicUrl}\n`))
  assert.match(page.text, /href="\/trainyard\/docs"/)
  const document = await server.api.get('/trainyard/openapi.json')
  assert.equal(document.body.servers[0].url, publicUrl)
  await assert.rejects(withAccess({ publicUrl: 'https://example.com/models' }), {
    code: 'INVALID_CONFIGURATION',
    message: /paths below \/models/,
  })
})

test('X-Forwarded headers count only if a trusted proxy sends them', async () => {
  const forwarded = {
    accept: 'text/html',
    host: '127.0.0.1:8080',
    'x-forwarded-host': 'train.local',
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '203.0.113.7',
  }
  const allowedHosts = ['train.local']
  const trusting = await withAccess({ allowedHosts, trustedProxies: ['loopback'] })
  assert.match((await trusting(forwarded, '/')).payload, /URL=https:\/\/train\.local\n/)
  assert.match(server.log(), /"remoteAddress":"203\.0\.113\.7"/)
  const origin = { origin: 'https://train.local', 'sec-fetch-site': 'same-origin' }
  assert.equal((await trusting({ ...forwarded, ...origin })).statusCode, 200)
  // neither hides the other
  assert.equal((await trusting({ ...forwarded, 'x-forwarded-host': 'evil.com' })).statusCode, 421)
  assert.equal((await trusting({ ...forwarded, host: 'evil.com' })).statusCode, 421)

  for (const trustedProxies of [[], ['10.0.0.0/8']]) {
    const untrusting = await withAccess({ allowedHosts, trustedProxies })
    assert.match((await untrusting(forwarded, '/')).payload, /URL=http:\/\/127\.0\.0\.1:8080\n/)
    assert.equal((await untrusting({ ...forwarded, ...origin })).statusCode, 403)
  }
})

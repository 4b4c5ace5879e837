import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
import { type AccessSettings, onlyThisMachine } from '../../../src/api/access/access-settings.js'
import { buildApp } from '../../../src/api/app.js'
import { loadApiKeys } from '../../../src/api/http/api-keys.js'
import { Client, ProblemError } from '../../../src/client/client.js'
import { openEventStream } from '../../../testing/sse.js'
import {
  putModel,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'

const corsOrigin = 'https://app.example.com'

let server: TestServer
/** What a browser sends in a page of the server, beside the cookie. */
let ownPage: Record<string, string>
before(async () => {
  server = await startServer({ access: { corsOrigins: [corsOrigin] } })
  ownPage = { origin: server.url, 'sec-fetch-site': 'same-origin' }
  await uploadDataset(server)
})
after(() => server.close())

const day = 24 * 3600_000

async function signIn({
  headers = ownPage,
  remember = false,
  key = server.key,
  url = server.url,
} = {}) {
  const answer = await supertest(url).post('/session').set(headers).send({ key, remember })
  const setCookie = answer.headers['set-cookie']?.[0]
  return {
    ...answer,
    status: answer.status,
    body: answer.body,
    setCookie,
    cookie: setCookie?.split(';')[0],
  }
}

/** The cookie of a new session. */
async function newCookie(options: Parameters<typeof signIn>[0] = {}): Promise<string> {
  const { cookie } = await signIn(options)
  assert.ok(cookie)
  return cookie
}

const call = (
  cookie: string,
  method: 'get' | 'head' | 'post' | 'delete' = 'get',
  path = '/session',
) => supertest(server.url)[method](path).set('cookie', cookie)

/** Another server over the same data, such as a replica. */
const anotherApp = (changes: Partial<Parameters<typeof buildApp>[0]> = {}) =>
  buildApp({ ...server.deps, access: onlyThisMachine, ...changes })

const ownPort = () => new URL(server.url).port
const callerName = (key: string) =>
  `key-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`

test('who signs in with a key gets a cookie that stands for it, until it signs out', async () => {
  const { status, body, setCookie, cookie } = await signIn()
  assert.equal(status, 200)
  assert.equal(body.caller, callerName(server.key))
  assert.equal(body.remember, false)
  const lifetime = Date.parse(body.expiresAt) - Date.now()
  assert.ok(lifetime > 11.9 * 3600_000 && lifetime <= 12 * 3600_000)
  assert.match(
    setCookie!,
    new RegExp(`^trainyard_session_${ownPort()}=ts_[\\w-]+; Path=/; HttpOnly; SameSite=Strict$`),
  )
  const session = await call(cookie!)
  assert.equal(session.status, 200)
  assert.deepEqual(session.body, body)
  assert.equal(session.headers['set-cookie'], undefined)
  assert.equal((await call(cookie!, 'head')).status, 200)
  assert.equal((await call(cookie!, 'get', '/jobs')).status, 200)
  assert.equal((await call(`theme=dark; ${cookie}; a=b`, 'get', '/jobs')).status, 200)

  const left = await call(cookie!, 'delete').set(ownPage)
  assert.equal(left.status, 204)
  assert.match(left.headers['set-cookie']![0]!, /^trainyard_session_\d+=; Path=\/; .+Max-Age=0$/)
  // neither a copy of the cookie is valid now, nor at another replica
  const after = await call(cookie!)
  assert.equal(after.status, 401)
  assert.equal(after.body.code, 'SESSION_EXPIRED')
  const replica = await anotherApp()
  const headers = { host: `127.0.0.1:${ownPort()}`, cookie: cookie! }
  assert.equal((await replica.inject({ url: '/jobs', headers })).json().code, 'SESSION_EXPIRED')
  // nobody is signed in
  assert.equal((await supertest(server.url).get('/session')).body.code, 'UNAUTHORIZED')
  assert.equal((await supertest(server.url).delete('/session').set(ownPage)).status, 204)
})

test('the page says who is signed in, to pages of this server alone', async () => {
  const cookie = await newCookie()
  const view = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const sessionIn = async (headers: Record<string, string>, cookies = cookie) => {
    const {
      status,
      text,
      headers: answered,
    } = await call(cookies, 'get', '/').set({ accept: 'text/html', ...headers })
    assert.equal(status, 200, text)
    assert.equal(answered['cache-control'], 'no-store')
    const [, given] = /<div id="app"(?: data-session="([^"]*)")?>/.exec(text)!
    return given === undefined ? null : JSON.parse(given.replaceAll('&#34;', '"'))
  }
  const { body } = await call(cookie)
  assert.deepEqual(await sessionIn({ 'sec-fetch-site': 'none', ...view }), body)
  assert.deepEqual(await sessionIn({}), body)
  assert.equal(await sessionIn({ origin: corsOrigin }), null)
  assert.equal(await sessionIn({ 'sec-fetch-site': 'same-site' }), null)
  assert.equal(await sessionIn({ 'sec-fetch-site': 'none', ...view }, `${cookie}0`), null)
  assert.equal((await call(cookie, 'delete').set(ownPage)).status, 204)
  assert.equal(await sessionIn({ 'sec-fetch-site': 'none', ...view }), null)
})

test('a session that is remembered outlives the browser', async () => {
  const { body, setCookie } = await signIn({ remember: true })
  assert.equal(body.remember, true)
  const lifetime = Date.parse(body.expiresAt) - Date.now()
  assert.ok(lifetime > 29.9 * day && lifetime <= 30 * day)
  assert.match(setCookie!, /; Max-Age=2592000$/)
})

test('a session in use is renewed, and one that is not expires', async t => {
  const cookie = await newCookie({ remember: true })
  const start = Date.now()
  t.mock.timers.enable({ apis: ['Date'], now: start + 20 * day })
  const { headers, body } = await call(cookie)
  const renewed = headers['set-cookie']![0]!
  assert.match(renewed, /Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/)
  assert.ok(Math.abs(Date.parse(body.expiresAt) - (start + 50 * day)) < 2000)
  t.mock.timers.setTime(start + 31 * day)
  const later = await call(cookie, 'get', '/jobs')
  assert.equal(later.status, 401)
  assert.equal(later.body.code, 'SESSION_EXPIRED')
  assert.equal((await call(renewed.split(';')[0]!, 'get', '/jobs')).status, 200)
})

test('the cookie fits the address that the browser has', async t => {
  const publicUrl = 'https://example.com/trainyard'
  const app = await anotherApp({ access: { ...onlyThisMachine, publicUrl } })
  const attributes = async (headers: Record<string, string>) => {
    const payload = { key: server.key }
    const answer = await app.inject({ method: 'POST', url: '/session', headers, payload })
    return String(answer.headers['set-cookie']).replace(/=ts_[^;]+/, '')
  }
  const strict = 'HttpOnly; SameSite=Strict'
  const atPublic = { origin: 'https://example.com', 'sec-fetch-site': 'same-origin' }
  assert.equal(
    await attributes({ host: 'example.com', ...atPublic }),
    `trainyard_session; Path=/trainyard; ${strict}; Secure`,
  )
  // a proxy changes the host
  assert.equal(
    await attributes({ host: '127.0.0.1:8080', ...atPublic }),
    `trainyard_session_8080; Path=/trainyard; ${strict}; Secure`,
  )
  // on the machine itself, below no path and without TLS
  assert.equal(
    await attributes({ host: 'localhost:8080', origin: 'http://localhost:8080' }),
    `trainyard_session_8080; Path=/; ${strict}`,
  )

  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => app.close())
  const headers = { host: 'example.com', ...atPublic }
  for (const base of [url, `${url}/trainyard`]) {
    const { cookie } = await signIn({ url: base, headers })
    const jobs = await supertest(base)
      .get('/jobs')
      .set({ ...headers, cookie: cookie! })
    assert.equal(jobs.status, 200)
    const left = await supertest(base)
      .delete('/session')
      .set({ ...headers, cookie: cookie! })
    assert.equal(
      left.headers['set-cookie']![0],
      `trainyard_session=; Path=/trainyard; ${strict}; Secure; Max-Age=0`,
    )
  }
})

test('only pages of the server ride on the cookie', async () => {
  const cookie = await newCookie()
  const bare: Record<string, string> = {}
  const link = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const header = { 'x-trainyard-session': '1' }
  const refusals: [Record<string, string>, get: number | string, post: number | string][] = [
    [ownPage, 200, 202],
    [{ origin: server.url }, 200, 202],
    [{ 'sec-fetch-site': 'same-origin' }, 200, 202],
    [header, 200, 202],
    [bare, 200, 'SESSION_REFUSED'],
    [{ 'x-trainyard-session': '0' }, 200, 'SESSION_REFUSED'],
    // an address that the user has typed
    [{ 'sec-fetch-site': 'none', ...link }, 200, 'SESSION_REFUSED'],
    // a link on a page of another port or subdomain, then a script and a form there
    [{ 'sec-fetch-site': 'same-site', ...link }, 200, 'SESSION_REFUSED'],
    [{ 'sec-fetch-site': 'same-site' }, 'SESSION_REFUSED', 'SESSION_REFUSED'],
    [{ 'sec-fetch-site': 'same-site', ...header }, 'SESSION_REFUSED', 'SESSION_REFUSED'],
    [{ 'sec-fetch-site': 'cross-site' }, 'ORIGIN_REFUSED', 'ORIGIN_REFUSED'],
    [{ origin: 'null' }, 'ORIGIN_REFUSED', 'ORIGIN_REFUSED'],
    [{ origin: 'https://evil.com', ...header }, 'ORIGIN_REFUSED', 'ORIGIN_REFUSED'],
    [{ origin: 'http://127.0.0.1:1' }, 'ORIGIN_REFUSED', 'ORIGIN_REFUSED'],
    // a page that may call the API does so with a key
    [{ origin: corsOrigin, ...header }, 'SESSION_REFUSED', 'SESSION_REFUSED'],
    [{ origin: corsOrigin, 'sec-fetch-site': 'cross-site' }, 'SESSION_REFUSED', 'SESSION_REFUSED'],
    // a page whose name leads here (DNS rebinding)
    [{ host: 'evil.com', origin: 'http://evil.com' }, 'HOST_REFUSED', 'HOST_REFUSED'],
  ]
  for (const [headers, get, post] of refusals) {
    const told = JSON.stringify(headers)
    const read = await call(cookie, 'get', '/jobs').set(headers)
    assert.equal(read.status === 200 ? 200 : read.body.code, get, `GET ${told}`)
    const written = await call(cookie, 'post', '/jobs').set(headers).send(smallJob)
    assert.equal(written.status === 202 ? 202 : written.body.code, post, `POST ${told}`)
    assert.equal(read.headers['access-control-allow-credentials'], undefined)
  }
  for (const path of ['/session', '/jobs/cancel']) {
    const { status, body } = await call(cookie, path === '/session' ? 'delete' : 'post', path)
    assert.equal(status, 403, path)
    assert.match(body.detail, /X-Trainyard-Session: 1.+Authorization: Bearer/)
  }
  // nobody else signs a user in
  for (const headers of [bare, { origin: corsOrigin }, { 'sec-fetch-site': 'same-site' }]) {
    const { body, setCookie } = await signIn({ headers })
    assert.equal(body.code, 'SESSION_REFUSED')
    assert.equal(setCookie, undefined)
  }
  // a key wins over the cookie, whoever sends it
  const withKey = await server.api.get('/session').set({ cookie, origin: corsOrigin })
  assert.equal(withKey.status, 200)
  assert.deepEqual(withKey.body, {
    caller: callerName(server.key),
    remember: false,
    expiresAt: null,
  })
  const wrongKey = await call(cookie).set('authorization', 'Bearer ty_wrong')
  assert.equal(wrongKey.body.code, 'UNAUTHORIZED')
  // the login of a proxy before the server is no key
  assert.equal((await call(cookie).set('authorization', 'Basic YTpi')).status, 200)
})

test('a cookie that was altered, or that is not one, is refused', async () => {
  const cookie = await newCookie()
  const [name, value] = cookie.split('=') as [string, string]
  const [, expires, flags, id, signature] = value.split(/_(?=[^_]*_)/)
  assert.ok(expires && flags && id)
  const altered = [
    value.replace(/^ts_./, 'ts_z'),
    value.replace('---', 'r--'),
    value.replace(id, '0'.repeat(32)),
    value.slice(0, -2),
    `${value}a`,
    value.slice(0, -43) + 'A'.repeat(43),
    '',
    '../../key',
    'ts_',
    `"${value}"`,
    'x'.repeat(12_000),
    '%00',
  ]
  for (const each of altered) {
    const { status, body } = await call(`${name}=${each}`, 'get', '/jobs')
    assert.equal(status, 401, each)
    assert.equal(body.code, 'SESSION_EXPIRED', each)
  }
  assert.notEqual(signature, '')
  // larger than Node takes
  assert.equal((await call(`${name}=${'x'.repeat(17_000)}`)).status, 431)
  // two of the name: one that another path or subdomain has set does not end the session
  assert.equal((await call(`${name}=ts_old; ${cookie}`)).status, 200)
  assert.equal((await call(`${cookie}; ${name}=ts_old`)).status, 200)
  // so many that they would cost time are not looked at
  const many = `${name}=ts_old; `.repeat(200)
  assert.equal((await call(many + cookie)).body.code, 'SESSION_EXPIRED')
  // of another server on this machine
  assert.equal((await call(cookie.replace(/_\d+=/, '_1='))).body.code, 'UNAUTHORIZED')
})

test('a session ends with its key', async () => {
  const otherKey = 'another-key-of-this-test'
  const keys = await loadApiKeys(server.deps.dataFolder, [otherKey])
  const both = await anotherApp({ keys })
  const host = `127.0.0.1:${ownPort()}`
  const login = await both.inject({
    method: 'POST',
    url: '/session',
    headers: { host, 'x-trainyard-session': '1' },
    payload: { key: otherKey },
  })
  assert.equal(login.json().caller, callerName(otherKey))
  const cookie = String(login.headers['set-cookie']).split(';')[0]!
  const headers = { host, cookie }
  assert.equal((await both.inject({ url: '/jobs', headers })).statusCode, 200)
  const one = await anotherApp({ keys: await loadApiKeys(server.deps.dataFolder) })
  const refused = await one.inject({ url: '/jobs', headers })
  assert.equal(refused.statusCode, 401)
  assert.equal(refused.json().code, 'SESSION_EXPIRED')
})

test('a session is the same caller as its key', async () => {
  const cookie = await newCookie()
  const submit = (request: supertest.Test) =>
    request.set('idempotency-key', 'one-of-both').send(smallJob)
  const first = await submit(call(cookie, 'post', '/jobs').set(ownPage))
  assert.equal(first.status, 202)
  const second = await submit(server.api.post('/jobs'))
  assert.equal(second.headers['idempotency-replayed'], 'true')
  assert.equal(second.body.id, first.body.id)

  await putModel(server.store, 'named')
  const alias = await supertest(server.url)
    .put('/models/named/aliases/live')
    .set({ cookie, ...ownPage })
    .send({ version: 1 })
  assert.ok(alias.status < 300, alias.text)
  const { body } = await server.api.get('/models/named/aliases/live/history')
  assert.equal(body.items[0].by, callerName(server.key))
})

test('a page streams with the cookie, and a ticket that it makes is signed with its key', async () => {
  const cookie = await newCookie()
  const { id } = (await server.api.post('/jobs').send(smallJob)).body
  const open = async (path: string, headers: Record<string, string>) => {
    const stream = await openEventStream({ url: server.url, key: '' }, path, {
      authorization: '',
      ...headers,
    })
    const { statusCode } = stream.response
    const first = statusCode === 200 ? await stream.nextEvent() : null
    stream.response.destroy()
    return first?.event ?? statusCode
  }
  const path = `/jobs/${id}/metrics`
  const site = { 'sec-fetch-site': 'same-origin' }
  assert.equal(await open(path, { cookie, ...site }), 'job')
  assert.equal(await open(path, { cookie, 'sec-fetch-site': 'same-site' }), 403)
  assert.equal(await open(path, { cookie: `${cookie}x` }), 401)
  const ticket = await call(cookie, 'post', '/stream-tickets').set(ownPage).send({ path })
  assert.equal(await open(ticket.body.url, {}), 'job')
})

test('failed sign-ins of an address are limited, and no answer or log has a key or cookie', async () => {
  const limited = await anotherApp()
  const attempt = (key: string, remoteAddress: string) =>
    limited.inject({
      method: 'POST',
      url: '/session',
      remoteAddress,
      headers: { host: 'localhost', 'x-trainyard-session': '1' },
      payload: { key },
    })
  for (let i = 0; i < 10; i++) {
    const { statusCode, body } = await attempt('ty_guessed-wrong-key', '192.0.2.1')
    assert.equal(statusCode, 401)
    assert.doesNotMatch(body, /guessed/)
  }
  const tooMany = await attempt(server.key, '192.0.2.1')
  assert.equal(tooMany.statusCode, 429)
  assert.equal(tooMany.json().code, 'SIGN_IN_LIMITED')
  const seconds = Number(tooMany.headers['retry-after'])
  assert.ok(seconds > 0 && seconds <= 60)
  assert.equal((await attempt(server.key, '192.0.2.2')).statusCode, 200)

  const cookie = await newCookie()
  await call(cookie, 'get', '/jobs')
  // forms that no key has
  const forms = [
    [server.key],
    { a: server.key },
    `${server.key} ${'x'.repeat(300)}`,
    ` ${server.key}`,
    '',
  ]
  for (const key of forms) {
    const invalid = await supertest(server.url).post('/session').set(ownPage).send({ key })
    assert.equal(invalid.status, typeof key === 'string' ? 401 : 400)
    assert.ok(!invalid.text.includes(server.key), invalid.text)
  }
  const cut = `{ "key": "${server.key}`
  const json = { ...ownPage, 'content-type': 'application/json' }
  const malformed = await supertest(server.url).post('/session').set(json).send(cut)
  assert.equal(malformed.body.code, 'MALFORMED_JSON')
  assert.ok(!malformed.text.includes(server.key), malformed.text)
  assert.ok(!server.log().includes(server.key))
  assert.ok(!server.log().includes(cookie.split('=')[1]!))
  assert.doesNotMatch(server.log(), /guessed-wrong/)
})

test('the client of a page signs in, works and signs out without a key', async t => {
  const { fetch } = globalThis
  let jar = ''
  // what a browser does
  globalThis.fetch = async (url, init) => {
    const headers = { ...(init?.headers as object), cookie: jar, 'sec-fetch-site': 'same-origin' }
    const answer = await fetch(url, { ...init, headers })
    jar = answer.headers.get('set-cookie')?.split(';')[0] ?? jar
    return answer
  }
  t.after(() => {
    globalThis.fetch = fetch
  })
  const client = new Client({ url: server.url, session: true, retryForMs: 0 })
  const hasCode = (code: string) => (error: unknown) =>
    error instanceof ProblemError && error.problem.code === code
  await assert.rejects(client.session.get(), hasCode('UNAUTHORIZED'))
  await assert.rejects(client.session.signIn('ty_wrong'), hasCode('UNAUTHORIZED'))
  const session = await client.session.signIn(server.key, { remember: true })
  assert.deepEqual(await client.session.get(), session)
  const { id } = await client.jobs.submit(smallJob as Parameters<Client['jobs']['submit']>[0])
  for await (const { event } of client.jobs.follow(id)) {
    assert.equal(event, 'job')
    break
  }
  await client.jobs.act(id, 'cancel')
  const copy = jar
  await client.session.signOut()
  assert.match(jar, /=$/)
  jar = copy
  await assert.rejects(client.jobs.list(), hasCode('SESSION_EXPIRED'))
})

test('if it cannot be known whether a session was signed out, it permits nothing', async t => {
  const cookie = await newCookie()
  const folder = join(server.deps.dataFolder, 'ended-sessions')
  await mkdir(folder, { recursive: true })
  await rename(folder, `${folder}-aside`)
  await writeFile(folder, '')
  t.after(async () => {
    await rm(folder)
    await rename(`${folder}-aside`, folder)
  })
  const { status, body } = await call(cookie, 'get', '/jobs')
  assert.equal(status, 409)
  assert.equal(body.code, 'DAMAGED')
  assert.match(body.detail, /ended-sessions/)
  assert.equal((await call(cookie, 'delete').set(ownPage)).body.code, 'DAMAGED')
})

test('a server does not take a path of a public URL that its own session has', async () => {
  const access: AccessSettings = { ...onlyThisMachine, publicUrl: 'https://example.com/session' }
  await assert.rejects(anotherApp({ access }), { code: 'INVALID_CONFIGURATION' })
})

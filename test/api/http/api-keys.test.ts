import assert from 'node:assert/strict'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
import { ensureApiKey, ensureSecret, loadApiKeys } from '../../../src/api/http/api-keys.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer()
})
after(() => server.close())

const probes = ['/healthz', '/readyz', '/v2/health/live', '/v2/health/ready']
const publicPaths = [...probes, '/openapi.json']
const signInAndOut = ['post /session', 'delete /session']
const methods = ['get', 'put', 'post', 'delete', 'patch'] as const

test('every operation in the OpenAPI document requires a key unless the document makes it public', async () => {
  const { body: document } = await supertest(server.url).get('/openapi.json')
  const seen: string[] = []
  for (const [path, operations] of Object.entries<Record<string, { security?: object[] }>>(
    document.paths,
  )) {
    for (const method of methods) {
      if (!operations[method]) continue
      const url = path.replace(/\{\w+\}/g, 'x')
      const answer = await supertest(server.url)[method](url)
      seen.push(`${method} ${path} ${answer.status}`)
      const isPublic = publicPaths.includes(path) || signInAndOut.includes(`${method} ${path}`)
      assert.equal(answer.status === 401, !isPublic, `${method} ${path}: ${answer.status}`)
      assert.equal(operations[method].security?.length === 0, isPublic)
    }
  }
  assert.ok(seen.length >= 18, seen.join('\n'))
})

test('a wrong key and a missing key get the same answer', async () => {
  const api = supertest(server.url)
  const invalidHeaders = [
    {},
    { authorization: 'Bearer ' },
    { authorization: 'Bearer ty_wrong' },
    { authorization: `Basic ${server.key}` },
    { authorization: `${server.key}` },
    { authorization: `Bearer ${server.key}x` },
    { authorization: `Bearer ${'x'.repeat(5000)}` },
  ]
  const bodies = new Set<string>()
  for (const headers of invalidHeaders) {
    const answer = await api.get('/jobs').set(headers)
    assert.equal(answer.status, 401)
    assert.equal(answer.headers['www-authenticate'], 'Bearer')
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
    bodies.add(JSON.stringify({ ...answer.body, instance: '' }))
  }
  assert.equal(bodies.size, 1)
})

test('a request without a key is rejected before its body arrives', async () => {
  const answer = await new Promise<number>((resolve, reject) => {
    const request = httpRequest(`${server.url}/datasets`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x', 'content-length': 1e12 },
    })
    request.on('error', reject)
    request.on('response', response => {
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
    request.write('--x\r\n')
  })
  assert.equal(answer, 401)
})

test('the log does not contain the key', async () => {
  await server.api.get('/jobs')
  await server.api.get('/jobs/job-00000000000000000000000000')
  assert.match(server.log(), /\/jobs/)
  assert.ok(!server.log().includes(server.key))
})

test('requests to other hosts and from other sites are rejected for every method', async () => {
  const foreignRequests: [headers: Record<string, string>, status: number][] = [
    [{ host: 'evil.example' }, 421],
    [{ host: 'localhost.evil.example' }, 421],
    [{ host: '127.0.0.1.evil.example:80' }, 421],
    [{ host: '192.168.1.7:8080' }, 421],
    [{ host: 'evil.example', 'x-forwarded-host': 'localhost' }, 421],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://127.0.0.1:1' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
  ]
  for (const [headers, status] of foreignRequests) {
    for (const method of methods) {
      for (const path of ['/jobs', '/healthz', '/nowhere']) {
        const answer = await server.api[method](path).set(headers)
        assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(headers)}`)
      }
    }
  }
})

test('requests to loopback hosts and from pages of this server are answered', async () => {
  const { host } = new URL(server.url)
  const port = host.split(':')[1]
  for (const headers of [
    { host: `localhost:${port}` },
    { host: `[::1]:${port}` },
    { host: 'LOCALHOST' },
    { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
    { host, 'sec-fetch-site': 'none' },
  ]) {
    const answer = await server.api.get('/jobs').set(headers)
    assert.equal(answer.status, 200, JSON.stringify(headers))
  }
})

test('a key is created once, readable by its owner only, and otherwise stored as a hash', async t => {
  const folder = await tempFolder(t)
  const made = await Promise.all([ensureApiKey(folder), ensureApiKey(folder), ensureApiKey(folder)])
  assert.equal(new Set(made).size, 1)
  const key = made[0]!
  assert.match(key, /^ty_[A-Za-z0-9_-]{43}$/)
  assert.equal(await ensureApiKey(folder), key)
  for (const name of ['key', 'keys.json']) {
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600)
  }
  const stored = await readFile(join(folder, 'keys.json'), 'utf8')
  assert.ok(!stored.includes(key))
  assert.equal(JSON.parse(stored).keys.length, 1)

  const keys = await loadApiKeys(folder, ['a key from outside'])
  assert.ok(keys.accepts(key))
  assert.ok(keys.accepts('a key from outside'))
  assert.ok(!keys.accepts(''))
  assert.ok(!keys.accepts(stored.match(/[0-9a-f]{64}/)![0]))

  await writeFile(join(folder, 'key'), 'ty_a_new_one\n')
  assert.equal(await ensureApiKey(folder), 'ty_a_new_one')
  assert.ok((await loadApiKeys(folder)).accepts(key))
})

test('a damaged file of keys is named, and so is the cure', async t => {
  const folder = await tempFolder(t)
  await ensureApiKey(folder)
  for (const text of ['', '{"keys"', '[]', '{"keys":[{"sha256":"x","createdAt":"y"}]}', 'null']) {
    await writeFile(join(folder, 'keys.json'), text)
    await assert.rejects(
      loadApiKeys(folder),
      /^DamagedError: keys\.json .*remove it: the next start/,
    )
  }
  await rm(join(folder, 'keys.json'))
  for (const text of ['', '\n', 'short', 'two words of a key', '\0'.repeat(46)]) {
    await writeFile(join(folder, 'key'), text)
    await assert.rejects(ensureApiKey(folder), /^DamagedError: key is no secret .*remove it/)
    await writeFile(join(folder, 'webhook-secret'), text)
    const secret = ensureSecret(join(folder, 'webhook-secret'), 'tw_')
    await assert.rejects(secret, /^DamagedError: webhook-secret is no secret/)
  }
})

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
import { onDemand } from '../../../src/api/routes/docs.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer()
})
after(() => server.close())

test('the page needs no key and loads everything from this server', async () => {
  const api = supertest(server.url)
  const page = await api.get('/docs')
  assert.equal(page.status, 200)
  assert.match(page.headers['content-type']!, /^text\/html/)
  const loads = [...page.text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path]) => path!)
  assert.ok(loads.length >= 4)
  for (const path of loads) {
    // relative to the page, so that it works behind a proxy, too
    assert.match(path, /^docs\//)
    const { status, headers } = await api.get(`/${path}`)
    assert.equal(status, 200, path)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
})

test('the content security policy allows only this server and no inline scripts', async () => {
  const page = await supertest(server.url).get('/docs')
  const policy = page.headers['content-security-policy']!
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /script-src 'self'(;|$)/)
  assert.match(policy, /style-src 'self'(;|$)/)
  assert.doesNotMatch(policy, /unsafe|https?:|\*/)
  assert.doesNotMatch(page.text, /<script>|<style|\son\w+=/)
})

test('a file is read again after an error, and then kept', async t => {
  const folder = await tempFolder(t)
  const path = join(folder, 'page.css')
  const content = onDemand(() => readFile(path))
  await assert.rejects(content(), { code: 'ENOENT' })
  await writeFile(path, 'one')
  assert.equal(String(await content()), 'one')
  await writeFile(path, 'two')
  assert.equal(String(await content()), 'one')
})

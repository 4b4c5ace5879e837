import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import supertest from 'supertest'
import { startServer, type TestServer } from '../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer()
})
after(() => server.close())

const stored = fileURLToPath(new URL('../../../test/api/openapi.json', import.meta.url))

// If the API changes, accept the new document and read its diff:
// npx tsc && node dist/test/api/openapi.test.js --accept && npx biome format --write test/api/openapi.json
test('the OpenAPI document equals the stored one', async () => {
  const { status, body } = await supertest(server.url).get('/openapi.json')
  assert.equal(status, 200)
  if (process.argv.includes('--accept')) writeFileSync(stored, `${JSON.stringify(body, null, 2)}\n`)
  assert.deepEqual(body, JSON.parse(readFileSync(stored, 'utf8')))
})

test('every operation has a summary and error responses, and every reference resolves', async () => {
  const { body: document } = await supertest(server.url).get('/openapi.json')
  assert.equal(document.openapi, '3.1.0')
  for (const [path, operations] of Object.entries<Record<string, Operation>>(document.paths)) {
    for (const [method, { summary, tags, responses }] of Object.entries(operations)) {
      assert.ok(summary, `${method} ${path}`)
      assert.equal(tags.length, 1)
      assert.ok(
        'application/problem+json' in (responses['4XX']?.content ?? {}),
        `${method} ${path}`,
      )
    }
  }
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    assert.ok(document.components.schemas[name!], name)
  }
})

test('every tag is described and has an operation', async () => {
  const { body: document } = await supertest(server.url).get('/openapi.json')
  const operations = Object.values<Record<string, Operation>>(document.paths).flatMap(Object.values)
  const used = operations.flatMap(({ tags }) => tags)
  const explained: { name: string; description: string }[] = document.tags
  assert.deepEqual([...new Set(used)].sort(), explained.map(({ name }) => name).sort())
  for (const { name, description } of explained) assert.ok(description, name)
})

interface Operation {
  summary: string
  tags: string[]
  responses: Record<string, { content?: object }>
}

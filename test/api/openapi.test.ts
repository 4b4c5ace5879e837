import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import supertest from 'supertest'
import { isProtocolPath } from '../../src/api/http/protocol-paths.js'
import { schedules } from '../../src/spec/learning-rate.js'
import {
  putModel,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../testing/test-server.js'

let server: TestServer
let document: Document
/** By method and path, such as `get /jobs/{id}`. */
let operations: [name: string, operation: Operation][]

before(async () => {
  server = await startServer()
  const { status, body } = await supertest(server.url).get('/openapi.json')
  assert.equal(status, 200)
  document = body
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method} ${path}`,
      operation,
    ]),
  )
})
after(() => server.close())

const stored = fileURLToPath(new URL('../../../test/api/openapi.json', import.meta.url))

// If the API changes, accept the new document and read its diff:
// npx tsc && node dist/test/api/openapi.test.js --accept && npx biome format --write test/api/openapi.json
test('the OpenAPI document equals the stored one', () => {
  if (process.argv.includes('--accept'))
    writeFileSync(stored, `${JSON.stringify(document, null, 2)}\n`)
  assert.deepEqual(document, JSON.parse(readFileSync(stored, 'utf8')))
})

test('every operation says what it is, and has an id of its own, by which clients name their methods', () => {
  assert.equal(document.openapi, '3.1.0')
  for (const [name, { operationId, summary, description, tags, responses }] of operations) {
    assert.match(operationId ?? '', /^[a-z]+([A-Z][a-z]+)*$/, `operationId of ${name}`)
    assert.ok(summary, `summary of ${name}`)
    assert.ok(description, `description of ${name}`)
    assert.equal(tags.length, 1, name)
    const errors = isProtocolPath(name.split(' ')[1]!)
      ? 'application/json'
      : 'application/problem+json'
    assert.ok(errors in (responses['4XX']?.content ?? {}), name)
  }
  const ids = operations.map(([, { operationId }]) => operationId)
  assert.deepEqual(ids, [...new Set(ids)])
})

test('every reference resolves', () => {
  for (const [, pointer] of JSON.stringify(document).matchAll(/"(?:\$ref":)?"#\/([^"]+)"/g)) {
    const found = pointer!.split('/').reduce((node, key) => Object(node)[key], document as unknown)
    assert.ok(found, pointer)
  }
})

test('every body and every answer in JSON is a named schema or small', () => {
  for (const [name, { requestBody, responses }] of operations) {
    for (const { content = {} } of [requestBody ?? {}, ...Object.values(responses)]) {
      const { schema } = content['application/json'] ?? {}
      const fields = Object.keys(schema?.properties ?? {})
      assert.ok(
        fields.length <= 4,
        `${name}: give the schema with ${fields.join(', ')} a name in src/api/openapi/named-schemas.ts`,
      )
    }
  }
})

test('every body has examples, and every example fits its schema', () => {
  const ajv = ajvOf(document)
  let checked = 0
  for (const [name, { requestBody, responses }] of operations) {
    for (const [type, { schema, examples }] of Object.entries(requestBody?.content ?? {})) {
      const isBinary = schema?.format === 'binary'
      assert.ok(isBinary || examples, `requestExamples for ${type} of ${name}`)
    }
    for (const [key, body] of Object.entries({ ...responses, body: requestBody })) {
      for (const { schema, examples } of Object.values(body?.content ?? {})) {
        for (const [title, example] of Object.entries(examples ?? {})) {
          const value = contentOf(example)
          const validate = ajv.compile(absolute(schema))
          assert.ok(
            validate(value),
            `example ${title} of ${name}, ${key}: ${ajv.errorsText(validate.errors)}`,
          )
          checked++
        }
      }
    }
  }
  assert.ok(checked > 40)
})

test('every answer that is not an error and refers to a schema has an example', () => {
  for (const [name, { responses }] of operations) {
    for (const [status, { content }] of Object.entries(responses)) {
      const { schema, examples } = content?.['application/json'] ?? {}
      if (!schema?.$ref || /^[45]/.test(status)) continue
      assert.ok(
        examples,
        `${name} ${status}: add ${schema.$ref} to src/api/openapi/answer-examples.ts`,
      )
    }
  }
})

test('unions of kinds have a discriminator', () => {
  const mapped = (name: string) =>
    Object.keys(document.components.schemas[name].discriminator.mapping)
  assert.deepEqual(mapped('NetworkOptions'), ['resnet', 'vgg'])
  assert.deepEqual(mapped('ModelOptions'), ['resnet', 'vgg', 'boosting'])
  assert.deepEqual(mapped('Optimizer'), ['sgd', 'adam', 'adamw', 'rmsprop'])
  assert.deepEqual(mapped('LearningRateSchedule').sort(), Object.keys(schedules).sort())
  assert.deepEqual(mapped('Dataset'), ['images', 'table'])
})

test('the fields of bodies have no defaults, which generated clients would send', () => {
  assert.doesNotMatch(JSON.stringify(document.components.schemas), /"default":/)
  for (const [name, { requestBody }] of operations)
    assert.doesNotMatch(JSON.stringify(requestBody ?? {}), /"default":/, name)
})

test('answers fit the document, with the headers that it lists', async () => {
  await uploadDataset(server)
  await putModel(server.store, 'shades')
  const { body: job } = await server.api.post('/jobs').send(smallJob)
  const requests: [operation: string, answer: supertest.Response][] = [
    ['post /jobs', await server.api.post('/jobs').send(smallJob)],
    ['get /jobs', await server.api.get('/jobs')],
    ['get /jobs/{id}', await server.api.get(`/jobs/${job.id}`)],
    ['get /datasets', await server.api.get('/datasets')],
    ['get /models/{id}', await server.api.get('/models/shades')],
    ['get /models/{id}/archive', await server.api.get('/models/shades/archive')],
    ['post /webhooks', await server.api.post('/webhooks').send({ url: 'https://hooks.example/' })],
  ]
  const ajv = ajvOf(document)
  for (const [name, { status, body, headers }] of requests) {
    const response = Object.fromEntries(operations)[name]!.responses[status]
    assert.ok(response, `${name} answers ${status}`)
    const { schema } = response.content?.['application/json'] ?? {}
    if (schema) {
      const validate = ajv.compile(absolute(schema))
      assert.ok(validate(body), `${name}: ${ajv.errorsText(validate.errors)}`)
    }
    for (const header of Object.keys(response.headers ?? {})) {
      if (header === 'Idempotency-Replayed') continue
      assert.ok(headers[header.toLowerCase()], `${name} answers with ${header}`)
    }
  }
})

test('every tag is described and has an operation', () => {
  const used = operations.flatMap(([, { tags }]) => tags)
  assert.deepEqual([...new Set(used)].sort(), document.tags.map(({ name }) => name).sort())
  for (const { name, description } of document.tags) assert.ok(description, name)
})

/** Knows the components of the document under the id `document`. */
function ajvOf(document: Document): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ components: document.components }, 'document')
  return ajv
}

/** A schema of the document whose references work outside of it. */
const absolute = (schema: object | undefined) =>
  JSON.parse(JSON.stringify(schema ?? {}).replaceAll('"#/components/', '"document#/components/'))

const contentOf = ({ $ref, value }: Example): unknown =>
  $ref === undefined ? value : document.components.examples[$ref.split('/').at(-1)!]!.value

interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  // biome-ignore lint/suspicious/noExplicitAny: schemas of any form
  components: { schemas: Record<string, any>; examples: Record<string, { value: unknown }> }
  tags: { name: string; description: string }[]
}

interface Operation {
  operationId?: string
  summary?: string
  description?: string
  tags: string[]
  requestBody?: Body
  responses: Record<string, Body>
}

interface Body {
  content?: Record<string, MediaType>
  headers?: Record<string, object>
}

interface MediaType {
  schema?: { $ref?: string; format?: string; properties?: Record<string, object> }
  examples?: Record<string, Example>
}

interface Example {
  $ref?: string
  value?: unknown
}

import { setImmediate } from 'node:timers/promises'
import { answerExamples } from './answer-examples.js'
import { defaultsInWords } from './defaults-in-words.js'
import { SchemaNamer } from './name-schemas.js'
import { namedSchemas } from './named-schemas.js'
import type { RequestExamples } from './request-examples.js'
import { headerComponents, headersFor, type ResponseHeader } from './response-headers.js'
import { isObject, referredName, type SchemaObject } from './schema-object.js'

/** What a route says of itself and `@fastify/swagger` does not know; it goes through under this key. */
export const routeNotes = 'x-route-notes'
export interface RouteNotes {
  requestExamples?: RequestExamples | undefined
  optionalBody?: boolean | undefined
  responseHeaders?: Readonly<Record<number, readonly ResponseHeader[]>> | undefined
}

/** As `@fastify/swagger` makes it. */
export interface UnfinishedDocument extends SchemaObject {
  paths: Record<string, Record<string, SchemaObject>>
  components: SchemaObject & { schemas: Record<string, SchemaObject> }
}

/**
 * Completes the document that `@fastify/swagger` makes: names of schemas, headers and examples. Lets other work run
 * between its parts, since all of it takes longer than a request may hold the event loop.
 */
export async function completeDocument(document: UnfinishedDocument): Promise<SchemaObject> {
  await setImmediate()
  const namer = new SchemaNamer(namedSchemas)
  const answers: Record<string, SchemaObject> = {}
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    await setImmediate()
    answers[name] = namer.rewriteMembers(schema)
  }
  const paths: UnfinishedDocument['paths'] = {}
  for (const [path, operations] of Object.entries(document.paths)) {
    await setImmediate()
    const complete: UnfinishedDocument['paths'][string] = {}
    for (const [method, operation] of Object.entries(operations)) {
      complete[method] = completeOperation(operation, namer)
    }
    paths[path] = complete
  }
  const schemas = { ...answers, ...namer.components }
  return {
    ...document,
    components: {
      ...document.components,
      schemas: defaultsInWords(sortedByName(schemas)),
      headers: headerComponents,
      examples: Object.fromEntries(
        Object.entries(answerExamples).map(([name, value]) => [name, { value }]),
      ),
    },
    paths,
  }
}

function completeOperation(operation: SchemaObject, namer: SchemaNamer): SchemaObject {
  const { [routeNotes]: notes, ...rest } = operation
  const { requestExamples = {}, responseHeaders = {}, optionalBody } = (notes ?? {}) as RouteNotes
  const complete = namer.rewriteMembers(rest)
  if (complete.requestBody) complete.requestBody = defaultsInWords(complete.requestBody)
  for (const [type, media] of mediaTypesOf(complete.requestBody)) {
    const examples = requestExamples[type]
    if (examples) media.examples = examples
  }
  if (isObject(complete.requestBody)) complete.requestBody.required = !optionalBody
  for (const [status, response] of Object.entries(complete.responses as object)) {
    response.headers = headersFor(status, responseHeaders[Number(status)])
    // one of an error fits few of its statuses
    if (/^\d+$/.test(status) && Number(status) >= 400) continue
    for (const [, media] of mediaTypesOf(response)) addExamples(media)
  }
  return complete
}

/** Examples of the named schemas that a media type refers to. */
function addExamples(media: SchemaObject): void {
  if (media.examples !== undefined || !isObject(media.schema)) return
  const { anyOf } = media.schema
  const names = (Array.isArray(anyOf) ? anyOf : [media.schema])
    .map(referredName)
    .filter(name => name !== undefined && name in answerExamples)
  if (names.length === 0) return
  media.examples = Object.fromEntries(
    names.map(name => [name, { $ref: `#/components/examples/${name}` }]),
  )
}

const mediaTypesOf = (body: unknown): [string, SchemaObject][] =>
  isObject(body) && isObject(body.content)
    ? (Object.entries(body.content) as [string, SchemaObject][])
    : []

const sortedByName = (schemas: Record<string, SchemaObject>) =>
  Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)))

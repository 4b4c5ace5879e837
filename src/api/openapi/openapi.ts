import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { type ErrorCode, errorCodes, statusOf } from '../../spec/error-codes.js'
import { version } from '../../version.js'
import { cookieBaseName } from '../access/session-cookie.js'
import { commonProblems } from '../http/problem-codes.js'
import { isProtocolPath } from '../http/protocol-paths.js'
import { ProblemResponse, ProtocolErrorResponse } from '../schemas.js'
import { type RouteNotes, routeNotes } from './document.js'

export const openapi: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Trainyard',
      version,
      summary:
        'Train image classifiers and boosted trees, follow their progress, and predict with them',
      description:
        'Upload a data set, submit a job, follow its metrics, then predict with its model. ' +
        'Every error is an RFC 9457 problem with a stable `code`, and `errors` names each bad field.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    } as NonNullable<FastifyDynamicSwaggerOptions['openapi']>['info'] & object,
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'created at the first start, in the file `key` of the data folder',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: cookieBaseName,
          description:
            'set by POST /session, for pages of the server; if its address has a port, the name ends with it, as in `trainyard_session_8080`',
        },
        ticket: {
          type: 'apiKey',
          in: 'query',
          name: 'ticket',
          description: 'of POST /stream-tickets, for a stream that a browser opens',
        },
      },
    },
    security: [{ key: [] }, { session: [] }],
    servers: [{ url: '/', description: 'the server that this document comes from' }],
    tags: [
      {
        name: 'datasets',
        description:
          'labelled images, or tables; immutable, with an id that derives from the content',
      },
      {
        name: 'uploads',
        description: 'files that are sent in parts (tus), of which data sets are made',
      },
      {
        name: 'weights',
        description: 'uploaded TensorFlow checkpoints, from which jobs can start',
      },
      {
        name: 'jobs',
        description:
          'jobs that train or predict: submit, follow, pause, resume, cancel and retry them; their metrics, logs and checkpoints',
      },
      { name: 'models', description: 'models that jobs have trained, and their predictions' },
      {
        name: 'inference',
        description:
          'predictions by the Open Inference Protocol v2, for clients of Triton and KServe; errors are `{"error": …}`',
      },
      {
        name: 'tf-serving',
        description:
          'predictions as TensorFlow Serving answers them, for its clients; errors are `{"error": …}`',
      },
      { name: 'events', description: 'one stream of all changes' },
      { name: 'webhooks', description: 'calls to your URLs when jobs change' },
      {
        name: 'server',
        description:
          'the server itself, and sessions of browsers; of these operations, only /metrics, /stream-tickets and GET /session require a key or a session',
      },
    ],
  },
  transform: ({ schema, url, route }) => {
    const { problems = [], requestExamples, responseHeaders, ...others } = schema
    const { describedElsewhere, optionalBody, ...rest } = others
    const isTagged = route.config?.etag
    const headers = isTagged ? withETag(responseHeaders) : responseHeaders
    const notes: RouteNotes = { requestExamples, responseHeaders: headers, optionalBody }
    const kept = isTagged ? { 304: notModified } : {}
    const errors = problemResponses(commonProblems({ ...route, schema }), problems, url)
    const response = { ...(schema.response as object), ...kept, ...errors }
    const body = describedElsewhere && { body: without(rest.body, describedElsewhere) }
    return { schema: { ...rest, ...body, response, [routeNotes]: notes }, url }
  },
  convertConstToEnum: false,
  refResolver: { buildLocalReference: json => String(json.$id) },
}

const withETag = (headers: RouteNotes['responseHeaders'] = {}): RouteNotes['responseHeaders'] => ({
  ...headers,
  200: [...(headers[200] ?? []), 'ETag'],
  304: ['ETag'],
})

const notModified = {
  type: 'null',
  description: 'If-None-Match has the ETag of the answer: the client has it already',
}

/** Error responses: an exact status if the operation has codes of its own for it, else 4xx and 5xx. */
function problemResponses(common: readonly ErrorCode[], own: readonly ErrorCode[], url: string) {
  const ownStatuses = own.map(statusOf)
  const codes: Record<string, ErrorCode[]> = {}
  for (const code of new Set([...common, ...own])) {
    const status = statusOf(code)
    const key = ownStatuses.includes(status) ? String(status) : `${Math.floor(status / 100)}xx`
    codes[key] = [...(codes[key] ?? []), code]
  }
  return Object.fromEntries(
    Object.entries(codes).map(([key, listed]) => [key, problemResponse(key, listed, url)]),
  )
}

/** All have one schema, so that clients have one type; the description says which codes there are. */
function problemResponse(key: string, codes: readonly ErrorCode[], url: string) {
  const description = key.endsWith('xx')
    ? `an error that other operations have, too: ${codes.join(', ')}`
    : codes.map(code => `\`${code}\`: ${errorCodes[code].when}`).join('; ')
  const content = isProtocolPath(url)
    ? { 'application/json': { schema: ProtocolErrorResponse } }
    : { 'application/problem+json': { schema: ProblemResponse } }
  return { description, content }
}

/** A body without some of its media types. */
function without(body: unknown, types: readonly string[]) {
  const { content } = body as { content: Record<string, unknown> }
  const kept = Object.entries(content).filter(([type]) => !types.includes(type))
  return { content: Object.fromEntries(kept) }
}

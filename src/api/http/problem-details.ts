import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { TrainyardError, truncate } from '../../errors.js'
import { type HttpErrorCode, statusOf } from '../../spec/error-codes.js'
import type { Problem } from '../../spec/problem.js'
import { HttpError } from './http-error.js'
import { listsProblem } from './problem-codes.js'
import { isProtocolPath } from './protocol-paths.js'
import { UnavailableLog } from './unavailable-log.js'

/** Errors of Fastify and busboy, by their code. */
const frameworkProblems: Record<string, [code: HttpErrorCode, message: string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', 'the body is larger than this route takes'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'BODY_TRUNCATED',
    'the body does not have the length that content-length states',
  ],
  FST_ERR_BAD_URL: ['MALFORMED_URL', 'the URL is not validly encoded'],
  FST_ERR_MAX_PARAM_LENGTH: ['URL_TOO_LONG', 'a part of the URL is too long'],
  FST_PARTS_LIMIT: ['TOO_MANY_PARTS', 'the form has more parts than this route takes'],
  FST_FILES_LIMIT: ['TOO_MANY_FILES', 'the form has more files than this route takes'],
  FST_FIELDS_LIMIT: ['TOO_MANY_FIELDS', 'the form has more fields than this route takes'],
  FST_REQ_FILE_TOO_LARGE: ['FILE_TOO_LARGE', 'a file is larger than this route takes'],
  FST_PROTO_VIOLATION: ['FORBIDDEN_FIELD', 'a field has the name of an object property'],
  FST_INVALID_JSON_FIELD_ERROR: ['MALFORMED_JSON', 'a field of the form is not JSON'],
  FST_MP_PREMATURE_CLOSE: ['BODY_TRUNCATED', 'the body ended within the form'],
}

/** Log message for an answer with a code that is missing in the OpenAPI document. Test servers fail on it. */
export const unlistedProblem = 'the operation does not list this error code'

export type ErrorHandler = (
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
) => unknown

/** Returns a handler that turns every error into an RFC 9457 response, or into that of a protocol. `hide` removes paths of the server. */
export function errorHandler(hide: (text: string) => string): ErrorHandler {
  const unavailable = new UnavailableLog()
  return (error, request, reply) => answerError(error, request, reply, { hide, unavailable })
}

function answerError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
  { hide, unavailable }: { hide: (text: string) => string; unavailable: UnavailableLog },
) {
  const known = error instanceof TrainyardError ? error : fromFrameworkError(error, request)
  if (!known) request.log.error({ err: error }, 'request failed')
  const code = known?.code ?? 'INTERNAL'
  const status = known instanceof HttpError ? known.status : statusOf(code)
  // errors before routing have no decorated request
  if (request.prediction) request.prediction.code = code
  if (known instanceof HttpError) reply.headers(known.headers)
  const { method = '', schema } = request.routeOptions ?? {}
  if (schema && !schema.hide && !listsProblem({ method, schema }, code)) {
    request.log.warn({ code, route: request.routeOptions.url }, unlistedProblem)
  }
  if (status === 503) {
    unavailable.add(request.log, code, error)
    reply.header('retry-after', String(known?.retryAfterSeconds ?? 5))
  }
  const problem = problemOf(known, request.id, hide)
  if (isProtocolPath(request.url)) return reply.code(status).send({ error: problem.detail })
  return reply.code(status).type('application/problem+json').send(problem)
}

/** The problem of an error; of one that is not known, the client learns no more than the request's id. */
export function problemOf(
  known: TrainyardError | null,
  requestId: string,
  hide: (text: string) => string,
): Problem {
  const code = known?.code ?? 'INTERNAL'
  const status = known instanceof HttpError ? known.status : statusOf(code)
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail: known
      ? hide(known.message)
      : `internal error; the server's log has the details under request ${requestId}`,
    instance: `urn:uuid:${requestId}`,
    ...(known &&
      known.errors.length > 0 && {
        errors: known.errors.map(one => ({ ...one, message: hide(one.message) })),
      }),
  }
}

function fromFrameworkError(
  error: FastifyError | Error,
  request: FastifyRequest,
): HttpError | null {
  const frameworkCode = 'code' in error ? error.code : ''
  if (frameworkCode === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const acceptedTypes = request.routeOptions.schema?.consumes ?? ['application/json']
    const contentType = request.headers['content-type'] ?? 'missing'
    const message = `the content type is ${truncate(contentType)}, expected ${acceptedTypes.join(' or ')}`
    return new HttpError('UNSUPPORTED_MEDIA_TYPE', message)
  }
  const problem = frameworkProblems[frameworkCode]
  if (problem) return new HttpError(...problem, { cause: error })
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  if (status < 400 || status >= 500) return null
  return new HttpError('BAD_REQUEST', STATUS_CODES[status] ?? 'bad request', {
    status,
    cause: error,
  })
}

import type { FastifySchema } from 'fastify'
import type { ErrorCode } from '../../spec/error-codes.js'

declare module 'fastify' {
  interface FastifySchema {
    /** Error codes of this operation, besides those of `commonProblems`. */
    problems?: readonly ErrorCode[]
  }
}

interface Operation {
  method: string | string[]
  schema: FastifySchema
}

/** Whether an operation lists an error code. Every code that is answered must be listed. */
export const listsProblem = (operation: Operation, code: ErrorCode): boolean =>
  commonProblems(operation).includes(code) || (operation.schema.problems ?? []).includes(code)

/** The error codes that an operation may answer because of its method and the parts of its schema. */
export function commonProblems({ method, schema }: Operation): ErrorCode[] {
  const { security, params, querystring, headers, body } = schema
  const requiresKey = security?.length !== 0
  return [
    ...alwaysPossible,
    ...(requiresKey ? possibleWithKey : []),
    ...(params || querystring || headers || body ? possibleWithInput : []),
    // Fastify parses the body of a DELETE, too
    ...(['POST', 'PUT', 'PATCH', 'DELETE'].some(one => one === method) ? possibleWithBody : []),
  ]
}

const alwaysPossible: ErrorCode[] = [
  'BAD_REQUEST',
  'MALFORMED_REQUEST',
  'MALFORMED_URL',
  'URL_TOO_LONG',
  'HOST_REFUSED',
  'ORIGIN_REFUSED',
  'INTERNAL',
]

/** Operations without a key read no data. */
const possibleWithKey: ErrorCode[] = [
  'UNAUTHORIZED',
  'SESSION_EXPIRED',
  'SESSION_REFUSED',
  'STORAGE_FULL',
  'STORAGE_FAILED',
  'DAMAGED',
]

const possibleWithInput: ErrorCode[] = ['INVALID_REQUEST', 'NOT_FOUND']

const possibleWithBody: ErrorCode[] = [
  'MALFORMED_JSON',
  'FORBIDDEN_FIELD',
  'BODY_TRUNCATED',
  'BODY_TOO_LARGE',
  'BODY_TOO_SLOW',
  'OVERLOADED',
  'UNSUPPORTED_MEDIA_TYPE',
]

/** Error codes of operations that take a form. */
export const formProblems = [
  'MALFORMED_FORM',
  'TOO_MANY_PARTS',
  'TOO_MANY_FILES',
  'TOO_MANY_FIELDS',
  'FILE_TOO_LARGE',
  'FIELD_TOO_LARGE',
] as const satisfies ErrorCode[]

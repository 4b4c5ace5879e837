import { type Static, Type } from 'typebox'
import { type ErrorCode, errorCodes } from './error-codes.js'

/** One invalid field of a request. */
export const FieldError = Type.Object({
  path: Type.String({
    description:
      'JSON pointer into the body, such as /training/steps; or a part of the request, such as querystring:/limit; or a place in an uploaded file',
  }),
  code: Type.String({ description: 'stable; docs/errors.md lists all codes' }),
  message: Type.String(),
})

/** An error as the API answers it: a problem (RFC 9457) with a stable `code` and all invalid fields. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'always about:blank' }),
    title: Type.String({ description: 'the phrase of the HTTP status' }),
    status: Type.Integer({ description: 'the HTTP status' }),
    code: Type.Enum(Object.keys(errorCodes) as ErrorCode[], {
      description: 'stable; docs/errors.md lists all codes',
    }),
    detail: Type.String({ description: 'what is wrong and what was expected' }),
    instance: Type.Optional(
      Type.String({ description: "urn:uuid: and the request id, which the server's log has too" }),
    ),
    errors: Type.Optional(Type.Array(FieldError, { description: 'every invalid field' })),
  },
  { $id: 'Problem' },
)
export type Problem = Static<typeof Problem>

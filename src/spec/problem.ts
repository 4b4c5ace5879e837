import { type Static, Type } from 'typebox'
import { type ErrorCode, errorCodes } from './error-codes.js'

/** RFC 9457, with a stable `code` and every bad field at once. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.Enum(Object.keys(errorCodes) as ErrorCode[], {
      description: 'stable; docs/errors.md lists all codes',
    }),
    detail: Type.String(),
    instance: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), code: Type.String(), message: Type.String() })),
    ),
  },
  { $id: 'Problem' },
)
export type Problem = Static<typeof Problem>

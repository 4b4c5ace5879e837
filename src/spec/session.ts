import { type Static, Type } from 'typebox'
import { nullable } from './nullable.js'
import { strictObject } from './strict-object.js'

export const SignIn = strictObject({
  // without limits: an error of a limit would have the value
  key: Type.String({ description: 'an API key' }),
  remember: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'stay signed in when the browser is closed, for 30 days after the last use; otherwise for 12 hours, until the browser is closed',
    }),
  ),
})
export type SignIn = Static<typeof SignIn>

export const Session = Type.Object(
  {
    caller: Type.String({
      description: 'names the key by the beginning of its hash, as records do that name a caller',
    }),
    remember: Type.Boolean({ description: 'whether the browser keeps it when it is closed' }),
    expiresAt: nullable(
      Type.String({
        format: 'date-time',
        description:
          'when the session ends if it is not used; null for a request with a key, which does not end',
      }),
    ),
  },
  { description: 'who calls' },
)
export type Session = Static<typeof Session>

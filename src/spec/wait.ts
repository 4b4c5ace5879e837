import { Type } from 'typebox'

/** The parameter of a long poll, in seconds. Common proxies give up on an answer after 60 s. */
export const Wait = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description }))

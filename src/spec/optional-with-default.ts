import { type TSchema, Type } from 'typebox'

/**
 * A query parameter that clients may omit and that handlers always get: the validator of URLs fills in
 * the schema's default (src/api/http/validation.ts). Do not use it in bodies, which are not filled in.
 */
export const optionalWithDefault = <T extends TSchema>(schema: T): T =>
  Type.Optional(schema) as unknown as T

import { type TSchema, Type } from 'typebox'

/**
 * A query parameter that clients may omit and handlers always see: the URL validator fills in the
 * schema's default (api/http/validation.ts). Bodies are not filled in, so do not use it there.
 */
export const defaulted = <T extends TSchema>(schema: T): T => Type.Optional(schema) as unknown as T

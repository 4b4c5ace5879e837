import { type TObjectOptions, type TProperties, Type } from 'typebox'

/** An object that refuses fields it does not know. */
export const closed = <P extends TProperties>(properties: P, options: TObjectOptions = {}) =>
  Type.Object(properties, { ...options, additionalProperties: false })

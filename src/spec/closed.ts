import { type TProperties, Type } from 'typebox'

/** An object that refuses fields it does not know. */
export const closed = <P extends TProperties>(properties: P) =>
  Type.Object(properties, { additionalProperties: false })

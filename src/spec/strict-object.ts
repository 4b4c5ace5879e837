import { type TObjectOptions, type TProperties, Type } from 'typebox'

/** The schema of an object that must not have other fields than `properties`. */
export const strictObject = <P extends TProperties>(properties: P, options: TObjectOptions = {}) =>
  Type.Object(properties, { ...options, additionalProperties: false })

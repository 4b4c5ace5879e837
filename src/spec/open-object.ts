import { type TObjectOptions, type TProperties, Type } from 'typebox'

/**
 * An object that the serializer of answers passes through as it is. The OpenAPI document shows the schema
 * with this title in its place (src/api/openapi/named-schemas.ts).
 */
export const openObject = (
  title: string,
  properties: TProperties = {},
  options: TObjectOptions = {},
) => Type.Object(properties, { ...options, title, additionalProperties: true })

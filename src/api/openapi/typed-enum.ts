import type { SchemaObject } from './schema-object.js'

/**
 * Adds the type of an enumeration's values, and writes one with a single value as a constant: generators
 * of clients make no good types without.
 */
export function withTypedEnum(schema: SchemaObject): SchemaObject {
  const { enum: values, ...rest } = schema
  if (!Array.isArray(values)) return schema
  const type = schema.type ?? typeOf(values)
  if (type === undefined) return schema
  return values.length === 1 ? { ...rest, type, const: values[0] } : { ...rest, type, enum: values }
}

function typeOf(values: unknown[]): string | undefined {
  if (values.every(value => typeof value === 'string')) return 'string'
  if (values.every(value => Number.isInteger(value))) return 'integer'
  return undefined
}

import { isObject, type SchemaObject } from './schema-object.js'

/**
 * Moves the defaults of a body's fields into their descriptions. Some generated clients send every default
 * that the document has. But a field that is absent may mean something else, depending on other fields or on
 * the data: a batch size of 64 that is asked for is an error if there are 30 images.
 */
export function defaultsInWords(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(defaultsInWords)
  if (!isObject(node)) return node
  const copy: SchemaObject = {}
  for (const [key, value] of Object.entries(node)) {
    if (key === 'properties' && isObject(value)) copy[key] = ofFields(value)
    else copy[key] = opaque.has(key) ? value : defaultsInWords(value)
  }
  const { default: value, ...schema } = copy
  if (value === undefined) return schema
  const words = `default: ${JSON.stringify(value)}`
  return { ...schema, description: schema.description ? `${schema.description} (${words})` : words }
}

const ofFields = (fields: SchemaObject): SchemaObject =>
  Object.fromEntries(
    Object.entries(fields).map(([field, schema]) => [field, defaultsInWords(schema)]),
  )

const opaque = new Set(['example', 'examples', 'enum', 'const', 'default'])

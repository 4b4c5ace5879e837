import { isObject, referredName, type SchemaObject } from './schema-object.js'

/**
 * Adds a discriminator to a union whose members are all named, and differ by the value of a required
 * field, such as `kind`. Exactly one member then fits, so `anyOf` becomes `oneOf`, as OpenAPI recommends.
 */
export function discriminate(
  schema: SchemaObject,
  components: Readonly<Record<string, SchemaObject>>,
): SchemaObject {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf) || anyOf.length < 2) return schema
  const members = anyOf.map(member => {
    const name = referredName(member)
    return { ref: String(member.$ref), component: (name !== undefined && components[name]) || {} }
  })
  for (const field of requiredFields(members[0]!.component)) {
    const values = members.map(({ component }) => possibleValues(component, field))
    const all = values.flat()
    if (values.some(({ length }) => length === 0) || new Set(all).size < all.length) continue
    const mapping = Object.fromEntries(
      members.flatMap(({ ref }, i) => values[i]!.map(value => [value, ref])),
    )
    return { ...rest, oneOf: anyOf, discriminator: { propertyName: field, mapping } }
  }
  return schema
}

const requiredFields = ({ required }: SchemaObject): string[] =>
  Array.isArray(required) ? required : []

/** The texts that a required field can have; empty if it can have any. */
function possibleValues(schema: SchemaObject, field: string): string[] {
  if (!requiredFields(schema).includes(field) || !isObject(schema.properties)) return []
  const property = schema.properties[field]
  if (!isObject(property) || property.type !== 'string') return []
  return Array.isArray(property.enum) ? property.enum : [property.const].filter(isText)
}

const isText = (value: unknown): value is string => typeof value === 'string'

import { discriminate } from './discriminators.js'
import { componentPath, isObject, type SchemaObject } from './schema-object.js'
import { withTypedEnum } from './typed-enum.js'

/** They belong to the place where a schema is used, and differ between uses of one schema. */
const annotations = ['description', 'default', 'examples', 'example']

/** Keys whose values are not schemas. */
const opaque = new Set(['example', 'examples', 'default', 'enum', 'const'])

/**
 * Replaces each schema of the document that equals a named one by a reference to it, so that generated
 * clients have one type for it, with a name. The validators get the schemas as they were.
 */
export class SchemaNamer {
  private readonly nameByText = new Map<string, string>()
  /** The named unions, each with its members. */
  private readonly unions: { union: SchemaObject; members: string[] }[] = []
  readonly components: Record<string, SchemaObject> = {}

  /** `named`: schemas by name, which may contain each other. */
  constructor(private readonly named: Record<string, object>) {
    for (const [name, schema] of Object.entries(named)) {
      const union = asInDocument(schema)
      const text = comparableText(union)
      const other = this.nameByText.get(text)
      if (other !== undefined) throw new Error(`${other} and ${name} are names of equal schemas`)
      this.nameByText.set(text, name)
      if (Array.isArray(union.anyOf))
        this.unions.push({ union, members: union.anyOf.map(comparableText) })
    }
  }

  /** Returns a copy of a part of the document in which named schemas are references. */
  rewrite(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(item => this.rewrite(item))
    if (!isObject(node)) return node
    const name = this.nameOf(node)
    return name === undefined ? this.rewriteMembers(node) : this.reference(name, node)
  }

  /** As `rewrite`, but the object itself stays as it is. */
  rewriteMembers(node: SchemaObject): SchemaObject {
    const copy: SchemaObject = {}
    for (const [key, value] of Object.entries(this.withNamedUnion(node))) {
      if (opaque.has(key)) copy[key] = value
      else if (key === 'properties' && isObject(value)) copy[key] = this.rewriteValues(value)
      else copy[key] = this.rewrite(value)
    }
    return discriminate(withTypedEnum(copy), this.components)
  }

  /** A union of a number and all members of a named union becomes one of the number and the named union. */
  private withNamedUnion(node: SchemaObject): SchemaObject {
    const { anyOf } = node
    if (!Array.isArray(anyOf) || anyOf.every(({ type }) => type === 'object')) return node
    for (const { union, members } of this.unions) {
      const others = anyOf.filter(member => !members.includes(comparableText(member)))
      if (others.length === 0 || anyOf.length - others.length < members.length) continue
      return { ...node, anyOf: [...others, union] }
    }
    return node
  }

  /** For an object whose keys are names of fields: one may be called `default` or `properties`. */
  private rewriteValues(fields: SchemaObject): SchemaObject {
    return Object.fromEntries(
      Object.entries(fields).map(([field, schema]) => [field, this.rewrite(schema)]),
    )
  }

  private nameOf(node: SchemaObject): string | undefined {
    const { title } = node
    if (typeof title === 'string' && title in this.named) return title
    return this.nameByText.get(comparableText(node))
  }

  /** A default is of the field, not of its type; generators of clients know no default of an object. */
  private component(name: string): SchemaObject {
    const { default: _, ...schema } = asInDocument(this.named[name]!)
    return this.rewriteMembers(schema)
  }

  private reference(name: string, used: SchemaObject): SchemaObject {
    this.components[name] ??= this.component(name)
    const reference: SchemaObject = { $ref: `${componentPath}${name}` }
    for (const key of annotations) {
      const isOwn = JSON.stringify(used[key]) !== JSON.stringify(this.components[name][key])
      if (used[key] !== undefined && isOwn) reference[key] = used[key]
    }
    return reference
  }
}

/** A schema of TypeBox as `@fastify/swagger` writes it. */
const asInDocument = (schema: object): SchemaObject =>
  JSON.parse(JSON.stringify(schema), (key, value) => {
    if (key === '$ref') return String(value).replace(/^(\w+)#$/, `${componentPath}$1`)
    if (!isObject(value) || !isObject(value.patternProperties)) return value
    const { patternProperties, ...rest } = value
    return { ...rest, additionalProperties: Object.values(patternProperties)[0] }
  })

function comparableText(schema: SchemaObject): string {
  const compared = Object.entries(schema).filter(([key]) => !annotations.includes(key))
  return JSON.stringify(compared.sort(([a], [b]) => (a < b ? -1 : 1)))
}

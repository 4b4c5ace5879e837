import { serverUrl } from '../server/session.js'

/** The part of JSON Schema that the API's document uses for the bodies of jobs. */
export interface Schema {
  $ref?: string
  type?: string
  const?: unknown
  enum?: readonly unknown[]
  description?: string
  properties?: Record<string, Schema>
  required?: readonly string[]
  additionalProperties?: Schema | boolean
  items?: Schema
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  discriminator?: { propertyName: string }
}

export interface JobSchemas {
  network: Schema
  boosting: Schema
  prediction: Schema
  /** Follows references. A description beside a reference wins over that of its target. */
  resolve: (schema: Schema) => Schema
}

let loaded: Promise<JobSchemas> | null = null

/** The forms of a job, from the server's own OpenAPI document: the page offers what this server takes. */
export function loadJobSchemas(): Promise<JobSchemas> {
  loaded ??= readJobSchemas().catch(error => {
    loaded = null
    throw error
  })
  return loaded
}

async function readJobSchemas(): Promise<JobSchemas> {
  const response = await fetch(`${serverUrl}/openapi.json`)
  if (!response.ok) throw new Error(`The API document could not be read (${response.status})`)
  const document = (await response.json()) as { components: { schemas: Record<string, Schema> } }
  const { schemas } = document.components
  const resolve = (schema: Schema): Schema => {
    if (schema.$ref === undefined) return schema
    const { $ref, ...beside } = schema
    return { ...resolve(schemas[$ref.split('/').at(-1)!]!), ...beside }
  }
  const named = (name: string) => resolve({ $ref: name })
  return {
    network: named('NetworkJobRequest'),
    boosting: named('BoostingJobRequest'),
    prediction: named('PredictionJobRequest'),
    resolve,
  }
}

export interface Variant {
  name: string
  schema: Schema
  /** What the value is when the variant is chosen: with the field that tells it from the others. */
  start: unknown
}

/** The forms that a value may have, with those of nested alternatives; null if there is only one. */
export function variantsOf(schema: Schema, resolve: JobSchemas['resolve']): Variant[] | null {
  const alternatives = schema.anyOf ?? schema.oneOf
  if (!alternatives) return null
  return alternatives.flatMap(each => {
    const inner = resolve(each)
    return variantsOf(inner, resolve) ?? [{ schema: inner, ...nameOf(inner, resolve) }]
  })
}

function nameOf(schema: Schema, resolve: JobSchemas['resolve']): Omit<Variant, 'schema'> {
  if (schema.const !== undefined) return { name: String(schema.const), start: schema.const }
  const constants = Object.entries(schema.properties ?? {})
    .map(([key, value]) => [key, resolve(value).const] as const)
    .filter(([, constant]) => constant !== undefined)
  if (constants.length > 0) {
    return {
      name: constants.map(([, constant]) => String(constant)).join(' '),
      start: Object.fromEntries(constants),
    }
  }
  if (schema.type === 'object') {
    const fields = schema.required?.length ? schema.required : Object.keys(schema.properties ?? {})
    return { name: fields.length > 0 ? fields.join(', ') : 'by name', start: {} }
  }
  if (schema.type === 'array') return { name: 'list', start: [] }
  return { name: typeNames[schema.type ?? ''] ?? 'value', start: undefined }
}

const typeNames: Record<string, string> = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'yes or no',
  null: 'none',
}

/** Which of the variants a value has; -1 for none. */
export function variantOf(variants: readonly Variant[], value: unknown): number {
  const exact = variants.findIndex(
    ({ schema }) => schema.const !== undefined && schema.const === value,
  )
  if (exact >= 0) return exact
  const kind = kindOf(value)
  const sameType = (type: string | undefined) =>
    type === kind || (type === 'integer' && kind === 'number' && Number.isInteger(value))
  const candidates = [...variants.entries()].filter(
    ([, { schema }]) => schema.const === undefined && sameType(schema.type),
  )
  if (kind !== 'object') return candidates[0]?.[0] ?? -1
  const fields = value as Record<string, unknown>
  const fits = ({ schema, start }: Variant) =>
    Object.entries((start ?? {}) as object).every(([key, constant]) => fields[key] === constant) &&
    Object.keys(fields).every(
      key => schema.properties?.[key] !== undefined || Boolean(schema.additionalProperties),
    )
  return (candidates.find(([, variant]) => fits(variant)) ?? candidates[0])?.[0] ?? -1
}

const kindOf = (value: unknown) =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : (typeof value as string)

/**
 * A description without its default, and the default: a value, or words such as `as for training`. Bodies have defaults
 * in their descriptions only.
 */
export function splitDescription(text = ''): { help: string; initial?: unknown } {
  const found = /\s*\(?[Dd]efault: ([^()]*(?:\([^()]*\)[^()]*)*)\)?$/.exec(text)
  if (!found) return { help: text }
  return { help: text.slice(0, found.index), initial: parsed(found[1]!) }
}

/** The value of a JSON text, or the text if it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

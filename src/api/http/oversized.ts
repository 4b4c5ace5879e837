import type { AnySchemaObject, ErrorObject } from 'ajv'
import { escapePointerToken } from '../../errors.js'

/** What a body has more of than its schema allows. `unlisted` counts the errors beyond `errors`. */
export interface Oversized {
  errors: ErrorObject[]
  unlisted: number
}

const maxUnknownFields = 100

/**
 * Finds arrays and objects with more entries than a schema allows, and objects with more than 100 unknown
 * fields. It does not look into them. Call it before Ajv, which with `allErrors` checks every entry of a
 * list that is too long. If it finds nothing, the schema itself bounds Ajv's work.
 */
export function findOversized(schema: AnySchemaObject, body: unknown): Oversized {
  const found: Oversized = { errors: [], unlisted: 0 }
  visit([schema], body, '', found)
  return found
}

/** `schemas`: all that may apply to the value. A limit is the largest of theirs. */
function visit(
  schemas: readonly AnySchemaObject[],
  value: unknown,
  path: string,
  found: Oversized,
): void {
  if (typeof value !== 'object' || value === null) return
  const type = Array.isArray(value) ? 'array' : 'object'
  const branches = schemas.flatMap(branchesOf).filter(branch => branch.type === type)
  // a value of the wrong type is one error
  if (branches.length === 0) return
  if (Array.isArray(value)) visitArray(branches, value, path, found)
  else visitObject(branches, value as Record<string, unknown>, path, found)
}

function visitArray(
  branches: readonly AnySchemaObject[],
  value: readonly unknown[],
  path: string,
  found: Oversized,
): void {
  const limit = largest(branches, 'maxItems')
  if (value.length > limit) {
    found.errors.push(errorAt(path, value, 'maxItems', { limit }))
    return
  }
  const items = branches.flatMap(({ items }) => (items ? [items] : [])).filter(hasEntries)
  if (items.length === 0) return
  for (const [i, item] of value.entries()) visit(items, item, `${path}/${i}`, found)
}

function visitObject(
  branches: readonly AnySchemaObject[],
  value: Readonly<Record<string, unknown>>,
  path: string,
  found: Oversized,
): void {
  const names = Object.keys(value)
  const limit = largest(branches, 'maxProperties')
  if (names.length > limit) {
    found.errors.push(errorAt(path, value, 'maxProperties', { limit }))
    return
  }
  const properties: Record<string, AnySchemaObject> = Object.assign(
    Object.create(null),
    ...branches.map(branch => branch.properties),
  )
  const isStrict = branches.every(branch => branch.additionalProperties === false)
  const unknown = isStrict ? names.filter(name => !(name in properties)) : []
  if (unknown.length > maxUnknownFields) {
    for (const name of unknown.slice(0, maxUnknownFields)) {
      const params = { additionalProperty: name }
      found.errors.push(errorAt(path, value, 'additionalProperties', params, { properties }))
    }
    found.unlisted += unknown.length - maxUnknownFields
    return
  }
  const others = branches.map(branch => branch.additionalProperties).filter(hasEntries)
  const relevant = others.length > 0 ? names : names.filter(name => name in properties)
  for (const name of relevant) {
    const own = branches.flatMap(branch => branch.properties?.[name] ?? []).filter(hasEntries)
    visit([...own, ...others], value[name], `${path}/${escapePointerToken(name)}`, found)
  }
}

/** Whether a schema is of an array or object, which may have too many entries. */
const hasEntries = (schema: AnySchemaObject | boolean | undefined): schema is AnySchemaObject =>
  typeof schema === 'object' &&
  branchesOf(schema).some(({ type }) => type === 'array' || type === 'object')

const branchesOf = (schema: AnySchemaObject): AnySchemaObject[] =>
  schema.anyOf ? (schema.anyOf as AnySchemaObject[]).flatMap(branchesOf) : [schema]

/** Infinity if a branch has no limit. */
const largest = (branches: readonly AnySchemaObject[], keyword: 'maxItems' | 'maxProperties') =>
  Math.max(...branches.map(branch => branch[keyword] ?? Number.POSITIVE_INFINITY))

const errorAt = (
  instancePath: string,
  data: unknown,
  keyword: string,
  params: Record<string, unknown>,
  parentSchema: AnySchemaObject = {},
): ErrorObject => ({ instancePath, data, keyword, params, parentSchema, schemaPath: '' })

import type { AnySchemaObject, ErrorObject } from 'ajv'
import {
  escapePointerToken,
  type FieldError,
  maxListedErrors,
  quoteTruncated,
  truncate,
} from '../../errors.js'
import type { FieldErrorCode } from '../../spec/field-error-codes.js'
import { closestMatch } from './did-you-mean.js'

/** Field errors to list, and the number of further ones. */
export interface ListedErrors {
  fieldErrors: FieldError[]
  unlisted: number
}

/**
 * Ajv's errors → field errors: one for each bad place, with its value and what is expected. Lists the first
 * 100. Takes time that is linear in the number of errors.
 */
export function toFieldErrors(errors: readonly ErrorObject[], httpPart: string): ListedErrors {
  const { kept, dropped } = firstOfEachKind(errors)
  const relevant = relevantErrors(kept)
  const byPlace = new Map<string, FieldError>()
  for (const error of relevant) {
    const fieldError = toFieldError(error, httpPart)
    const place = `${fieldError.code} ${fieldError.path}`
    if (!byPlace.has(place)) byPlace.set(place, fieldError)
  }
  const all = [...byPlace.values()]
  const fieldErrors = all.slice(0, maxListedErrors)
  const kinds = new Set(relevant.map(kindOf))
  const similar = [...kinds].reduce((sum, kind) => sum + (dropped.get(kind) ?? 0), 0)
  return { fieldErrors, unlisted: all.length - fieldErrors.length + similar }
}

/** Keeps 100 errors of the same keyword within the same array or object, and counts the others. */
function firstOfEachKind(errors: readonly ErrorObject[]) {
  const counts = new Map<string, number>()
  const dropped = new Map<string, number>()
  const kept = errors.filter(error => {
    // the error of the name's own schema is more specific
    if (error.keyword === 'propertyNames') return false
    const kind = kindOf(error)
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    if (count > maxListedErrors) dropped.set(kind, count - maxListedErrors)
    return count <= maxListedErrors
  })
  return { kept, dropped }
}

const kindOf = ({ keyword, schemaPath, instancePath }: ErrorObject): string => {
  const place = placesOfOneError.has(keyword)
    ? instancePath
    : instancePath.slice(0, instancePath.lastIndexOf('/'))
  return `${schemaPath} ${place}`
}

/** Errors of these keywords are about a field of the object at their path. */
const placesOfOneError = new Set(['additionalProperties', 'required'])

/**
 * If a value matches no branch of a union, Ajv reports the errors of every branch. This keeps those of the
 * branch that the value's type and its `kind`, `schedule` or `model.kind` select. If they select none,
 * it keeps one error of the union itself.
 */
function relevantErrors(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = errors.filter(error => error.keyword === 'anyOf')
  // outermost first: the recursion handles unions within the selected branch
  const [union] = unions.sort((a, b) => a.schemaPath.length - b.schemaPath.length)
  if (!union) return errors
  const isWithin = (error: ErrorObject, schemaPath: string) =>
    error.schemaPath.startsWith(`${schemaPath}/`) &&
    error.instancePath.startsWith(union.instancePath)
  const others = errors.filter(error => error !== union && !isWithin(error, union.schemaPath))
  const selected = selectBranch(union)
  const branchErrors =
    typeof selected === 'number'
      ? relevantErrors(
          errors.filter(error => isWithin(error, `${union.schemaPath}/${selected}`)),
        ).map(error => withBranchHint(error, union, selected))
      : [selected]
  return [...relevantErrors(others), ...branchErrors]
}

/** Adds a hint to an unknown field that other branches have, such as `it goes with kind 'resnet'`. */
function withBranchHint(error: ErrorObject, union: ErrorObject, selected: number): ErrorObject {
  if (error.keyword !== 'additionalProperties' || error.params.branchHint) return error
  const branches = branchesOf(union.parentSchema)
  const field = discriminatorOf(branches)
  if (!field) return error
  const path = error.instancePath.slice(union.instancePath.length).split('/').slice(1)
  const name: string = error.params.additionalProperty
  const values = branches
    .filter((branch, i) => i !== selected && schemasAt(branch, [...path, name]).length > 0)
    .flatMap(branch => enumValuesAt(branch, field))
  if (values.length === 0) return error
  const branchHint = `it goes with ${field.join('.')} ${values.map(formatValue).join(' or ')}`
  return { ...error, params: { ...error.params, branchHint } }
}

/** Returns the index of the branch that the value selects, or one error of the union. */
function selectBranch(union: ErrorObject): number | ErrorObject {
  const branches = branchesOf(union.parentSchema)
  const candidates = branches.filter(branch => matchesType(union.data, typeOf(branch)))
  if (candidates.length === 0) {
    const types = [...new Set(branches.map(typeOf))]
    return { ...union, keyword: 'type', params: { type: types } }
  }
  if (candidates.length === 1) return branches.indexOf(candidates[0]!)
  const marked = candidates.find(isMarked)
  if (marked && getField(union.data, marker) !== undefined) return branches.indexOf(marked)
  const field = discriminatorOf(candidates)
  if (!field) {
    const likeliest = branchOfFields(union.data, candidates)
    return likeliest ? branches.indexOf(likeliest) : union
  }
  const value = field.reduce<unknown>(getField, union.data)
  const selected = candidates.find(branch => enumValuesAt(branch, field).includes(value))
  if (selected) return branches.indexOf(selected)
  const parent = field.slice(0, -1).reduce<unknown>(getField, union.data)
  // the object that holds the discriminator is missing, and every branch says so
  if (typeName(parent) !== 'object') return branches.indexOf(candidates[0]!)
  return {
    ...union,
    keyword: 'enum',
    instancePath: [union.instancePath, ...field].join('/'),
    params: { allowedValues: candidates.flatMap(branch => enumValuesAt(branch, field)) },
    data: value,
  }
}

/** The object of a union that has most of the value's fields, also if they are misspelled. */
function branchOfFields(
  value: unknown,
  branches: readonly AnySchemaObject[],
): AnySchemaObject | undefined {
  if (typeName(value) !== 'object') return undefined
  const fields = Object.keys(value as object).slice(0, maxListedErrors)
  const known = (branch: AnySchemaObject) => {
    const names = Object.keys(branch.properties ?? {})
    return fields.filter(field => names.includes(field) || closestMatch(field, names)).length
  }
  return [...branches].sort((a, b) => known(b) - known(a))[0]
}

/** Paths of the fields that tell the objects of a union apart. */
const discriminators = [['kind'], ['schedule'], ['model', 'kind']] as const

/** The field of a job that predicts, which tells it apart from the others of its union, as they do not have it. */
const marker = 'predict'
const isMarked = ({ properties }: AnySchemaObject): boolean => marker in (properties ?? {})

function discriminatorOf(branches: readonly AnySchemaObject[]): readonly string[] | undefined {
  const others = branches.filter(branch => !isMarked(branch))
  return discriminators.find(field =>
    others.every(branch => enumValuesAt(branch, field).length > 0),
  )
}

const getField = (value: unknown, field: string): unknown =>
  typeName(value) === 'object' ? (value as Record<string, unknown>)[field] : undefined

const enumValuesAt = (schema: AnySchemaObject, path: readonly string[]): unknown[] =>
  schemasAt(schema, path).flatMap(found => found.enum ?? [])

/** Returns a field's schemas, one for each branch of the unions on its path that has the field. */
function schemasAt(schema: AnySchemaObject, path: readonly string[]): AnySchemaObject[] {
  if (schema.anyOf) return branchesOf(schema).flatMap(branch => schemasAt(branch, path))
  const [field, ...rest] = path
  if (field === undefined) return [schema]
  const found: AnySchemaObject | undefined = schema.properties?.[field]
  return found ? schemasAt(found, rest) : []
}

const branchesOf = (schema: AnySchemaObject | undefined): AnySchemaObject[] => schema?.anyOf ?? []

/** A schema that lists its values has no type. */
const typeOf = (branch: AnySchemaObject): string => branch.type ?? typeName(branch.enum?.[0])

function matchesType(value: unknown, type: string): boolean {
  if (type === 'integer') return typeof value === 'number'
  return typeName(value) === type
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** JSON Schema keyword → code of the field error, and what the keyword expects. */
const expectations: Record<
  string,
  (error: ErrorObject) => [code: FieldErrorCode, expected: string]
> = {
  type: ({ params }) => ['wrong_type', [params.type].flat().map(withArticle).join(' or ')],
  enum: ({ params }) => ['not_allowed', oneOf(params.allowedValues)],
  minimum: ({ params }) => ['too_small', `at least ${params.limit}`],
  exclusiveMinimum: ({ params }) => ['too_small', `more than ${params.limit}`],
  maximum: ({ params }) => ['too_large', `at most ${params.limit}`],
  exclusiveMaximum: ({ params }) => ['too_large', `less than ${params.limit}`],
  minLength: ({ params }) => ['too_small', `at least ${params.limit} characters`],
  maxLength: ({ params }) => ['too_long', `at most ${params.limit} characters`],
  minItems: ({ params }) => ['too_small', `at least ${params.limit}`],
  maxItems: ({ params }) => ['too_long', `at most ${params.limit}`],
  minProperties: ({ params }) => ['too_small', `at least ${params.limit}`],
  maxProperties: ({ params }) => ['too_long', `at most ${params.limit}`],
  pattern: ({ params, parentSchema }) => [
    'invalid_format',
    parentSchema?.description ?? `a match of ${params.pattern}`,
  ],
}

const maxNameLength = 100
const maxPathLength = 1000

function toFieldError(error: ErrorObject, httpPart: string): FieldError {
  const { keyword, params, parentSchema, instancePath, data } = error
  const fieldErrorAt = (
    field: string | null,
    code: FieldErrorCode,
    message: string,
  ): FieldError => {
    const name = field === null ? '' : `/${escapePointerToken(truncate(field, maxNameLength))}`
    const path = `${truncate(instancePath, maxPathLength)}${name}`
    return { path: httpPart === 'body' ? path : `${httpPart}:${path}`, code, message }
  }
  if (keyword === 'required') {
    const field: string = params.missingProperty
    return fieldErrorAt(field, 'required', `${dottedName(`${instancePath}/${field}`)} is missing`)
  }
  if (keyword === 'additionalProperties') {
    const field: string = params.additionalProperty
    const suggestion = closestMatch(field, Object.keys(parentSchema?.properties ?? {}))
    const where = instancePath ? ` in ${dottedName(instancePath)}` : ''
    const { branchHint } = params
    const hint = branchHint
      ? `; ${branchHint}`
      : suggestion
        ? `; did you mean '${suggestion}'?`
        : ''
    return fieldErrorAt(
      field,
      'unknown_field',
      `unknown field ${quoteTruncated(field)}${where}${hint}`,
    )
  }
  const fieldName = dottedName(instancePath) || `the ${httpPart}`
  const subject = error.propertyName === undefined ? fieldName : `a name in ${fieldName}`
  // Fastify validates an absent body as null
  if (data === undefined || (data === null && !instancePath)) {
    return fieldErrorAt(null, 'required', `${subject} is missing`)
  }
  const entries = countEntries(keyword, data)
  const [code, expected] = expectations[keyword]?.(error) ?? ['invalid', error.message ?? keyword]
  const found = entries === null ? `is ${formatValue(data)}` : `has ${entries} entries`
  return fieldErrorAt(null, code, `${subject} ${found}, expected ${expected}`)
}

/** The size of an array or object with too few or too many entries; null for errors of other keywords. */
function countEntries(keyword: string, data: unknown): number | null {
  if (!/^(min|max)(Items|Properties)$/.test(keyword)) return null
  return Array.isArray(data) ? data.length : Object.keys(data as object).length
}

/** '/training/learningRate' → 'training.learningRate'. */
const dottedName = (pointer: string) =>
  pointer
    .slice(1)
    .split('/')
    .map(part => truncate(part.replaceAll('~1', '/').replaceAll('~0', '~')))
    .join('.')

const withArticle = (type: string) =>
  /^[aio]/.test(type) ? `an ${type}` : type === 'null' ? type : `a ${type}`

function oneOf(values: readonly unknown[]): string {
  return values.length === 1
    ? formatValue(values[0])
    : `one of ${values.map(formatValue).join(', ')}`
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return quoteTruncated(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

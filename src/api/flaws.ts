import type { AnySchemaObject, ErrorObject } from 'ajv'
import type { Flaw } from '../errors.js'
import { closest } from './closest.js'

/** Ajv's complaints in our words: each bad place once, with its value and what was expected. */
export function flawsOf(errors: readonly ErrorObject[], place: string): Flaw[] {
  // the complaint about the name itself says more
  const telling = errors.filter(({ keyword }) => keyword !== 'propertyNames')
  const flaws = relevant(telling).map(error => flawOf(error, place))
  return flaws.filter(({ path, code }, i) => {
    const twin = flaws.findIndex(other => other.path === path && other.code === code)
    return twin === i
  })
}

/**
 * A value that fits no branch of a union gets complaints from every one of them. The branch that
 * its type (and its `kind` or `schedule`) points at says what is wrong; where there is none, the union does.
 */
function relevant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = errors.filter(error => error.keyword === 'anyOf')
  // a union within a union is met again, if its branch is the one
  const [union] = unions.sort((a, b) => a.schemaPath.length - b.schemaPath.length)
  if (!union) return errors
  const within = (error: ErrorObject, schemaPath: string) =>
    error.schemaPath.startsWith(`${schemaPath}/`) &&
    error.instancePath.startsWith(union.instancePath)
  const others = errors.filter(error => error !== union && !within(error, union.schemaPath))
  const choice = choose(union)
  const own =
    typeof choice === 'number'
      ? relevant(errors.filter(error => within(error, `${union.schemaPath}/${choice}`)))
      : [choice]
  return [...relevant(others), ...own]
}

/** The branch that was meant, or else the union's own complaint. */
function choose(union: ErrorObject): number | ErrorObject {
  const branches = branchesOf(union.parentSchema)
  const fitting = branches.filter(({ type }) => fits(union.data, type))
  if (fitting.length === 0) {
    const types = [...new Set(branches.map(({ type }) => type))]
    return { ...union, keyword: 'type', params: { type: types } }
  }
  if (fitting.length === 1) return branches.indexOf(fitting[0]!)
  const field = discriminators.find(name => fitting.every(branch => branch.properties?.[name]))
  if (!field) return union
  const valuesOf = (branch: AnySchemaObject): unknown[] => branch.properties[field].enum ?? []
  const value = (union.data as Record<string, unknown>)[field]
  const named = fitting.find(branch => valuesOf(branch).includes(value))
  if (named) return branches.indexOf(named)
  return {
    ...union,
    keyword: 'enum',
    instancePath: `${union.instancePath}/${field}`,
    params: { allowedValues: fitting.flatMap(valuesOf) },
    data: value,
  }
}

/** The field that tells the objects of a union apart. */
const discriminators = ['kind', 'schedule']

const branchesOf = (schema: AnySchemaObject | undefined): AnySchemaObject[] => schema?.anyOf ?? []

function fits(value: unknown, type: string): boolean {
  if (type === 'integer') return typeof value === 'number'
  return typeName(value) === type
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** What a keyword expects of the value it refused, and the code of its flaw. */
const expectations: Record<string, (error: ErrorObject) => [code: string, expected: string]> = {
  type: ({ params }) => ['wrong_type', [params.type].flat().map(article).join(' or ')],
  enum: ({ params }) => ['not_allowed', oneOf(params.allowedValues)],
  minimum: ({ params }) => ['too_small', `at least ${params.limit}`],
  exclusiveMinimum: ({ params }) => ['too_small', `more than ${params.limit}`],
  maximum: ({ params }) => ['too_large', `at most ${params.limit}`],
  exclusiveMaximum: ({ params }) => ['too_large', `less than ${params.limit}`],
  maxLength: ({ params }) => ['too_long', `at most ${params.limit} characters`],
  pattern: ({ params, parentSchema }) => [
    'wrong_form',
    parentSchema?.description ?? `a match of ${params.pattern}`,
  ],
}

function flawOf(error: ErrorObject, place: string): Flaw {
  const { keyword, params, parentSchema, instancePath, data } = error
  const at = (field: string | null, code: string, message: string): Flaw => {
    const path = field === null ? instancePath : `${instancePath}/${pointer(field)}`
    return { path: place === 'body' ? path : `${place}:${path}`, code, message }
  }
  if (keyword === 'required') {
    const field: string = params.missingProperty
    return at(field, 'required', `${nameOf(`${instancePath}/${field}`)} is missing`)
  }
  if (keyword === 'additionalProperties') {
    const field: string = params.additionalProperty
    const meant = closest(field, Object.keys(parentSchema?.properties ?? {}))
    const where = instancePath ? ` in ${nameOf(instancePath)}` : ''
    const hint = meant ? `; did you mean '${meant}'?` : ''
    return at(field, 'unknown_field', `unknown field '${short(field)}'${where}${hint}`)
  }
  const whole = nameOf(instancePath) || `the ${place}`
  const subject = error.propertyName === undefined ? whole : `a name in ${whole}`
  // Fastify validates an absent body as null
  if (data === undefined || (data === null && !instancePath)) {
    return at(null, 'required', `${subject} is missing`)
  }
  const [code, expected] = expectations[keyword]?.(error) ?? [keyword, error.message ?? keyword]
  return at(null, code, `${subject} is ${show(data)}, expected ${expected}`)
}

/** '/training/learningRate' → 'training.learningRate'. */
const nameOf = (pointer: string) =>
  pointer
    .slice(1)
    .split('/')
    .map(part => short(part.replaceAll('~1', '/').replaceAll('~0', '~')))
    .join('.')

const pointer = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1')

const article = (type: string) =>
  /^[aio]/.test(type) ? `an ${type}` : type === 'null' ? type : `a ${type}`

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? show(values[0]) : `one of ${values.map(show).join(', ')}`
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${short(value)}'`
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

const short = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

import type { AnySchemaObject, ErrorObject } from 'ajv'
import type { Flaw } from '../../errors.js'
import { closest } from './did-you-mean.js'

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
 * its type (and its `kind`, `schedule` or `model.kind`) points at says what is wrong; where there is none,
 * the union does.
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
      ? relevant(errors.filter(error => within(error, `${union.schemaPath}/${choice}`))).map(
          error => withPlace(error, union, choice),
        )
      : [choice]
  return [...relevant(others), ...own]
}

/** A field that only other branches know is told where it belongs. */
function withPlace(error: ErrorObject, union: ErrorObject, choice: number): ErrorObject {
  if (error.keyword !== 'additionalProperties' || error.params.belongs) return error
  const branches = branchesOf(union.parentSchema)
  const field = fieldOf(branches)
  if (!field) return error
  const place = error.instancePath.slice(union.instancePath.length).split('/').slice(1)
  const name: string = error.params.additionalProperty
  const values = branches
    .filter((branch, i) => i !== choice && schemasAt(branch, [...place, name]).length > 0)
    .flatMap(branch => valuesAt(branch, field))
  if (values.length === 0) return error
  const belongs = `it goes with ${field.join('.')} ${values.map(show).join(' or ')}`
  return { ...error, params: { ...error.params, belongs } }
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
  const field = fieldOf(fitting)
  if (!field) return union
  const value = field.reduce<unknown>(inside, union.data)
  const named = fitting.find(branch => valuesAt(branch, field).includes(value))
  if (named) return branches.indexOf(named)
  const holder = field.slice(0, -1).reduce<unknown>(inside, union.data)
  // without it no branch is meant; any says that it is missing
  if (typeName(holder) !== 'object') return branches.indexOf(fitting[0]!)
  return {
    ...union,
    keyword: 'enum',
    instancePath: [union.instancePath, ...field].join('/'),
    params: { allowedValues: fitting.flatMap(branch => valuesAt(branch, field)) },
    data: value,
  }
}

/** The fields that tell the objects of a union apart, by their paths. */
const discriminators = [['kind'], ['schedule'], ['model', 'kind']] as const

const fieldOf = (branches: readonly AnySchemaObject[]): readonly string[] | undefined =>
  discriminators.find(field => branches.every(branch => valuesAt(branch, field).length > 0))

const inside = (value: unknown, field: string): unknown =>
  typeName(value) === 'object' ? (value as Record<string, unknown>)[field] : undefined

const valuesAt = (schema: AnySchemaObject, path: readonly string[]): unknown[] =>
  schemasAt(schema, path).flatMap(found => found.enum ?? [])

/** What a schema says of a field, in any branch of the unions on the way. */
function schemasAt(schema: AnySchemaObject, path: readonly string[]): AnySchemaObject[] {
  if (schema.anyOf) return branchesOf(schema).flatMap(branch => schemasAt(branch, path))
  const [field, ...rest] = path
  if (field === undefined) return [schema]
  const found: AnySchemaObject | undefined = schema.properties?.[field]
  return found ? schemasAt(found, rest) : []
}

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
    const { belongs } = params
    const hint = belongs ? `; ${belongs}` : meant ? `; did you mean '${meant}'?` : ''
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

import type { TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { FieldErrors, quoteTruncated } from '../../errors.js'
import { type Condition, type Operator, operators } from '../../lists/condition.js'
import { resolveField } from '../../lists/field-name.js'
import type { SortKey } from '../../lists/order.js'
import type { ListFields } from '../../spec/list-fields.js'
import { metricNames } from '../../spec/metric-names.js'
import { DateOrDateTime, dateOrDateTime } from '../../spec/times.js'
import { closestMatch } from './did-you-mean.js'

/** A query of the schema `ListQuery`, as clients send it. */
interface RawListQuery {
  limit: number
  cursor?: string
  sort?: string[]
  where?: string[]
  fields?: string[]
}

export interface ParsedListQuery {
  limit: number
  cursor?: string
  sort?: SortKey[]
  where?: Condition[]
}

/**
 * Reads the names in `sort` and `where`. `more` are conditions from parameters of their own. Throws INVALID_QUERY
 * for a name that the list does not know and for a value that the field cannot have.
 */
export function parseListQuery(
  { limit, cursor, sort, where = [] }: RawListQuery,
  fields: ListFields,
  more: readonly Condition[] = [],
): ParsedListQuery {
  const errors = new FieldErrors()
  const keys = (sort ?? []).flatMap(text => parseSortKey(text, fields, errors) ?? [])
  const parsed = where.flatMap(text => parseCondition(text, fields, errors) ?? [])
  errors.throwIfAny('INVALID_QUERY')
  const conditions = [...parsed, ...more]
  return {
    limit,
    ...(cursor !== undefined && { cursor }),
    ...(sort && { sort: keys }),
    ...(conditions.length > 0 && { where: conditions }),
  }
}

/** A condition from a parameter of its own, such as `kind`; none without a value. */
export const conditionIf = (
  path: string,
  operator: Operator,
  text: string | undefined,
  { isTime = false } = {},
): Condition[] => (text === undefined ? [] : [{ path, operator, text, isTime }])

/** Conditions from a pair of parameters, such as `finishedAfter` and `finishedBefore`. */
export const timeBetween = (
  path: string,
  after: string | undefined,
  before: string | undefined,
): Condition[] => [
  ...conditionIf(path, '>', after, { isTime: true }),
  ...conditionIf(path, '<', before, { isTime: true }),
]

function parseSortKey(text: string, fields: ListFields, errors: FieldErrors): SortKey | null {
  const descending = text.startsWith('-')
  const name = descending ? text.slice(1) : text
  const path = resolveField(name, fields)
  if (path !== null) return { path, descending }
  errors.add('querystring:/sort', 'not_allowed', unknownName('sort', name, fields))
  return null
}

function parseCondition(text: string, fields: ListFields, errors: FieldErrors): Condition | null {
  const at = text.search(/[<>=!^]/)
  const operator = at < 0 ? undefined : operators.find(each => text.startsWith(each, at))
  const add = (code: 'invalid_format' | 'not_allowed', message: string) => {
    errors.add('querystring:/where', code, message)
    return null
  }
  if (!operator) {
    const expected = `a name, one of ${operators.join(' ')}, and a value, such as loss<0.1`
    return add('invalid_format', `where has ${quoteTruncated(text)}, expected ${expected}`)
  }
  const name = text.slice(0, at).trim()
  const value = text.slice(at + operator.length).trim()
  const path = resolveField(name, fields)
  if (path === null) return add('not_allowed', unknownName('where', name, fields))
  const isTime = fields.times.includes(path)
  if (isTime && operator !== '^=' && !Check(DateOrDateTime, value)) {
    const message = `where compares ${path} with ${quoteTruncated(value)}, expected ${dateOrDateTime}`
    return add('invalid_format', message)
  }
  const isNumber = fields.numbers.some(each => path === each || path.startsWith(`${each}.`))
  if (isNumber && (value === '' || Number.isNaN(Number(value)))) {
    const message = `where compares ${path} with ${quoteTruncated(value)}, expected a number`
    return add('invalid_format', message)
  }
  return { path, operator, text: value, isTime }
}

function unknownName(parameter: string, name: string, { names, records }: ListFields): string {
  const metrics = records.includes('metrics') ? metricNames : []
  const suggestion = closestMatch(name, [...names, ...metrics])
  const hint = suggestion
    ? `did you mean '${suggestion}'?`
    : `it can name ${[...names, ...records.map(record => `${record}.NAME`)].join(', ')}`
  return `${parameter} names ${quoteTruncated(name)}, by which this list cannot be sorted or filtered; ${hint}`
}

/** Fields of which a part can be asked for, if the item has them. */
const divisible = [
  ...['metrics', 'best', 'labels', 'tags', 'progress', 'failure'],
  ...['model', 'training', 'predict', 'dataset'],
]

/** Checks the names in `fields` against the schema of the items. Throws INVALID_QUERY. */
export function parseFields(
  fields: readonly string[] | undefined,
  item: TSchema,
): readonly string[] | undefined {
  const names = fieldNames(item)
  const errors = new FieldErrors()
  for (const field of fields ?? []) {
    const dot = field.indexOf('.')
    if (names.includes(field)) continue
    if (dot > 0 && dot < field.length - 1) {
      const head = field.slice(0, dot)
      if (divisible.includes(head) && names.includes(head)) continue
    }
    const suggestion = closestMatch(field, names)
    const hint = suggestion ? `did you mean '${suggestion}'?` : `it can name ${names.join(', ')}`
    const message = `fields names ${quoteTruncated(field)}, which an item does not have; ${hint}`
    errors.add('querystring:/fields', 'not_allowed', message)
  }
  errors.throwIfAny('INVALID_QUERY')
  return fields
}

interface ObjectOrUnion {
  properties?: object
  anyOf?: ObjectOrUnion[]
}

const fieldNames = (schema: ObjectOrUnion): string[] => [
  ...new Set([
    ...Object.keys(schema.properties ?? {}),
    ...(schema.anyOf ?? []).flatMap(fieldNames),
  ]),
]

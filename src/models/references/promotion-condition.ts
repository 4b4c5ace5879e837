// The conditions of a promotion: `FIELD OPERATOR VALUE`, as in the parameter `where` of lists, where VALUE is a
// literal or `ALIAS.FIELD`, with `+ NUMBER` or `- NUMBER` if wanted.
import { quoteTruncated } from '../../errors.js'
import { matches, type Operator, operators } from '../../lists/condition.js'
import { resolveField } from '../../lists/field-name.js'
import { type FieldValue, fieldValue } from '../../lists/field-value.js'
import { modelListFields } from '../../spec/list-fields.js'
import type { CheckedCondition } from '../../spec/model-alias.js'

type Operand =
  | { kind: 'literal'; text: string }
  | { kind: 'field'; alias: string; path: string; offset: number }

export interface PromotionCondition {
  text: string
  path: string
  operator: Operator
  operand: Operand
}

/** Returns what is wrong with the text if it is no condition. */
export function parseCondition(text: string): PromotionCondition | string {
  const at = text.search(/[<>=!^]/)
  const operator = at < 0 ? undefined : operators.find(each => text.startsWith(each, at))
  if (!operator)
    return `${quoteTruncated(text)} is no condition: expected a field, one of ${operators.join(' ')}, and a value, such as validationAccuracy >= production.validationAccuracy`
  const name = text.slice(0, at).trim()
  const path = resolveField(name, modelListFields)
  if (path === null) return `${quoteTruncated(name)} is no field of a model: ${knownFields}`
  const value = text.slice(at + operator.length).trim()
  if (value === '') return `${quoteTruncated(text)} has no value after ${operator}`
  const operand = parseOperand(value)
  const isNumber = modelListFields.numbers.some(
    each => path === each || path.startsWith(`${each}.`),
  )
  if (operand.kind === 'literal' && isNumber && Number.isNaN(Number(operand.text)))
    return `${name} is compared with ${quoteTruncated(operand.text)}, expected a number or ALIAS.FIELD, such as production.${name}`
  return { text, path, operator, operand }
}

const { names, records } = modelListFields
const knownFields = `it can be ${[...names, ...records.map(record => `${record}.NAME`)].join(', ')}, or a metric by its name`

function parseOperand(value: string): Operand {
  const quoted = /^"([^"]*)"$/.exec(value)
  if (quoted) return { kind: 'literal', text: quoted[1]! }
  const match =
    /^([a-z][a-z0-9_-]*)\.([^\s+]+?)(?:\s*([+-])\s*(\d+(?:\.\d+)?(?:[eE]-?\d+)?))?$/.exec(value)
  const path = match && resolveField(match[2]!, modelListFields)
  if (!match || path === null) return { kind: 'literal', text: value }
  const [, alias, , sign, number] = match
  const offset = number === undefined ? 0 : Number(`${sign}${number}`)
  return { kind: 'field', alias: alias!, path, offset }
}

/** Checks a condition on a candidate. `other`: what the alias of the condition names; null if nothing yet. */
export function checkCondition(
  { text, path, operator, operand }: PromotionCondition,
  candidate: object,
  other: object | null,
): CheckedCondition {
  const value = fieldValue(candidate, path) ?? null
  if (operand.kind === 'field' && !other)
    return { condition: text, holds: true, value, comparedWith: null }
  const comparedWith = operand.kind === 'literal' ? operand.text : otherValue(operand, other!)
  if (comparedWith === null) return { condition: text, holds: false, value, comparedWith }
  const condition = { path, operator, text: String(comparedWith), isTime: path === 'createdAt' }
  return { condition: text, holds: matches(candidate, condition), value, comparedWith }
}

function otherValue(
  { path, offset }: Operand & { kind: 'field' },
  other: object,
): FieldValue | null {
  const value = fieldValue(other, path) ?? null
  if (offset === 0 || value === null) return value
  // a text has no sum: nothing is compared, so the condition does not hold
  return typeof value === 'number' ? value + offset : null
}

import { fieldValue } from './field-value.js'

// the longer ones first: `>=` is not `>` and a value that starts with `=`
export const operators = ['<=', '>=', '!=', '^=', '<', '>', '='] as const
export type Operator = (typeof operators)[number]

/** A condition on one field, such as `metrics.validationAccuracy>0.9`. */
export interface Condition {
  path: string
  operator: Operator
  text: string
  /** Whether the field holds times, which are compared as such and not as texts. */
  isTime: boolean
}

/** Whether an item meets the condition. One without the field, or with NaN in it, meets only `!=`. */
export function matches(document: object, { path, operator, text, isTime }: Condition): boolean {
  const value = fieldValue(document, path)
  if (value === undefined) return operator === '!='
  if (operator === '^=') return String(value).startsWith(text)
  if (isTime) return holds(operator, Date.parse(String(value)) - Date.parse(text))
  if (typeof value === 'number') return holds(operator, difference(value, Number(text)))
  const found = String(value)
  return holds(operator, found < text ? -1 : found > text ? 1 : 0)
}

/** Infinity minus itself would be NaN. */
const difference = (a: number, b: number) => (a === b ? 0 : a - b)

function holds(operator: Exclude<Operator, '^='>, comparison: number): boolean {
  switch (operator) {
    case '<':
      return comparison < 0
    case '<=':
      return comparison <= 0
    case '>':
      return comparison > 0
    case '>=':
      return comparison >= 0
    case '=':
      return comparison === 0
    case '!=':
      return comparison !== 0
  }
}

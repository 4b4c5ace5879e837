import { quoteTruncated } from '../../errors.js'
import { type Condition, matches, operators } from '../../lists/condition.js'
import { type StepErrors, unknownName } from './step-errors.js'

/** A condition on a column of a table, or on what is known of an image. */
export interface RowCondition {
  name: string
  condition: Condition
}

const path = 'value'

/**
 * Reads conditions such as `price>100`. A name may hold the characters of operators, so the longest known name that
 * the text begins with counts. Adds an error for each that cannot be read, names nothing, or compares a number with
 * a text.
 */
export function parseConditions(
  texts: readonly string[],
  names: readonly string[],
  isNumber: (name: string) => boolean,
  errors: StepErrors,
): RowCondition[] {
  const longestFirst = [...names].sort((a, b) => b.length - a.length)
  return texts.flatMap((text, i) => {
    const field = `/where/${i}`
    const parsed = parse(text, longestFirst)
    if (!parsed) {
      const operator = text.search(/[<>=!^]/)
      const message =
        operator > 0
          ? `where has ${quoteTruncated(text)}: ${unknownName('column', text.slice(0, operator).trim(), names)}`
          : `where has ${quoteTruncated(text)}, expected a name, one of ${operators.join(' ')}, and a value, such as price>100`
      errors.add(field, operator > 0 ? 'unknown_column' : 'invalid_format', message)
      return []
    }
    const { name, condition } = parsed
    const { operator, text: value } = condition
    if (isNumber(name) && operator !== '^=' && (value === '' || Number.isNaN(Number(value)))) {
      const message = `where compares '${name}' with ${quoteTruncated(value)}, expected a number`
      errors.add(field, 'wrong_type', message)
      return []
    }
    return [parsed]
  })
}

function parse(text: string, longestFirst: readonly string[]): RowCondition | null {
  for (const name of longestFirst) {
    if (!text.startsWith(name)) continue
    const rest = text.slice(name.length).trimStart()
    const operator = operators.find(each => rest.startsWith(each))
    if (!operator) continue
    const value = rest.slice(operator.length).trim()
    return { name, condition: { path, operator, text: value, isTime: false } }
  }
  return null
}

/** Whether a value meets a condition. Null is missing, which meets only `!=`. */
export const meets = (
  value: number | string | boolean | null,
  { condition }: RowCondition,
): boolean => matches(value === null ? {} : { value }, condition)

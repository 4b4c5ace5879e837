import { listNames, type Notes } from '../../../spec/notes.js'
import { shapeOf } from '../value-shapes.js'
import type { ColumnFacts } from './column-facts.js'

/** True if some column has decimal commas for certain, and no number of the table has a point. */
export function hasDecimalCommas(columnStats: readonly ColumnFacts[]): boolean {
  let found = false
  for (const stats of columnStats) {
    if (stats.declared === 'category' || stats.declared === 'text') continue
    // a point may be a decimal point elsewhere, and only the user knows
    if (stats.numbers > 0 && !stats.allIntegers) return false
    const texts = stats.declared ? declaredTexts(stats) : stats.otherTexts
    const ids = texts.map(text => shapeOf(text)?.id)
    if (ids.includes('thousands_comma') || ids.includes('thousands_point')) return false
    const commas = ids.filter(id => id === 'decimal_comma' || id === 'comma_and_three_digits')
    // a list of numbers such as 1,5 may occur in any text
    if (!ids.includes('decimal_comma') || commas.length < texts.length / 2) continue
    found = true
  }
  return found
}

const declaredTexts = ({ firstMismatch }: ColumnFacts) =>
  firstMismatch ? [firstMismatch.text] : []

/** `columnStats`: after the rows were read with decimal commas. */
export function noteDecimalCommas(
  names: readonly string[],
  columnStats: readonly ColumnFacts[],
  notes: Notes,
): void {
  const found = names.filter((_, index) => {
    const { numbers, allIntegers } = columnStats[index]!
    return numbers > 0 && !allIntegers
  })
  const message = `numbers are read with decimal commas, so that 1,5 is 1.5: ${listNames(found)}; if the comma is none, send decimal=.`
  notes.add('decimal_commas_read', message, found)
}

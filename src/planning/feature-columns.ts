import type { FieldErrors } from '../errors.js'
import type { NumericColumn, TableColumn } from '../spec/dataset.js'
import type { FeatureColumn } from '../spec/feature-column.js'

/** A column with stored values: a table stores no text, only statistics of it. */
export type NonTextColumn = Exclude<TableColumn, { type: 'text' }>

/** The model stores the name of every category. */
const maxCategoryCodes = 10_000

/**
 * Converts table columns to model features. `categorical` names integer columns of category codes.
 */
export const featureColumns = (
  columns: readonly NonTextColumn[],
  categorical: readonly string[],
): FeatureColumn[] =>
  columns.map(column => {
    const { name, type } = column
    if (type === 'category') return { name, type, categories: column.categories }
    if (!categorical.includes(name) || categoricalColumnError(column)) {
      return { name, type, categories: null }
    }
    const codes = Array.from({ length: (column.max ?? 0) + 1 }, (_, code) => String(code))
    return { name, type: 'category', categories: codes }
  })

/** Adds an error for each column that `categorical` names and that cannot hold category codes. */
export function checkCategorical(
  columns: readonly NonTextColumn[],
  categorical: readonly string[],
  errors: FieldErrors,
): void {
  for (const [i, name] of categorical.entries()) {
    const column = columns.find(one => one.name === name)
    const problem = column && column.type !== 'category' && categoricalColumnError(column)
    if (problem) errors.add(`/model/categorical/${i}`, 'wrong_type', `'${name}' ${problem}`)
  }
}

/** Returns why the column cannot hold category codes, or null if it can. */
function categoricalColumnError(column: NumericColumn): string | null {
  if (column.type === 'boolean') return 'is true or false, which needs no categories: leave it out'
  if (column.type === 'number') return 'has numbers with fractions, which are no categories'
  if ((column.min ?? 0) < 0) return `goes down to ${column.min}: codes of categories begin at 0`
  if ((column.max ?? 0) < maxCategoryCodes) return null
  return `goes up to ${column.max}: codes go to ${maxCategoryCodes - 1}; upload it as a category instead`
}

import type { FieldError } from '../errors.js'
import type { NumericColumn, TableColumn } from '../spec/dataset.js'
import type { FeatureColumn } from '../spec/feature-column.js'

/** Text is described, and not stored. */
export type NonTextColumn = Exclude<TableColumn, { type: 'text' }>

/** Each name is kept with the model. */
const maxCategoryCodes = 10_000

/**
 * Columns of a table as a model learns from them. `categorical` names columns of whole numbers that are
 * categories, called by their numbers.
 */
export function featureColumns(
  columns: readonly NonTextColumn[],
  categorical: readonly string[],
): { columns: FeatureColumn[]; fieldErrors: FieldError[] } {
  const fieldErrors: FieldError[] = []
  const converted = columns.map((column): FeatureColumn => {
    const { name } = column
    if (column.type === 'category') return { name, type: 'category', categories: column.categories }
    const index = categorical.indexOf(name)
    const plain: FeatureColumn = { name, type: column.type, categories: null }
    if (index < 0) return plain
    const problem = categoricalColumnError(column)
    if (problem) {
      const message = `'${name}' ${problem}`
      fieldErrors.push({ path: `/model/categorical/${index}`, code: 'wrong_type', message })
      return plain
    }
    const codes = Array.from({ length: (column.max ?? 0) + 1 }, (_, code) => String(code))
    return { name, type: 'category', categories: codes }
  })
  return { columns: converted, fieldErrors }
}

function categoricalColumnError(column: NumericColumn): string | null {
  if (column.type === 'boolean') return 'is true or false, which needs no categories: leave it out'
  if (column.type === 'number') return 'has numbers with fractions, which are no categories'
  if ((column.min ?? 0) < 0) return `goes down to ${column.min}: codes of categories begin at 0`
  if ((column.max ?? 0) < maxCategoryCodes) return null
  return `goes up to ${column.max}: codes go to ${maxCategoryCodes - 1}; upload it as a category instead`
}

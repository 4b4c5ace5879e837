import type { FieldErrors } from '../errors.js'
import type { NumericColumn, TableColumn } from '../spec/dataset.js'
import type { FeatureColumn } from '../spec/feature-column.js'

/** A column with stored values: a table stores no text, only statistics of it. */
export type NonTextColumn = Exclude<TableColumn, { type: 'text' }>

/** The model stores the name of every category. */
const maxCategoryCodes = 10_000
/** Of all columns that `categorical` names together. */
const maxAllCategoryCodes = 100_000

/**
 * Converts table columns to model features. `categorical` names integer columns of category codes.
 */
export const featureColumns = (
  columns: readonly NonTextColumn[],
  categorical: readonly string[],
): FeatureColumn[] => {
  const named = new Set(categorical)
  return columns.map(column => {
    const { name, type } = column
    if (type === 'category') return { name, type, categories: column.categories }
    if (!named.has(name) || categoricalColumnError(column)) return { name, type, categories: null }
    const codes = Array.from({ length: codeCount(column) }, (_, code) => String(code))
    return { name, type: 'category', categories: codes }
  })
}

/** Columns with the number of their categories, which is null for numbers. Makes no list of names. */
export const withCategoryCounts = (
  columns: readonly NonTextColumn[],
  categorical: readonly string[],
): { name: string; categories: number | null }[] => {
  const named = new Set(categorical)
  return columns.map(column => {
    const { name, type } = column
    if (type === 'category') return { name, categories: column.categories.length }
    const isCategorical = named.has(name) && !categoricalColumnError(column)
    return { name, categories: isCategorical ? codeCount(column) : null }
  })
}

const codeCount = ({ max }: NumericColumn) => (max ?? 0) + 1

/** Adds an error for each column that `categorical` names and that cannot hold category codes. */
export function checkCategorical(
  columns: readonly NonTextColumn[],
  categorical: readonly string[],
  errors: FieldErrors,
): void {
  const byName = new Map(columns.map(column => [column.name, column]))
  let codes = 0
  for (const [i, name] of categorical.entries()) {
    const column = byName.get(name)
    if (!column || column.type === 'category') continue
    const problem = categoricalColumnError(column)
    if (problem) errors.add(`/model/categorical/${i}`, 'wrong_type', `'${name}' ${problem}`)
    else codes += codeCount(column)
  }
  if (codes <= maxAllCategoryCodes) return
  const message = `the columns in categorical have ${codes} codes in all, expected at most ${maxAllCategoryCodes}: leave out those with most`
  errors.add('/model/categorical', 'too_large', message)
}

/** Returns why the column cannot hold category codes, or null if it can. */
function categoricalColumnError(column: NumericColumn): string | null {
  if (column.type === 'boolean') return 'is true or false, which needs no categories: leave it out'
  if (column.type === 'number') return 'has numbers with fractions, which are no categories'
  if ((column.min ?? 0) < 0) return `goes down to ${column.min}: codes of categories begin at 0`
  if ((column.max ?? 0) < maxCategoryCodes) return null
  return `goes up to ${column.max}: codes go to ${maxCategoryCodes - 1}; upload it as a category instead`
}

// How the cells of a validation table are read as cells of the training table, although the server inferred
// each table's types from its own values.
import type { Classes } from '../spec/boosting-training.js'
import type { TableColumn } from '../spec/dataset.js'
import type { FeatureColumn } from '../spec/feature-column.js'
import { listNames } from '../spec/notes.js'
import type { NonTextColumn } from './feature-columns.js'

/** What is needed of a training column. */
export type ExpectedColumn = Pick<FeatureColumn, 'name' | 'type' | 'categories'>

/** A stored cell of the validation table → the cell of the training table; NaN (missing) if it has no such category. */
export type CellMapping = (value: number) => number

type Mapped =
  /** `map` is null if the cells can be used as they are. */
  { map: CellMapping | null } | { problem: string }

const asIs: Mapped = { map: null }
const allMissing: Mapped = { map: () => Number.NaN }

/**
 * Reads `found`, a column of the validation table, by the type of the training table's column. `problem`
 * continues "column 'x' of the validation table …".
 */
export function mapColumn(expected: ExpectedColumn, found: TableColumn, records: number): Mapped {
  if (found.type === 'text') return { problem: textProblem(expected) }
  if (found.missing === records) return allMissing
  if (expected.categories !== null) return mapToCategories(expected.categories, found)
  return found.type === 'category' ? mapToNumbers(expected, found.categories) : asIs
}

/** The training table's target, as a validation table's is read: classes of a category go by name, others by value. */
export const expectedTarget = (
  { name, type }: NonTextColumn,
  classes: Classes | null,
): ExpectedColumn => ({
  name,
  type,
  categories: type === 'category' && classes ? classes.labels : null,
})

function mapToCategories(
  categories: readonly string[],
  found: Exclude<TableColumn, { type: 'text' }>,
): Mapped {
  if (found.type === 'category') return { map: byName(categories, found.categories) }
  // true and false are 1 and 0 where the training table has codes
  const hasWords = categories.some(category => booleanValue(category) !== null)
  const keyOf = found.type === 'boolean' && hasWords ? booleanValue : numberValue
  const codes = new Map<number, number>()
  for (const [code, category] of categories.entries()) {
    const value = keyOf(category)
    if (value === null) continue
    const other = codes.get(value)
    if (other !== undefined) {
      const names = listNames([categories[other]!, category])
      return { problem: `is ${found.type}, and ${names} of the training data have the same value` }
    }
    codes.set(value, code)
  }
  return { map: value => codes.get(value) ?? Number.NaN }
}

function byName(categories: readonly string[], found: readonly string[]): CellMapping {
  const codes = new Map(categories.map((category, code) => [category, code]))
  const mapped = found.map(category => codes.get(category) ?? Number.NaN)
  return value => mapped[value] ?? Number.NaN
}

function mapToNumbers({ type }: ExpectedColumn, categories: readonly string[]): Mapped {
  const parse = (category: string) =>
    numberValue(category) ?? (type === 'boolean' ? booleanValue(category) : null)
  const values = categories.map(parse)
  const others = categories.filter((_, code) => values[code] === null)
  if (others.length > 0) return { problem: `has ${listNames(others, 5)}, but is ${type} there` }
  return { map: code => values[code] ?? Number.NaN }
}

const textProblem = ({ name, type }: ExpectedColumn) =>
  `was taken for text, whose values are not stored, but is ${type} there: upload it with schema={${JSON.stringify(name)}:"${type}"}`

/** Rounded to float32, as cells are when they are read. */
function numberValue(text: string): number | null {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Math.fround(Number(text)) : null
}

function booleanValue(text: string): number | null {
  const word = text.toLowerCase()
  return word === 'true' ? 1 : word === 'false' ? 0 : null
}

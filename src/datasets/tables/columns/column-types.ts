// Derives the type of a column from the statistics of its cells.
import type { ColumnType, TableColumn } from '../../../spec/dataset.js'
import { type FileLocation, fileErrors } from '../../errors.js'
import type { DatasetLimits } from '../../limits.js'
import { quoteCell } from '../csv.js'
import type { ColumnFacts } from './column-facts.js'
import { cureOf } from './mixed-column.js'

/** How a column is stored. Text columns are not stored. */
export type StorageType = 'float32' | 'float64' | 'codes' | null

export interface TypedColumn {
  column: TableColumn
  storage: StorageType
  stats: ColumnFacts
}

/** A column with at least this share of numbers is a number column, and its other values are errors. */
const minNumberShare = 0.95
const minValuesToInfer = 20

const maxErrors = 20

export function typeColumns(
  names: readonly string[],
  columnStats: readonly ColumnFacts[],
  limits: DatasetLimits,
): TypedColumn[] {
  const typeErrors = columnStats
    .map((stats, index) => findTypeError(names[index]!, stats, limits))
    .filter(typeError => typeError !== null)
  if (typeErrors.length > 0) throw fileErrors('DATASET_VALUE', typeErrors.slice(0, maxErrors))
  return columnStats.map((stats, index) => describeColumn(names[index]!, stats))
}

/** Where a column does not fit its type, and why; null if it does. */
export function findTypeError(
  name: string,
  stats: ColumnFacts,
  limits: DatasetLimits,
): [FileLocation, string] | null {
  const { declared, firstMismatch, mismatchCount, present, numbers, values } = stats
  if (declared === 'category' && values.overflowed) {
    const location = { file: `column ${quoteCell(name)}` }
    const detail = `it has more than ${limits.categories} values, or some that are too long, to be categories; its type may be "text"`
    return [location, detail]
  }
  if (!firstMismatch) return null
  const { location, text } = firstMismatch
  const value = quoteCell(text)
  const cure = cureOf(text)
  if (declared) {
    const detail = `${quoteCell(name)} is ${value}, expected ${expectedValues[declared]}${moreSuffix(mismatchCount)}`
    return [location, cure ? `${detail}; ${cure}` : detail]
  }
  if (numbers === present || present < minValuesToInfer || numbers < minNumberShare * present)
    return null
  const detail = `${quoteCell(name)} is ${value}, but ${numbers} of ${present} values are numbers${moreSuffix(mismatchCount)}; ${cure ? `${cure}; ` : ''}if the column has texts, say so: schema={${JSON.stringify(name)}:"category"}`
  return [location, detail]
}

const moreSuffix = (mismatchCount: number) =>
  mismatchCount > 1 ? `, and ${mismatchCount - 1} more are wrong` : ''

/** What the values of a type are, for messages. */
export const expectedValues: Readonly<Record<ColumnType, string>> = {
  number: 'a number within 3.4e38, the reach of float32',
  integer: 'an integer within 2^53',
  boolean: 'true or false, t or f, yes or no, y or n, 1 or 0',
  category: 'a text',
  text: 'a text',
}

function describeColumn(name: string, stats: ColumnFacts): TypedColumn {
  const type = stats.declared ?? stats.inferType()
  if (type === 'text') {
    const { missing, values, declared } = stats
    const distinct = values.overflowed || declared ? null : values.size
    return { column: { name, type, missing, distinct }, storage: null, stats }
  }
  if (type === 'category') return describeCategories(name, stats)
  const { fitsFloat32, missing, quotedMissing } = stats
  const { count, sum, min, max, allWhole } = stats.numeric
  const numberStats =
    count > 0 ? { min, max, mean: sum / count } : { min: null, max: null, mean: null }
  return {
    column: {
      name,
      type,
      missing: missing + quotedMissing,
      distinct: stats.distinctNumbers(type === 'boolean')?.size ?? null,
      ...(type === 'number' && count > 0 && allWhole && { whole: true }),
      ...(stats.firstFraction && { firstFraction: stats.firstFraction }),
      ...numberStats,
    },
    storage: fitsFloat32 ? 'float32' : 'float64',
    stats,
  }
}

function describeCategories(name: string, stats: ColumnFacts): TypedColumn {
  const { values, missing } = stats
  const sorted = values.sorted()
  return {
    column: {
      name,
      type: 'category',
      missing,
      distinct: sorted.length,
      categories: sorted.map(index => values.text(index).toString()),
      counts: sorted.map(index => values.count(index)),
    },
    storage: 'codes',
    stats,
  }
}

// Derives the type of a column from the statistics of its cells.
import type { ColumnType, TableColumn } from '../../../spec/dataset.js'
import { type FileLocation, fileErrors } from '../../errors.js'
import type { DatasetLimits } from '../../limits.js'
import { parseBoolean } from '../cell.js'
import { quoteCell } from '../csv.js'
import type { ColumnStatistics } from './column-survey.js'
import { cureOf } from './mixed-column.js'

/** How a column is stored. Text columns are not stored. */
export type StorageType = 'float32' | 'float64' | 'codes' | null

export interface TypedColumn {
  column: TableColumn
  storage: StorageType
  stats: ColumnStatistics
}

/** A column with at least this share of numbers is a number column, and its other values are errors. */
const minNumberShare = 0.95
const minValuesToInfer = 20

/** Up to this number of distinct texts form a category, even if each occurs once. */
const maxUnrepeatedCategories = 20

const maxErrors = 20

export function typeColumns(
  names: readonly string[],
  columnStats: readonly ColumnStatistics[],
  limits: DatasetLimits,
): TypedColumn[] {
  const typeErrors = columnStats
    .map((stats, index) => findTypeError(names[index]!, stats, limits))
    .filter(typeError => typeError !== null)
  if (typeErrors.length > 0) throw fileErrors('DATASET_VALUE', typeErrors.slice(0, maxErrors))
  return columnStats.map((stats, index) => describeColumn(names[index]!, stats))
}

function findTypeError(
  name: string,
  stats: ColumnStatistics,
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

const expectedValues: Readonly<Record<ColumnType, string>> = {
  number: 'a number within 3.4e38, the reach of float32',
  integer: 'an integer within 2^53',
  boolean: 'true or false, t or f, yes or no, y or n, 1 or 0',
  category: 'a text',
  text: 'a text',
}

function describeColumn(name: string, stats: ColumnStatistics): TypedColumn {
  const type = stats.declared ?? inferType(stats)
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
      distinct: countDistinctNumbers(stats, type === 'boolean'),
      ...(type === 'number' && count > 0 && allWhole && { whole: true }),
      ...(stats.firstFraction && { firstFraction: stats.firstFraction }),
      ...numberStats,
    },
    storage: fitsFloat32 ? 'float32' : 'float64',
    stats,
  }
}

function inferType({
  numbers,
  booleans,
  others,
  allIntegers,
  present,
  values,
}: ColumnStatistics): ColumnType {
  if (numbers === present) return allIntegers && present > 0 ? 'integer' : 'number'
  if (others === 0 && numbers === 0 && booleans > 0) return 'boolean'
  if (values.overflowed) return 'text'
  return values.size > maxUnrepeatedCategories && values.size > present / 2 ? 'text' : 'category'
}

function describeCategories(name: string, stats: ColumnStatistics): TypedColumn {
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

/** 1 and 1.0 are different texts but the same number. */
function countDistinctNumbers(
  { values, cells }: ColumnStatistics,
  asBooleans: boolean,
): number | null {
  if (values.overflowed) return null
  const { numbers: numberParser } = cells
  const numbers = new Set<number>()
  for (let index = 0; index < values.size; index++) {
    const text = values.text(index)
    const bool = asBooleans ? parseBoolean(text, 0, text.length) : -1
    if (bool >= 0) numbers.add(bool)
    else if (numberParser.parse(text, 0, text.length)) numbers.add(numberParser.value)
  }
  return numbers.size
}

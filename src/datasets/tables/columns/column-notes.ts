import { listNames, type Notes } from '../../../spec/notes.js'
import { maxInferredCategories } from '../../limits.js'
import { isMissingMarker } from '../cell.js'
import { quoteCell } from '../csv.js'
import { isLikelyMissing, isLikelyMissingNumber } from '../value-shapes.js'
import type { ColumnFacts } from './column-facts.js'
import type { TypedColumn } from './column-types.js'
import { explainTexts } from './mixed-column.js'

/** A short table may count from 1 to its end by accident. */
const minSequenceRows = 10

/** Notes what a person may not expect of the columns' types and values. */
export function noteColumns(columns: readonly TypedColumn[], records: number, notes: Notes): void {
  noteMixedColumns(columns, notes)
  noteNumbersAsTexts(columns, notes)
  noteLikelyMissing(columns, notes)
  const noteSome = (
    code: Parameters<Notes['add']>[0],
    found: readonly TypedColumn[],
    message: (names: string, first: TypedColumn) => string,
  ) => {
    if (found.length === 0) return
    const names = found.map(({ column }) => column.name)
    notes.add(code, message(listNames(names), found[0]!), names)
  }
  const numberColumns = (test: (numeric: ColumnFacts['numeric'], one: TypedColumn) => boolean) =>
    columns.filter(
      one => one.storage !== null && one.storage !== 'codes' && test(one.stats.numeric, one),
    )
  noteSome(
    'text_columns_left_out',
    columns.filter(({ column, stats }) => column.type === 'text' && !stats.declared),
    names =>
      `columns are text, which is not stored and no feature: ${names}; if one has categories, send schema={"…":"category"}`,
  )
  noteSome(
    'empty_columns',
    columns.filter(({ column }) => column.missing === records),
    names => `columns have no value in any row: ${names}`,
  )
  noteSome(
    'constant_columns',
    columns.filter(({ column }) => column.distinct === 1 && column.missing === 0 && records > 1),
    names =>
      `columns have the same value in every row, from which nothing can be learned: ${names}`,
  )
  noteSome(
    'leading_zeros',
    numberColumns(({ leadingZero }) => leadingZero !== null),
    (names, { column, stats }) => {
      const { leadingZero } = stats.numeric
      return `numbers are written with leading zeros, which are dropped (${leadingZero} is ${Number(leadingZero)}): ${names}; if they are codes, send schema={${JSON.stringify(column.name)}:"category"}`
    },
  )
  noteSome(
    'rounded_in_training',
    numberColumns((_, { stats }) => mergedValues(stats) !== null),
    (names, { column, stats }) => {
      const [value, read] = mergedValues(stats)!
      return `numbers are rounded in training, which computes in float32, so that different ones may run together (${value} is read as ${read}): ${names}; if they are codes, send schema={${JSON.stringify(column.name)}:"category"}, or subtract a constant`
    },
  )
  noteSome(
    'row_numbers',
    numberColumns(
      ({ isSequence, count, min }, { column }) =>
        isSequence &&
        (min === 0 || min === 1) &&
        count === records &&
        records >= minSequenceRows &&
        column.type === 'integer',
    ),
    names =>
      `columns count the rows one by one, as row numbers do: ${names}; if they are, leave them out by training.features`,
  )
}

/** Notes names that are also values of their column: the first row may have values instead of names. */
export function noteNamesAmongValues(columns: readonly TypedColumn[], notes: Notes): void {
  const names = columns
    .filter(({ column: { name }, stats: { values } }) => {
      const bytes = Buffer.from(name)
      return !values.overflowed && values.find(bytes, 0, bytes.length) >= 0
    })
    .map(({ column }) => column.name)
  if (names.length === 0) return
  const message = `the first row was taken for names, but some are also values of their columns: ${listNames(names)}; if it has values, send header=false`
  notes.add('names_among_values', message, names)
}

function noteMixedColumns(columns: readonly TypedColumn[], notes: Notes): void {
  const dates: string[] = []
  for (const { column, stats } of columns) {
    const { name, type } = column
    if (stats.declared || (type !== 'category' && type !== 'text')) continue
    const mixed = explainTexts(stats)
    if (!mixed) continue
    if (mixed.isDate) dates.push(name)
    else {
      const kind = type === 'text' ? 'text and no feature' : 'a category'
      // digits in a text column are texts until the form says otherwise
      const schema = stats.isTextInFile
        ? `; and send schema={${JSON.stringify(name)}:"number"}`
        : ''
      const message = `column '${name}' is ${kind}: ${mixed.reason}: ${mixed.cure}${schema}`
      notes.add('numbers_not_read', message, [name])
    }
  }
  if (dates.length === 0) return
  const message = `columns hold dates or times, which are not read as numbers: ${listNames(dates)}; give numbers instead, such as year, month, or seconds since 1970`
  notes.add('dates_not_read', message, dates)
}

/** Notes columns of texts in a typed file that are all numbers. */
function noteNumbersAsTexts(columns: readonly TypedColumn[], notes: Notes): void {
  const names = columns
    .filter(({ stats }) => stats.isTextInFile && !stats.declared && stats.others === 0)
    .filter(({ stats }) => stats.numbers > 0)
    .map(({ column }) => column.name)
  if (names.length === 0) return
  const message = `columns are texts in the file, and read as such, though all of their values are numbers: ${listNames(names)}; if they are, send schema={${JSON.stringify(names[0])}:"number"}`
  notes.add('numbers_as_texts', message, names)
}

/** Notes words and numbers that often mean a missing value. */
function noteLikelyMissing(columns: readonly TypedColumn[], notes: Notes): void {
  for (const { column, stats, storage } of columns) {
    // text is neither a category nor a number, and no feature
    if (storage === null) continue
    const found = storage === 'codes' ? likelyMissingTexts(stats) : likelyMissingNumbers(stats)
    if (found.length === 0) continue
    const values = found.map(({ value, count }) => `${quoteCell(value)} (${count} rows)`).join(', ')
    const words = JSON.stringify(found.map(({ value }) => value))
    const message = `column '${column.name}' has ${values} as ${storage === 'codes' ? 'a category' : 'a number far from the others'}: send missing=${words} if it means that a value is missing`
    notes.add('missing_as_value', message, [column.name])
  }
}

interface CountedValue {
  value: string
  count: number
}

function likelyMissingTexts({ values, declared, isTextInFile }: ColumnFacts): CountedValue[] {
  if (values.overflowed || declared === 'text') return []
  const found: CountedValue[] = []
  for (let index = 0; index < values.size; index++) {
    const text = values.text(index)
    const value = text.toString()
    // NA is no word for missing if the file has nulls of its own
    const isMarker = isTextInFile && isMissingMarker(text, 0, text.length)
    if (isMarker || isLikelyMissing(value)) found.push({ value, count: values.count(index) })
  }
  return found.slice(0, 5)
}

/** A number such as -999 counts if it lies farther from the others than half of their range. */
function likelyMissingNumbers({ numeric }: ColumnFacts): CountedValue[] {
  const { min, max, minCount, maxCount, secondMin, secondMax } = numeric
  const isLow = isLikelyMissingNumber(min) && Number.isFinite(secondMin)
  const isHigh = isLikelyMissingNumber(max) && Number.isFinite(secondMax)
  const lowest = isLow ? secondMin : min
  const highest = isHigh ? secondMax : max
  const gap = Math.max((highest - lowest) / 2, 1)
  const found: CountedValue[] = []
  if (isLow && lowest - min > gap) found.push({ value: `${min}`, count: minCount })
  if (isHigh && max - highest > gap) found.push({ value: `${max}`, count: maxCount })
  return found
}

/** With more values than are counted in so few steps of float32, some run together. */
const minSteps = maxInferredCategories

/** Returns a number and what float32 makes of it, if that may be another number of the column; else null. */
function mergedValues(stats: ColumnFacts): [number, number] | null {
  const { rounded, min, max } = stats.numeric
  if (rounded !== null) return [rounded, Math.fround(rounded)]
  const distinct = stats.distinctNumbers(false)
  if (!distinct) {
    const largest = Math.max(Math.abs(min), Math.abs(max))
    const isNarrow = largest > 0 && (max - min) / (largest * 2 ** -23) < minSteps
    return isNarrow ? [max, Math.fround(max)] : null
  }
  const seen = new Map<number, number>()
  for (const value of distinct) {
    const read = Math.fround(value)
    const other = seen.get(read)
    if (other !== undefined && other !== value) return [value, read]
    seen.set(read, value)
  }
  return null
}

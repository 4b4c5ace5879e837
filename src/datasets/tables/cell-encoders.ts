// Encodes the cells of a prediction request, by the type of their column.

import type { ColumnType } from '../../spec/dataset.js'
import { CategoryCodes, type Found, trimmed } from './category-codes.js'
import { isMissing, isMissingMarker, maxFloat32, type NumberParser, parseBoolean } from './cell.js'
import type { CellParser } from './cell-parser.js'
import { type CsvRow, fieldText, quoteCell } from './csv.js'

/** What the encoder needs to know about a column. */
export interface EncodedColumn {
  name: string
  type: ColumnType
  /** Names of the categories, by code. */
  categories?: readonly string[] | null
}

/** The number of a value, or what was expected. */
type Encoded = number | { expected: string; unknownCategory?: true }

/** Encodes a value of JSON or of a typed file. */
export type Encoder = (value: unknown) => Encoded

/** Encodes a field of a row of CSV, from its bytes: most are short numbers, for which a text takes longer. */
export type FieldEncoder = (row: CsvRow, field: number) => Encoded

export function createEncoder(column: EncodedColumn, { missingWords }: CellParser): Encoder {
  const { categories } = column
  const type = encodedType(column)
  const encoder =
    type === 'category' ? categoryEncoder(new CategoryCodes(categories ?? [])) : jsonEncoders[type]
  return value => (missingWords.matchesValue(value) ? Number.NaN : encoder(value))
}

export function createFieldEncoder(
  column: EncodedColumn,
  { missingWords, numbers }: CellParser,
): FieldEncoder {
  const { categories } = column
  const type = encodedType(column)
  const encoder =
    type === 'category'
      ? categoryFieldEncoder(new CategoryCodes(categories ?? []))
      : fieldEncoders(numbers)[type]
  const names = new Set(type === 'category' ? categories : [])
  return (row, field) => {
    if (isMissing(row, field)) return Number.NaN
    const { bytes, starts, ends, quoted } = row
    const start = starts[field]!
    const end = ends[field]!
    if (missingWords.matches(bytes, start, end, type === 'category')) return Number.NaN
    // NA may be a category, if it was quoted in the training data
    const isMarker = quoted[field] !== 0 && isMissingMarker(bytes, start, end)
    return isMarker && !names.has(fieldText(row, field)) ? Number.NaN : encoder(row, field)
  }
}

function encodedType({ name, type }: EncodedColumn) {
  if (type === 'text')
    throw new Error(`column ${JSON.stringify(name)} is text, which has no encoding`)
  return type
}

const categoryEncoder =
  (codes: CategoryCodes): Encoder =>
  value => {
    if (typeof value === 'number') return codeOrExpected(codes, codes.ofNumber(value))
    if (typeof value === 'boolean') return codeOrExpected(codes, codes.ofBoolean(value))
    if (typeof value !== 'string') return { expected: codes.expected }
    const found = codes.ofText(value)
    // an empty cell of an upload is missing too
    return found === 'unknown' && trimmed(value) === '' ? Number.NaN : codeOrExpected(codes, found)
  }

const categoryFieldEncoder =
  (codes: CategoryCodes): FieldEncoder =>
  (row, field) =>
    codeOrExpected(codes, codes.ofCell(fieldText(row, field)))

function codeOrExpected(codes: CategoryCodes, found: Found): Encoded {
  if (typeof found === 'number') return found
  if (found === 'unknown') return { expected: codes.expected, unknownCategory: true }
  const names = found.several.slice(0, 5).map(quoteCell).join(' or ')
  return { expected: `which may stand for ${names}: send the category as a text` }
}

const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Math.abs(value) <= maxFloat32

const jsonEncoders = {
  number: value =>
    isNumber(value) ? value : { expected: 'expected a number within 3.4e38, or null' },
  integer: value =>
    isNumber(value) && Number.isInteger(value)
      ? value
      : { expected: 'expected an integer, or null' },
  boolean: value =>
    typeof value === 'boolean' || value === 0 || value === 1
      ? Number(value)
      : { expected: 'expected true or false, or null' },
} satisfies Record<string, Encoder>

function fieldEncoders(numbers: NumberParser) {
  const parseNumber = ({ bytes, starts, ends }: CsvRow, field: number): number | null =>
    numbers.parse(bytes, starts[field]!, ends[field]!) ? numbers.value : null
  return {
    number: (row, field) =>
      parseNumber(row, field) ?? { expected: 'expected a number within 3.4e38' },
    integer: (row, field) => {
      const number = parseNumber(row, field)
      return number !== null && Number.isInteger(number)
        ? number
        : { expected: 'expected an integer' }
    },
    boolean: ({ bytes, starts, ends }, field) => {
      const bool = parseBoolean(bytes, starts[field]!, ends[field]!)
      return bool >= 0 ? bool : { expected: 'expected true or false' }
    },
  } satisfies Record<string, FieldEncoder>
}

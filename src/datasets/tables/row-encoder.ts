// Encodes the rows of a prediction request as the numbers that the model was trained on.
import { escapePointerToken, type FieldError, fieldError, TrainyardError } from '../../errors.js'
import type { ColumnType } from '../../spec/dataset.js'
import { fileError } from '../errors.js'
import { isMissing, isMissingMarker, maxFloat32, NumberParser, parseBoolean } from './cell.js'
import {
  type ByteSource,
  type CsvLimits,
  CsvReader,
  type CsvRow,
  fieldText,
  quoteCell,
} from './csv.js'
import { checkFieldCount, inferDialect, parseColumnNames } from './csv-dialect.js'

/** Values by column name, or as a list in the order of the columns. */
export type TableRow = Readonly<Record<string, unknown>> | readonly unknown[]

/** What the encoder needs to know about a column. */
export interface EncodedColumn {
  name: string
  type: ColumnType
  /** Names of the categories, by code. */
  categories?: readonly string[] | null
}

export interface EncodeOptions {
  /** Whether an unknown category is an error or a missing value. */
  unknownCategory: 'missing' | 'error'
  /** True if cells are texts from a CSV file: numbers are parsed, and words such as NA are missing. */
  text?: boolean
}

const maxErrors = 20

/**
 * Returns row-major [rows, columns]: a missing value (no key, or null) is NaN, a category is its code, a
 * boolean is 0 or 1. Text columns cannot be encoded: leave them out. Throws INVALID_INSTANCES with the
 * row and column of each error.
 */
export function encodeRows(
  columns: readonly EncodedColumn[],
  rows: readonly TableRow[],
  { unknownCategory, text = false }: EncodeOptions,
): Float32Array {
  const encoders = columns.map(column => createEncoder(column, unknownCategory, text))
  const indices = new Map(columns.map(({ name }, index) => [name, index]))
  const width = columns.length
  const encoded = new Float32Array(rows.length * width).fill(Number.NaN)
  const fieldErrors: FieldError[] = []
  const encodeCell = (row: number, column: number, value: unknown) => {
    if (value === null || value === undefined) return
    const result = encoders[column]!(value)
    if (typeof result === 'number') encoded[row * width + column] = result
    else
      fieldErrors.push(
        fieldError(
          `/${row}/${escapePointerToken(columns[column]!.name)}`,
          'invalid_value',
          `row ${row}: ${quoteCell(columns[column]!.name)} is ${formatValue(value)}, ${result}`,
        ),
      )
  }
  for (const [row, cells] of rows.entries()) {
    if (fieldErrors.length >= maxErrors) break
    if (Array.isArray(cells)) {
      if (cells.length === width)
        for (const [column, value] of cells.entries()) encodeCell(row, column, value)
      else
        fieldErrors.push(
          fieldError(
            `/${row}`,
            'wrong_length',
            `row ${row} has ${cells.length} values, expected ${width}`,
          ),
        )
      continue
    }
    for (const [name, value] of Object.entries(cells)) {
      const column = indices.get(name)
      if (column !== undefined) encodeCell(row, column, value)
      else
        fieldErrors.push(
          fieldError(
            `/${row}/${escapePointerToken(name)}`,
            'unknown_column',
            `row ${row}: there is no column ${quoteCell(name)}`,
          ),
        )
    }
  }
  if (fieldErrors.length === 0) return encoded
  const errors = fieldErrors.slice(0, maxErrors)
  const detail = errors.map(({ message }) => message).join('; ')
  throw new TrainyardError('INVALID_INSTANCES', detail, { errors })
}

/** Returns the number of a cell, or a text that says what was expected. */
type Encoder = (value: unknown) => number | string

function createEncoder(
  column: EncodedColumn,
  unknown: 'missing' | 'error',
  text: boolean,
): Encoder {
  if (column.type === 'text') {
    throw new Error(`column ${JSON.stringify(column.name)} is text, which has no encoding`)
  }
  const jsonEncoder =
    column.type === 'category'
      ? categoryEncoder(column.categories ?? [], unknown)
      : jsonEncoders[column.type]
  if (!text) return jsonEncoder
  const textEncoder = column.type === 'category' ? jsonEncoder : textEncoders[column.type]
  const categories = new Set(column.type === 'category' ? column.categories : [])
  return value => {
    if (typeof value !== 'string') return 'expected a text'
    const bytes = Buffer.from(value)
    const missing = value === '' || isMissingMarker(bytes, 0, bytes.length)
    // NA may be a category, if it was quoted in the training data.
    return missing && !categories.has(value) ? Number.NaN : textEncoder(value)
  }
}

function categoryEncoder(categories: readonly string[], unknown: 'missing' | 'error'): Encoder {
  const codes = new Map(categories.map((category, code) => [category, code]))
  const examples = categories.slice(0, 5).map(quoteCell).join(', ')
  const expected = `expected one of ${examples}${categories.length > 5 ? ` and ${categories.length - 5} more` : ''}`
  return value => {
    // JSON may carry a category such as "5" as the number 5.
    const name =
      typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null
    if (name === null) return expected
    return codes.get(name) ?? (unknown === 'missing' ? Number.NaN : expected)
  }
}

const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Math.abs(value) <= maxFloat32

const jsonEncoders = {
  number: value => (isNumber(value) ? value : 'expected a number within 3.4e38, or null'),
  integer: value =>
    isNumber(value) && Number.isInteger(value) ? value : 'expected an integer, or null',
  boolean: value =>
    typeof value === 'boolean' || value === 0 || value === 1
      ? Number(value)
      : 'expected true or false, or null',
} satisfies Record<string, Encoder>

const numberParser = new NumberParser()

const parseNumber = (value: unknown): number | null => {
  const bytes = Buffer.from(value as string)
  return numberParser.parse(bytes, 0, bytes.length) ? numberParser.value : null
}

const textEncoders = {
  number: value => parseNumber(value) ?? 'expected a number within 3.4e38',
  integer: value => {
    const number = parseNumber(value)
    return number !== null && Number.isInteger(number) ? number : 'expected an integer'
  },
  boolean: value => {
    const bytes = Buffer.from(value as string)
    const bool = parseBoolean(bytes, 0, bytes.length)
    return bool >= 0 ? bool : 'expected true or false'
  },
} satisfies Record<string, Encoder>

/**
 * Parses a CSV text with a header into rows for `encodeRows` with `text`. Errors name line and column, as
 * in an upload.
 */
export function parseCsvRows(
  name: string,
  content: Uint8Array,
  limits: CsvLimits & { rows: number },
): Record<string, string | null>[] {
  const file = bufferSource(name, content)
  const dialect = inferDialect(file, { header: true }, limits)
  const rows: Record<string, string | null>[] = []
  let names: string[] | null = null
  new CsvReader(file, dialect.delimiter, limits).forEachRow(row => {
    if (!names) {
      names = parseColumnNames(name, row)
      return
    }
    checkFieldCount(name, row, names)
    if (rows.length === limits.rows) throw tooManyRowsError(name, row, limits.rows)
    // Without a prototype, since a column may be called __proto__.
    const cells: Record<string, string | null> = Object.create(null)
    for (const [column, key] of names.entries())
      cells[key] = isMissing(row, column) ? null : fieldText(row, column)
    rows.push(cells)
  })
  return rows
}

function tooManyRowsError(file: string, { line }: CsvRow, maxRows: number) {
  return fileError('DATASET_TOO_LARGE', { file, line }, `there are more than ${maxRows} rows`)
}

function bufferSource(name: string, content: Uint8Array): ByteSource {
  const bytes = content.length
  // A copy, since the reader writes into its input.
  return {
    name,
    size: bytes,
    read: (offset, length) => Buffer.from(content.subarray(offset, offset + length)),
  }
}

const formatValue = (value: unknown) =>
  typeof value === 'string' ? quoteCell(value) : String(JSON.stringify(value)).slice(0, 40)

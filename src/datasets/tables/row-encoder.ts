// Encodes the rows of a prediction request as the numbers that the model was trained on.
import {
  escapePointerToken,
  type FieldError,
  fieldError,
  TrainyardError,
  truncate,
} from '../../errors.js'
import type { CellFormat, ColumnType } from '../../spec/dataset.js'
import { listNames } from '../../spec/notes.js'
import { fileError } from '../errors.js'
import { CategoryCodes, type Found, trimmed } from './category-codes.js'
import { isMissing, isMissingMarker, maxFloat32, type NumberParser, parseBoolean } from './cell.js'
import { plainFormat } from './cell-format.js'
import { CellParser } from './cell-parser.js'
import {
  type ByteSource,
  type CsvLimits,
  CsvReader,
  type CsvRow,
  fieldText,
  quoteCell,
} from './csv.js'
import { checkFieldCount, inferDialect, parseColumnNames } from './dialect/csv-dialect.js'

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
  /** Whether a column that is in neither list of columns is an error or ignored. Default: error. */
  unknownColumn?: 'error' | 'ignore'
  /** Other columns of the data set: rows may have them, and their values are not read. */
  unusedColumns?: readonly string[]
  /** True if cells are texts from a CSV file: numbers are parsed, and words such as NA are missing. */
  text?: boolean
  /** How the cells of a CSV are written. Default: as in most. */
  cellFormat?: CellFormat
}

export interface EncodedTable {
  /** Row-major [rows, columns]: missing is NaN, a category is its code, a boolean is 0 or 1. */
  values: Float32Array
  /** Values that no category has, by column. They count as missing. */
  unknownCategories: UnknownCategories[]
  /** Columns that the rows have and that were not read. */
  passedOver: string[]
  /** Columns that no row has. */
  absent: string[]
}

export interface UnknownCategories {
  column: string
  rows: number
  /** The first different values, as text. */
  examples: string[]
}

/** How the cells of a request are read. */
type CellOptions = Pick<EncodeOptions, 'unusedColumns' | 'text' | 'cellFormat'>
/** What is an error in them. */
type UnknownOptions = Pick<EncodeOptions, 'unknownCategory' | 'unknownColumn'>

const maxErrors = 20
const maxExamples = 5

/** Rows that follow each other, by column. */
export interface ValueBatch {
  firstRow: number
  rows: number
  /** `value` is given the row of the batch. */
  columns: readonly { name: string; value(row: number): unknown }[]
}

/** What many requests share: to index categories takes longer than to encode a row. */
export class RowEncoding {
  readonly encoders: readonly Encoder[]
  readonly indices: ReadonlyMap<string, number>
  readonly unusedColumns: ReadonlySet<string>

  constructor(
    readonly columns: readonly EncodedColumn[],
    { text = false, cellFormat = plainFormat, unusedColumns }: CellOptions,
  ) {
    const parser = new CellParser(cellFormat)
    this.encoders = columns.map(column => createEncoder(column, parser, text))
    this.indices = new Map(columns.map(({ name }, index) => [name, index]))
    this.unusedColumns = new Set(unusedColumns)
  }

  /**
   * Encodes rows, in which a column without a key, or with null, is missing. Text columns cannot be encoded: leave
   * them out. Throws INVALID_INSTANCES with the row and column of each error.
   */
  encode(rows: readonly TableRow[], options: UnknownOptions): EncodedTable {
    const encoder = new RowEncoder(this, rows.length, options)
    for (const [row, cells] of rows.entries()) {
      if (encoder.errors.length >= maxErrors) break
      encoder.encode(row, cells)
    }
    return resultOf(encoder)
  }

  /** As `encode`, of rows that are given by column. */
  encodeColumns(
    rows: number,
    batches: Iterable<ValueBatch>,
    options: UnknownOptions,
  ): EncodedTable {
    const encoder = new RowEncoder(this, rows, options)
    for (const batch of batches) {
      for (const { name, value } of batch.columns) {
        if (encoder.errors.length >= maxErrors) return resultOf(encoder)
        encoder.encodeColumn(name, value, batch)
      }
    }
    return resultOf(encoder)
  }
}

function resultOf(encoder: RowEncoder): EncodedTable {
  if (encoder.errors.length === 0) return encoder.result()
  const errors = encoder.errors.slice(0, maxErrors)
  const detail = errors.map(({ message }) => message).join('; ')
  throw new TrainyardError('INVALID_INSTANCES', detail, { errors })
}

class RowEncoder {
  readonly errors: FieldError[] = []
  private readonly values: Float32Array
  private readonly given: Uint8Array
  private readonly passedOver = new Set<string>()
  private readonly foreign = new Set<string>()
  private readonly unknown = new Map<number, UnknownCategories>()

  constructor(
    private readonly encoding: RowEncoding,
    rows: number,
    private readonly options: UnknownOptions,
  ) {
    const { length } = encoding.columns
    this.values = new Float32Array(rows * length).fill(Number.NaN)
    this.given = new Uint8Array(length)
  }

  encode(row: number, cells: TableRow): void {
    if (Array.isArray(cells)) {
      this.encodeList(row, cells)
      return
    }
    const named = cells as Readonly<Record<string, unknown>>
    for (const name of Object.keys(named)) {
      const column = this.encoding.indices.get(name)
      if (column !== undefined) this.encodeCell(row, column, named[name])
      else this.passOver(row, name)
    }
  }

  encodeColumn(name: string, value: (row: number) => unknown, { firstRow, rows }: ValueBatch) {
    const column = this.encoding.indices.get(name)
    if (column === undefined) {
      this.passOver(firstRow, name)
      return
    }
    for (let row = 0; row < rows && this.errors.length < maxErrors; row++)
      this.encodeCell(firstRow + row, column, value(row))
  }

  private passOver(row: number, name: string): void {
    if (this.options.unknownColumn === 'ignore' || this.encoding.unusedColumns.has(name))
      this.passedOver.add(name)
    else this.addForeignColumn(row, name)
  }

  result(): EncodedTable {
    return {
      values: this.values,
      unknownCategories: [...this.unknown.values()],
      passedOver: [...this.passedOver],
      absent: this.encoding.columns
        .filter((_, column) => this.given[column] === 0)
        .map(({ name }) => name),
    }
  }

  private encodeList(row: number, cells: readonly unknown[]): void {
    const { columns } = this.encoding
    const { length } = columns
    if (cells.length === length) {
      for (const [column, value] of cells.entries()) this.encodeCell(row, column, value)
      return
    }
    const names = listNames(
      columns.map(({ name }) => name),
      5,
    )
    const message = `row ${row} has ${cells.length} values, expected ${length}: ${names}`
    this.errors.push(fieldError(`/${row}`, 'wrong_length', message))
  }

  private encodeCell(row: number, column: number, value: unknown): void {
    this.given[column] = 1
    if (value === null || value === undefined) return
    const { encoders, columns } = this.encoding
    const result = encoders[column]!(value)
    if (typeof result === 'number') this.values[row * columns.length + column] = result
    else if (result.unknownCategory && this.options.unknownCategory === 'missing')
      this.countUnknown(column, String(value))
    else this.addCellError(row, column, value, result.expected)
  }

  private countUnknown(column: number, value: string): void {
    let found = this.unknown.get(column)
    if (!found) {
      found = { column: this.encoding.columns[column]!.name, rows: 0, examples: [] }
      this.unknown.set(column, found)
    }
    found.rows++
    const example = truncate(value)
    if (found.examples.length < maxExamples && !found.examples.includes(example))
      found.examples.push(example)
  }

  private addCellError(row: number, column: number, value: unknown, expected: string): void {
    const { name } = this.encoding.columns[column]!
    const message = `row ${row}: ${quoteCell(name)} is ${formatValue(value)}, ${expected}`
    this.errors.push(fieldError(`/${row}/${escapePointerToken(name)}`, 'invalid_value', message))
  }

  /** Once for all rows. */
  private addForeignColumn(row: number, name: string): void {
    if (this.foreign.has(name)) return
    this.foreign.add(name)
    const message = `row ${row}: there is no column ${quoteCell(name)} in the model or its data set; unknownColumn=ignore passes over such columns`
    this.errors.push(fieldError(`/${row}/${escapePointerToken(name)}`, 'unknown_column', message))
  }
}

/** Returns the number of a cell, or what was expected. */
type Encoder = (value: unknown) => number | { expected: string; unknownCategory?: true }

function createEncoder(
  { name, type, categories }: EncodedColumn,
  { missingWords, numbers }: CellParser,
  text: boolean,
): Encoder {
  if (type === 'text')
    throw new Error(`column ${JSON.stringify(name)} is text, which has no encoding`)
  const codes = new CategoryCodes(categories ?? [])
  if (!text) {
    const encoder: Encoder = type === 'category' ? categoryEncoder(codes) : jsonEncoders[type]
    return value => (missingWords.matchesValue(value) ? Number.NaN : encoder(value))
  }
  const encoder = type === 'category' ? cellCategoryEncoder(codes) : textEncoders(numbers)[type]
  const names = new Set(type === 'category' ? categories : [])
  return value => {
    if (typeof value !== 'string') return { expected: 'expected a text' }
    const bytes = Buffer.from(value)
    if (missingWords.matches(bytes, 0, bytes.length, type === 'category')) return Number.NaN
    const missing = value === '' || isMissingMarker(bytes, 0, bytes.length)
    // NA may be a category, if it was quoted in the training data.
    return missing && !names.has(value) ? Number.NaN : encoder(value)
  }
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

const cellCategoryEncoder =
  (codes: CategoryCodes): Encoder =>
  value =>
    codeOrExpected(codes, codes.ofCell(value as string))

function codeOrExpected(codes: CategoryCodes, found: Found): ReturnType<Encoder> {
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

function textEncoders(numbers: NumberParser) {
  const parseNumber = (value: unknown): number | null => {
    const bytes = Buffer.from(value as string)
    return numbers.parse(bytes, 0, bytes.length) ? numbers.value : null
  }
  return {
    number: value => parseNumber(value) ?? { expected: 'expected a number within 3.4e38' },
    integer: value => {
      const number = parseNumber(value)
      return number !== null && Number.isInteger(number)
        ? number
        : { expected: 'expected an integer' }
    },
    boolean: value => {
      const bytes = Buffer.from(value as string)
      const bool = parseBoolean(bytes, 0, bytes.length)
      return bool >= 0 ? bool : { expected: 'expected true or false' }
    },
  } satisfies Record<string, Encoder>
}

/**
 * Parses a CSV text with a header into rows for a `RowEncoding` with `text`. Errors name line and column, as
 * in an upload.
 */
export function parseCsvRows(
  name: string,
  content: Uint8Array,
  limits: CsvLimits & { rows: number },
  knownNames: readonly string[] = [],
): Record<string, string | null>[] {
  const file = bufferSource(name, content)
  const dialect = inferDialect(file, { header: true }, limits, { names: knownNames })
  const rows: Record<string, string | null>[] = []
  let names: string[] | null = null
  new CsvReader(file, dialect.delimiter, limits).forEachRow(row => {
    if (!names) {
      names = parseColumnNames(name, row, dialect.endsInDelimiter)
      return
    }
    checkFieldCount(name, row, names, dialect.endsInDelimiter)
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

const formatValue = (value: unknown) => {
  if (typeof value === 'string') return quoteCell(value)
  // JSON has no infinite numbers
  return (typeof value === 'number' ? String(value) : String(JSON.stringify(value))).slice(0, 40)
}

// Encodes the rows of a prediction request as the numbers that the model was trained on.
import {
  escapePointerToken,
  type FieldError,
  fieldError,
  TrainyardError,
  truncate,
} from '../../errors.js'
import type { CellFormat } from '../../spec/dataset.js'
import { listNames } from '../../spec/notes.js'
import {
  createEncoder,
  createFieldEncoder,
  type EncodedColumn,
  type Encoder,
  type FieldEncoder,
} from './cell-encoders.js'
import { plainFormat } from './cell-format.js'
import { CellParser } from './cell-parser.js'
import { type CsvRow, fieldText, quoteCell } from './csv.js'
import type { CsvRows } from './csv-rows.js'

/** Values by column name, or as a list in the order of the columns. */
export type TableRow = Readonly<Record<string, unknown>> | readonly unknown[]

export interface EncodeOptions {
  /** Whether an unknown category is an error or a missing value. */
  unknownCategory: 'missing' | 'error'
  /** Whether a column that is in neither list of columns is an error or ignored. Default: error. */
  unknownColumn?: 'error' | 'ignore'
  /** Other columns of the data set: rows may have them, and their values are not read. */
  unusedColumns?: readonly string[]
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
type CellOptions = Pick<EncodeOptions, 'unusedColumns' | 'cellFormat'>
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
  readonly fieldEncoders: readonly FieldEncoder[]
  readonly indices: ReadonlyMap<string, number>
  readonly unusedColumns: ReadonlySet<string>

  constructor(
    readonly columns: readonly EncodedColumn[],
    { cellFormat = plainFormat, unusedColumns }: CellOptions,
  ) {
    const parser = new CellParser(cellFormat)
    this.encoders = columns.map(column => createEncoder(column, parser))
    this.fieldEncoders = columns.map(column => createFieldEncoder(column, parser))
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

  /**
   * As `encode`, of the rows of a CSV. `checkCount` is told how many there are before other errors are thrown, and
   * rows from `maxRows` on are only counted.
   */
  encodeCsv(
    csv: CsvRows,
    options: UnknownOptions,
    { maxRows, checkCount }: { maxRows: number; checkCount(rows: number): void },
  ): EncodedTable {
    const encoder = new RowEncoder(this, 0, options)
    const fields = csv.names.map(name => this.indices.get(name) ?? null)
    let count = 0
    csv.forEachRow(row => {
      if (count < maxRows && encoder.errors.length < maxErrors)
        encoder.encodeFields(count, row, csv.names, fields)
      count++
    })
    checkCount(count)
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
  /** May have room for more rows than there are. */
  private values: Float32Array
  private rows: number
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
    this.rows = rows
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

  /** The next row of a CSV. `columns`: the column of each field; null if the model has none of its name. */
  encodeFields(
    row: number,
    cells: CsvRow,
    names: readonly string[],
    columns: readonly (number | null)[],
  ): void {
    this.addRow()
    const { fieldEncoders, columns: modelColumns } = this.encoding
    const first = row * modelColumns.length
    for (let field = 0; field < columns.length; field++) {
      const column = columns[field]!
      if (column === null) {
        if (row === 0) this.passOver(row, names[field]!)
        continue
      }
      this.given[column] = 1
      const result = fieldEncoders[column]!(cells, field)
      if (typeof result === 'number') this.values[first + column] = result
      else this.addFailure(row, column, result, fieldText(cells, field))
    }
  }

  private addRow(): void {
    const { length } = this.encoding.columns
    this.rows++
    if (this.rows * length <= this.values.length) return
    const grown = new Float32Array(2 * this.rows * length).fill(Number.NaN)
    grown.set(this.values)
    this.values = grown
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
    const { length } = this.encoding.columns
    return {
      values:
        this.rows * length === this.values.length
          ? this.values
          : this.values.slice(0, this.rows * length),
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
    else this.addFailure(row, column, result, value)
  }

  private addFailure(
    row: number,
    column: number,
    { expected, unknownCategory }: { expected: string; unknownCategory?: true },
    value: unknown,
  ): void {
    if (unknownCategory && this.options.unknownCategory === 'missing')
      this.countUnknown(column, String(value))
    else this.addCellError(row, column, value, expected)
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

const formatValue = (value: unknown) => {
  if (typeof value === 'string') return quoteCell(value)
  // JSON has no infinite numbers
  return (typeof value === 'number' ? String(value) : String(JSON.stringify(value))).slice(0, 40)
}

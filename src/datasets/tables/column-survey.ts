import type { ColumnType } from '../../spec/dataset.js'
import type { FileLocation } from '../errors.js'
import { maxCategoryNameBytes } from '../limits.js'
import { ByteDictionary } from './byte-dictionary.js'
import { isBooleanWord, isMissing, isMissingMarker, NumberParser, parseBoolean } from './cell.js'
import { type CsvRow, quoteCell } from './csv.js'

/** A cell that does not have its column's type. */
export interface TypeMismatch {
  location: FileLocation
  value: string
}

const numberParser = new NumberParser()

/** Statistics of a column from which its type is derived, updated cell by cell. */
export class ColumnStatistics {
  missing = 0
  /** Quoted words for missing. They are values in a category column, and missing in a number column. */
  quotedMissing = 0
  numbers = 0
  booleans = 0
  others = 0
  /** The first cell without the declared type; if no type is declared, the first that is no number. */
  firstMismatch: TypeMismatch | null = null
  mismatchCount = 0
  /** True if all numbers are written without point and exponent. */
  allIntegers = true
  /** True if no number has a fraction. */
  allWhole = true
  fitsFloat32 = true
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  sum = 0
  readonly values: ByteDictionary
  private readonly countsDistinct: boolean

  constructor(
    private readonly index: number,
    readonly declared: ColumnType | null,
    maxDistinct: number,
  ) {
    this.values = new ByteDictionary(maxDistinct, maxCategoryNameBytes)
    this.countsDistinct = declared !== 'text'
  }

  /** Number of cells that are not missing. */
  get present(): number {
    return this.numbers + this.booleans + this.others
  }

  add(row: CsvRow, file: string): void {
    const start = row.starts[this.index]!
    const end = row.ends[this.index]!
    const { bytes } = row
    if (start === end) {
      this.missing++
      return
    }
    if (this.declared === 'boolean') this.addBooleanCell(row, file, start, end)
    else if (this.declared === 'category' || this.declared === 'text') {
      if (isMissing(row, this.index)) {
        this.missing++
        return
      }
      this.others++
    } else if (numberParser.parse(bytes, start, end)) {
      this.addNumber(numberParser.value)
      if (!numberParser.fitsFloat32) this.fitsFloat32 = false
      if (!numberParser.isInteger) this.allIntegers = false
      if (this.declared === 'integer' && !Number.isSafeInteger(numberParser.value)) {
        this.addMismatch(row, file, start, end)
      }
    } else if (isMissing(row, this.index)) {
      this.missing++
      return
    } else if (isMissingMarker(bytes, start, end)) this.quotedMissing++
    else {
      if (!this.declared) {
        if (isBooleanWord(bytes, start, end)) this.addBoolean(parseBoolean(bytes, start, end))
        else this.others++
      }
      this.addMismatch(row, file, start, end)
    }
    if (this.countsDistinct && !this.values.overflowed) this.values.add(bytes, start, end)
  }

  private addBooleanCell(row: CsvRow, file: string, start: number, end: number): void {
    const bool = parseBoolean(row.bytes, start, end)
    if (bool >= 0) this.addBoolean(bool)
    else if (isMissingMarker(row.bytes, start, end)) this.quotedMissing++
    else this.addMismatch(row, file, start, end)
  }

  private addBoolean(bool: number): void {
    this.addNumber(bool)
    this.numbers--
    this.booleans++
  }

  private addNumber(value: number): void {
    this.numbers++
    if (!Number.isInteger(value)) this.allWhole = false
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }

  private addMismatch(row: CsvRow, file: string, start: number, end: number): void {
    this.mismatchCount++
    this.firstMismatch ??= {
      location: { file, line: row.line, column: this.index + 1 },
      value: quoteCell(row.bytes.subarray(start, end)),
    }
  }
}

import type { ColumnType } from '../../../spec/dataset.js'
import type { FileLocation } from '../../errors.js'
import { maxCategoryNameBytes } from '../../limits.js'
import { isBooleanWord, isMissing, isMissingMarker, parseBoolean } from '../cell.js'
import type { CellParser } from '../cell-parser.js'
import type { CsvRow } from '../csv.js'
import { ByteDictionary } from './byte-dictionary.js'
import { NumberSurvey } from './number-survey.js'

/** A cell that does not have its column's type. */
export interface TypeMismatch {
  location: FileLocation
  /** The cell, cut to 100 bytes. */
  text: string
}

/** Longer texts of the sample are cut. */
const maxSampleBytes = 100

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
  /** `row`: counted from 1, over all files. */
  firstFraction: { value: number; row: number } | null = null
  fitsFloat32 = true
  readonly numeric = new NumberSurvey()
  /** The first cells that are neither numbers nor booleans nor missing, to tell how they are written. */
  readonly otherTexts: string[] = []
  readonly values: ByteDictionary
  private rows = 0
  private readonly countsDistinct: boolean
  private readonly isText: boolean

  constructor(
    private readonly index: number,
    readonly declared: ColumnType | null,
    maxDistinct: number,
    readonly cells: CellParser,
    private readonly maxOtherTexts: number,
  ) {
    this.values = new ByteDictionary(maxDistinct, maxCategoryNameBytes)
    this.countsDistinct = declared !== 'text'
    this.isText = declared === 'category' || declared === 'text'
  }

  /** Number of cells that are not missing. */
  get present(): number {
    return this.numbers + this.booleans + this.others
  }

  /** True if the form declares the cell's text or value to be missing. */
  isDeclaredMissing(bytes: Uint8Array, start: number, end: number): boolean {
    const { missingWords } = this.cells
    return !missingWords.isEmpty && missingWords.matches(bytes, start, end, this.isText)
  }

  add(row: CsvRow, file: string): void {
    const start = row.starts[this.index]!
    const end = row.ends[this.index]!
    const { bytes } = row
    const { numbers } = this.cells
    this.rows++
    if (start === end || this.isDeclaredMissing(bytes, start, end)) {
      this.missing++
      return
    }
    if (this.declared === 'boolean') this.addBooleanCell(row, file, start, end)
    else if (this.isText) {
      if (isMissing(row, this.index)) {
        this.missing++
        return
      }
      this.others++
    } else if (numbers.parse(bytes, start, end)) {
      this.numbers++
      this.numeric.add(numbers.value)
      if (!this.numeric.allWhole) this.firstFraction ??= { value: numbers.value, row: this.rows }
      if (!numbers.fitsFloat32) this.fitsFloat32 = false
      if (!numbers.isInteger) this.allIntegers = false
      else if (end - start > 1) this.numeric.checkLeadingZero(bytes, start, end)
      if (this.declared === 'integer' && !Number.isSafeInteger(numbers.value)) {
        this.addMismatch(row, file, start, end)
      }
    } else if (isMissing(row, this.index)) {
      this.missing++
      return
    } else if (isMissingMarker(bytes, start, end)) this.quotedMissing++
    else {
      if (!this.declared) {
        if (isBooleanWord(bytes, start, end)) this.addBoolean(parseBoolean(bytes, start, end))
        else this.addOther(bytes, start, end)
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
    this.booleans++
    this.numeric.add(bool)
  }

  private addOther(bytes: Buffer, start: number, end: number): void {
    this.others++
    if (this.otherTexts.length === this.maxOtherTexts) return
    this.otherTexts.push(bytes.toString('utf8', start, Math.min(end, start + maxSampleBytes)))
  }

  private addMismatch(row: CsvRow, file: string, start: number, end: number): void {
    this.mismatchCount++
    this.firstMismatch ??= {
      location: { file, line: row.line, column: this.index + 1 },
      text: row.bytes.toString('utf8', start, Math.min(end, start + maxSampleBytes)),
    }
  }
}

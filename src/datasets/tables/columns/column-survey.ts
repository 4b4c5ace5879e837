import type { ColumnType } from '../../../spec/dataset.js'
import { maxCategoryNameBytes } from '../../limits.js'
import { isBooleanWord, isMissingMarker, parseBoolean } from '../cell.js'
import type { CellParser } from '../cell-parser.js'
import { ByteDictionary } from './byte-dictionary.js'
import { type ColumnFacts, inferTextType, type TypeMismatch } from './column-facts.js'
import { NumberSurvey } from './number-survey.js'

/** Where a cell lies in its file: by line, or by row. */
export interface CellPlace {
  readonly line?: number
  readonly row?: number
}

/** Longer texts of the sample are cut. */
const maxSampleBytes = 100

/** Statistics of a column of texts from which its type is derived, updated cell by cell. */
export class ColumnStatistics implements ColumnFacts {
  readonly isTextInFile = false
  missing = 0
  quotedMissing = 0
  numbers = 0
  booleans = 0
  others = 0
  firstMismatch: TypeMismatch | null = null
  mismatchCount = 0
  allIntegers = true
  firstFraction: { value: number; row: number } | null = null
  fitsFloat32 = true
  readonly numeric = new NumberSurvey()
  readonly otherTexts: string[] = []
  readonly values: ByteDictionary
  /** Of the last cell: its number, or 0 or 1 if a boolean is declared; NaN if it is neither. */
  lastNumber = Number.NaN
  /** Of the last cell: its index among `values`; -1 if it is missing, or not counted. */
  lastText = -1
  /** Cells that were added. */
  rows = 0
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

  get present(): number {
    return this.numbers + this.booleans + this.others
  }

  /** True if the form declares no words for missing. */
  get hasPlainWords(): boolean {
    return this.cells.missingWords.isEmpty
  }

  /** True if the kernel of `blocks/` can parse the cells. */
  get hasPlainCells(): boolean {
    const { declared, isText, cells } = this
    const isNumeric = declared !== 'boolean' && !isText
    return isNumeric && this.hasPlainWords && cells.format.thousands === null
  }

  /** True as long as the distinct texts are counted. */
  get countsTexts(): boolean {
    return this.countsDistinct && !this.values.overflowed
  }

  /** True if no more texts are kept by `sampleOther`. */
  get hasAllOthers(): boolean {
    return this.otherTexts.length === this.maxOtherTexts
  }

  /** True if the form declares the cell's text or value to be missing. */
  isDeclaredMissing(bytes: Uint8Array, start: number, end: number): boolean {
    const { missingWords } = this.cells
    return !missingWords.isEmpty && missingWords.matches(bytes, start, end, this.isText)
  }

  passRows(rows: number): void {
    this.rows += rows
  }

  /** `file`: the name of the file, for an error. */
  add(
    bytes: Buffer,
    start: number,
    end: number,
    isQuoted: boolean,
    place: CellPlace,
    file: string,
  ): void {
    const { numbers } = this.cells
    this.passRows(1)
    this.lastNumber = Number.NaN
    this.lastText = -1
    if (start === end || this.isDeclaredMissing(bytes, start, end)) {
      this.missing++
      return
    }
    if (this.declared === 'boolean') this.addBooleanCell(bytes, start, end, place, file)
    else if (this.isText) {
      if (!isQuoted && isMissingMarker(bytes, start, end)) {
        this.missing++
        return
      }
      this.others++
    } else if (numbers.parse(bytes, start, end)) {
      this.numbers++
      this.lastNumber = numbers.value
      this.numeric.add(numbers.value)
      if (!this.numeric.allWhole) this.firstFraction ??= { value: numbers.value, row: this.rows }
      if (!numbers.fitsFloat32) this.fitsFloat32 = false
      if (!numbers.isInteger) this.allIntegers = false
      else if (end - start > 1) this.numeric.checkLeadingZero(bytes, start, end)
      if (this.declared === 'integer' && !Number.isSafeInteger(numbers.value)) {
        this.addMismatch(bytes, start, end, place, file)
      }
    } else if (isMissingMarker(bytes, start, end)) {
      if (!isQuoted) {
        this.missing++
        return
      }
      this.quotedMissing++
    } else {
      if (!this.declared) {
        if (isBooleanWord(bytes, start, end)) this.addBoolean(parseBoolean(bytes, start, end))
        else {
          this.others++
          this.sampleOther(bytes, start, end)
        }
      }
      this.addMismatch(bytes, start, end, place, file)
    }
    if (this.countsTexts) {
      this.lastText = this.values.add(bytes, start, end)
    }
  }

  /** True if a text that is not missing is a mismatch: neither of the declared type, nor a number if none is declared. */
  isWrongText(bytes: Buffer, start: number, end: number): boolean {
    if (isMissingMarker(bytes, start, end)) return false
    if (this.declared === 'boolean') return parseBoolean(bytes, start, end) < 0
    const { numbers } = this.cells
    if (!numbers.parse(bytes, start, end)) return true
    return this.declared === 'integer' && !Number.isSafeInteger(numbers.value)
  }

  inferType(): ColumnType {
    const { numbers, booleans, others, allIntegers, present, values } = this
    if (numbers === present) return allIntegers && present > 0 ? 'integer' : 'number'
    if (others === 0 && numbers === 0 && booleans > 0) return 'boolean'
    return inferTextType(values, present)
  }

  /** 1 and 1.0 are different texts but the same number. */
  distinctNumbers(asBooleans: boolean): ReadonlySet<number> | null {
    const { values, cells } = this
    if (values.overflowed) return null
    const found = new Set<number>()
    for (let index = 0; index < values.size; index++) {
      const text = values.text(index)
      const bool = asBooleans ? parseBoolean(text, 0, text.length) : -1
      if (bool >= 0) found.add(bool)
      else if (cells.numbers.parse(text, 0, text.length)) found.add(cells.numbers.value)
    }
    return found
  }

  private addBooleanCell(
    bytes: Buffer,
    start: number,
    end: number,
    place: CellPlace,
    file: string,
  ): void {
    const bool = parseBoolean(bytes, start, end)
    if (bool >= 0) {
      this.lastNumber = bool
      this.addBoolean(bool)
    } else if (isMissingMarker(bytes, start, end)) this.quotedMissing++
    else this.addMismatch(bytes, start, end, place, file)
  }

  private addBoolean(bool: number): void {
    this.booleans++
    this.numeric.add(bool)
  }

  /** Keeps a text that is neither number nor boolean, unless there are enough. */
  sampleOther(bytes: Buffer, start: number, end: number): void {
    if (this.hasAllOthers) return
    this.otherTexts.push(bytes.toString('utf8', start, Math.min(end, start + maxSampleBytes)))
  }

  /** Keeps the first cell that does not have the column's type. */
  sampleMismatch(
    bytes: Buffer,
    start: number,
    end: number,
    { line, row }: CellPlace,
    file: string,
  ): void {
    if (this.firstMismatch !== null) return
    const at = line === undefined ? { row: row! } : { line }
    this.firstMismatch = {
      location: { file, ...at, column: this.index + 1 },
      text: bytes.toString('utf8', start, Math.min(end, start + maxSampleBytes)),
    }
  }

  private addMismatch(
    bytes: Buffer,
    start: number,
    end: number,
    place: CellPlace,
    file: string,
  ): void {
    this.mismatchCount++
    this.sampleMismatch(bytes, start, end, place, file)
  }
}

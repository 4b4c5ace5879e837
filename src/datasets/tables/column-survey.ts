import type { ColumnType } from '../../spec/dataset.js'
import type { Place } from '../errors.js'
import { longestCategory } from '../limits.js'
import { ByteDictionary } from './byte-dictionary.js'
import { isMissing, isMissingWord, isTrueOrFalse, NumberReader, truthAt } from './cell.js'
import { type CsvRow, cut } from './csv.js'

/** A cell that is not what its column is. */
export interface Misfit {
  place: Place
  value: string
}

const reader = new NumberReader()

/** All that the cells of a column say together, gathered one by one. */
export class ColumnSurvey {
  missing = 0
  /** Words for missing that were quoted: values of a category, missing among numbers. */
  quotedWords = 0
  numbers = 0
  truths = 0
  others = 0
  /** The first cell that is not of the declared type, or else that is no number. */
  misfit: Misfit | null = null
  misfits = 0
  integers = true
  fitsFloat32 = true
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  sum = 0
  readonly values: ByteDictionary
  private readonly counted: boolean

  constructor(
    private readonly index: number,
    readonly declared: ColumnType | null,
    distinct: number,
  ) {
    this.values = new ByteDictionary(distinct, longestCategory)
    this.counted = declared !== 'text'
  }

  /** Cells that hold something. */
  get present(): number {
    return this.numbers + this.truths + this.others
  }

  add(row: CsvRow, file: string): void {
    const start = row.starts[this.index]!
    const end = row.ends[this.index]!
    const { bytes } = row
    if (start === end) {
      this.missing++
      return
    }
    if (this.declared === 'boolean') this.addTruth(row, file, start, end)
    else if (this.declared === 'category' || this.declared === 'text') {
      if (isMissing(row, this.index)) {
        this.missing++
        return
      }
      this.others++
    } else if (reader.read(bytes, start, end)) {
      this.addNumber(reader.value)
      if (!reader.fitsFloat32) this.fitsFloat32 = false
      if (!reader.integer) this.integers = false
      if (this.declared === 'integer' && !Number.isSafeInteger(reader.value)) {
        this.addMisfit(row, file, start, end)
      }
    } else if (isMissing(row, this.index)) {
      this.missing++
      return
    } else if (isMissingWord(bytes, start, end)) this.quotedWords++
    else {
      if (!this.declared) {
        if (isTrueOrFalse(bytes, start, end)) this.addTruthValue(truthAt(bytes, start, end))
        else this.others++
      }
      this.addMisfit(row, file, start, end)
    }
    if (this.counted && !this.values.overflowed) this.values.add(bytes, start, end)
  }

  private addTruth(row: CsvRow, file: string, start: number, end: number): void {
    const truth = truthAt(row.bytes, start, end)
    if (truth >= 0) this.addTruthValue(truth)
    else if (isMissingWord(row.bytes, start, end)) this.quotedWords++
    else this.addMisfit(row, file, start, end)
  }

  private addTruthValue(truth: number): void {
    this.addNumber(truth)
    this.numbers--
    this.truths++
  }

  private addNumber(value: number): void {
    this.numbers++
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }

  private addMisfit(row: CsvRow, file: string, start: number, end: number): void {
    this.misfits++
    this.misfit ??= {
      place: { file, line: row.line, column: this.index + 1 },
      value: cut(row.bytes.subarray(start, end)),
    }
  }
}

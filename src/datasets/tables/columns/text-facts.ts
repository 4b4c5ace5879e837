import type { ColumnType } from '../../../spec/dataset.js'
import { maxCategoryNameBytes } from '../../limits.js'
import type { CellParser } from '../cell-parser.js'
import { arenaOf } from '../kernels/kernel-arena.js'
import { ByteDictionary } from './byte-dictionary.js'
import type { DictionaryValues, TextValues } from './column-batch.js'
import { type ColumnFacts, inferTextType } from './column-facts.js'
import { NumberSurvey } from './number-survey.js'

/** Longer texts of the sample are cut. */
const maxSampleBytes = 100

/** Facts of a column that the file says to have texts, or of which the form makes texts. */
export class TextFacts implements ColumnFacts {
  readonly quotedMissing = 0
  readonly booleans = 0
  readonly firstMismatch = null
  readonly mismatchCount = 0
  readonly allIntegers = false
  readonly firstFraction = null
  readonly fitsFloat32 = true
  /** Without values: numbers among the texts are counted only. */
  readonly numeric = new NumberSurvey()
  readonly values: ByteDictionary
  readonly otherTexts: string[] = []
  missing = 0
  numbers = 0
  others = 0

  constructor(
    readonly declared: ColumnType | null,
    readonly isTextInFile: boolean,
    maxDistinct: number,
    private readonly cells: CellParser,
    private readonly maxOtherTexts: number,
  ) {
    this.values = new ByteDictionary(maxDistinct, maxCategoryNameBytes)
  }

  get present(): number {
    return this.numbers + this.others
  }

  inferType(): ColumnType {
    // like a column without values in a CSV file
    return this.present === 0 ? 'number' : inferTextType(this.values, this.present)
  }

  distinctNumbers(): ReadonlySet<number> {
    return new Set()
  }

  add(values: TextValues | DictionaryValues, rows: number): void {
    if (values.kind === 'texts') this.addTexts(values, rows)
    else this.addDictionary(values, rows)
  }

  private addTexts({ texts: { bytes, offsets }, valid }: TextValues, rows: number): void {
    for (let row = 0; row < rows; row++) {
      if (valid !== null && valid[row] === 0) this.missing++
      else this.addText(bytes, offsets[row]!, offsets[row + 1]!, 1)
    }
  }

  private addDictionary(values: DictionaryValues, rows: number): void {
    const { bytes, offsets } = values.dictionary
    const counts = new Int32Array(offsets.length - 1)
    this.missing += rows - countCodes(values, rows, counts)
    for (let code = 0; code < counts.length; code++) {
      if (counts[code]! > 0) this.addText(bytes, offsets[code]!, offsets[code + 1]!, counts[code]!)
    }
  }

  private addText(bytes: Buffer, start: number, end: number, count: number): void {
    if (this.cells.numbers.parse(bytes, start, end)) this.numbers += count
    else {
      this.others += count
      if (this.otherTexts.length < this.maxOtherTexts) {
        this.otherTexts.push(bytes.toString('utf8', start, Math.min(end, start + maxSampleBytes)))
      }
    }
    if (!this.values.overflowed && this.declared !== 'text') {
      this.values.add(bytes, start, end, count)
    }
  }
}

/** Adds how many rows have each code. Returns how many have one. */
function countCodes({ codes, valid }: DictionaryValues, rows: number, counts: Int32Array): number {
  const arena = arenaOf(codes)
  if (arena && (valid === null || arenaOf(valid) === arena)) {
    const block = arena.take(counts.byteLength)
    if (block) {
      const sums = arena.int32(block.at, counts.length).fill(0)
      const validAt = valid?.byteOffset ?? 0
      const present = arena.kernels.countCodes(codes.byteOffset, validAt, rows, block.at)
      counts.set(sums)
      arena.give(block)
      return present
    }
  }
  let present = 0
  for (let row = 0; row < rows; row++) {
    if (valid !== null && valid[row] === 0) continue
    counts[codes[row]!]!++
    present++
  }
  return present
}

import type { ColumnType } from '../../../spec/dataset.js'
import { isMissingMarker, parseBoolean } from '../cell.js'
import type { CellParser } from '../cell-parser.js'
import { arenaOf } from '../kernels/kernel-arena.js'
import type { ColumnValues, DictionaryValues, SourceType, Texts } from './column-batch.js'
import type { ColumnBuilder, StoredColumn } from './column-builder.js'
import {
  type PreparedNumbers,
  type PreparedValues,
  textRange,
  ValuePreparer,
} from './prepared-values.js'

/** Puts the values of a typed column into the table's files. */
export class ColumnFiller {
  private readonly preparer: ValuePreparer
  private readonly type: ColumnType
  private prepared: PreparedValues | null = null
  /** The code of each text among the column's distinct ones. */
  private readonly codes: Int32Array
  /** The code of each text of the last dictionary; -1 for one that no row has. */
  private dictionaryCodes = new Int32Array(0)
  private lastDictionary: Texts | null = null

  constructor(
    private readonly stored: StoredColumn,
    source: SourceType,
    private readonly cells: CellParser,
    private readonly builder: ColumnBuilder,
  ) {
    const { column, stats } = stored
    this.type = column.type
    this.preparer = new ValuePreparer(source, this.type === 'category' && source !== 'text', cells)
    this.codes = new Int32Array(stats.values.size)
    if (column.type !== 'category') return
    for (const [code, value] of stats.values.sorted().entries()) this.codes[value] = code
  }

  /** Takes the values of the next batch. */
  take(values: ColumnValues, rows: number): void {
    this.prepared = this.preparer.prepare(values, rows)
  }

  /** Sets `count` rows of the builder from `to` on, from the rows of the batch from `from` on. */
  fill(to: number, from: number, count: number): void {
    const { prepared } = this
    if (!prepared) return
    if (prepared.kind === 'numbers') this.fillNumbers(prepared, to, from, count)
    else if (this.type === 'category') this.fillCodes(prepared, to, from, count)
    else this.fillParsed(prepared, to, from, count)
  }

  private fillNumbers(
    { values, valid }: PreparedNumbers,
    to: number,
    from: number,
    count: number,
  ): void {
    const { builder, stored } = this
    const some = values.subarray(from, from + count)
    builder.setAll(to, some)
    if (stored.column.missing === 0) return
    builder.markMissing(to, some)
    if (valid === null) return
    for (let row = 0; row < count; row++) {
      if (valid[from + row] === 0 && !Number.isNaN(some[row])) builder.set(to + row, Number.NaN)
    }
  }

  private fillCodes(
    prepared: Exclude<PreparedValues, PreparedNumbers>,
    to: number,
    from: number,
    count: number,
  ): void {
    const { builder, codes } = this
    const { values } = this.stored.stats
    const { valid } = prepared
    if (prepared.kind === 'dictionary') {
      const byText = this.codesOf(prepared.dictionary)
      const translated = translate(prepared, byText, from, count)
      if (translated) {
        if (valid === null) builder.setAll(to, translated)
        else builder.setSome(to, translated)
        return
      }
      for (let row = 0; row < count; row++) {
        const isMissing = valid !== null && valid[from + row] === 0
        builder.set(to + row, isMissing ? -1 : byText[prepared.codes[from + row]!]!)
      }
      return
    }
    const { bytes, offsets } = prepared.texts
    for (let row = 0; row < count; row++) {
      const at = from + row
      const isMissing = valid !== null && valid[at] === 0
      const code = isMissing ? -1 : codes[values.find(bytes, offsets[at]!, offsets[at + 1]!)]!
      builder.set(to + row, code)
    }
  }

  private codesOf(dictionary: Texts): Int32Array {
    if (dictionary === this.lastDictionary) return this.dictionaryCodes
    const { bytes, offsets } = dictionary
    const { values } = this.stored.stats
    this.lastDictionary = dictionary
    this.dictionaryCodes = new Int32Array(offsets.length - 1)
    for (let text = 0; text < this.dictionaryCodes.length; text++) {
      const found = values.find(bytes, offsets[text]!, offsets[text + 1]!)
      this.dictionaryCodes[text] = found < 0 ? -1 : this.codes[found]!
    }
    return this.dictionaryCodes
  }

  private fillParsed(
    prepared: Exclude<PreparedValues, PreparedNumbers>,
    to: number,
    from: number,
    count: number,
  ): void {
    for (let row = 0; row < count; row++) {
      const isMissing = prepared.valid !== null && prepared.valid[from + row] === 0
      const value = isMissing ? Number.NaN : this.parse(prepared, from + row)
      this.builder.set(to + row, value)
    }
  }

  private parse(prepared: Exclude<PreparedValues, PreparedNumbers>, row: number): number {
    const { bytes, start, end } = textRange(prepared, row)
    if (this.type === 'boolean') {
      const bool = parseBoolean(bytes, start, end)
      return bool < 0 || isMissingMarker(bytes, start, end) ? Number.NaN : bool
    }
    const { numbers } = this.cells
    return numbers.parse(bytes, start, end) ? numbers.value : Number.NaN
  }
}

/** The codes of `count` rows by the kernels, if these can reach them. The next call overwrites them. */
function translate(
  { codes, valid }: DictionaryValues,
  byText: Int32Array,
  from: number,
  count: number,
): Int32Array | null {
  const arena = arenaOf(codes)
  if (!arena || (valid && arenaOf(valid) !== arena)) return null
  const table = arena.take(byText.byteLength)
  const translated = table && arena.take(4 * count)
  if (table) arena.give(table)
  if (!translated) return null
  arena.give(translated)
  arena.int32(table.at, byText.length).set(byText)
  const validAt = valid ? valid.byteOffset + from : 0
  const at = codes.byteOffset + 4 * from
  arena.kernels.translateCodes(at, validAt, count, table.at, translated.at)
  return arena.int32(translated.at, count)
}

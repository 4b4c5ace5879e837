import { isBooleanWord, isMissingMarker, parseBoolean } from '../cell.js'
import type { ColumnStatistics } from '../columns/column-survey.js'
import {
  type BlockCells,
  type CsvKernel,
  endOf,
  isQuoted,
  type ParsedColumn,
  unknownText,
} from './csv-kernel.js'
import { cellKinds, plans } from './kernel-memory.js'

/** Rows of one CSV file that follow each other, in the memory of the kernel. */
export interface CellBlock {
  file: string
  rows: number
  /** The line of each row. */
  lines: Int32Array
  cells: BlockCells
}

/** The kinds that only this file tells apart; a cell of another kind is no word that means something. */
const quotedMissing = 16
const falseWord = 32
const trueWord = 64
const { missing } = cellKinds

/** Counts the cells of one column, a block at a time, as `stats.add` does of one cell. */
export class ColumnCounter {
  private readonly bytes: Buffer
  private fields: Int32Array = new Int32Array(0)
  private numbers: Float64Array = new Float64Array(0)
  private texts: Int32Array = new Int32Array(0)
  private kinds: Uint8Array = new Uint8Array(0)
  /** What the distinct texts are that begin as words do, by their indices. */
  private readonly words: number[] = []
  private booleans = 0
  private quotedMissing = 0

  constructor(
    private readonly kernel: CsvKernel,
    private readonly stats: ColumnStatistics,
    private readonly column: number,
  ) {
    this.bytes = kernel.bytes
  }

  /** Whether the kernel is to parse the next block. */
  get plan(): number {
    const { hasPlainCells, fitsFloat32 } = this.stats
    if (!hasPlainCells) return plans.skip
    return fitsFloat32 ? plans.parseAndCheckFit : plans.parse
  }

  /**
   * Counts a block that was parsed by `plan`. Leaves the numbers of the cells and the indices of their texts in it. Returns false if the column has no
   * numbers, of which none are left then.
   */
  add(block: CellBlock): boolean {
    const { kernel, stats, column } = this
    const { rows, cells } = block
    this.fields = cells.fieldsOf(column, rows)
    this.numbers = cells.numbersOf(column, rows)
    this.texts = cells.textsOf(column, rows)
    this.kinds = cells.kindsOf(column, rows)
    if (stats.declared === 'category' && stats.hasPlainWords && stats.countsTexts)
      return this.addCategories(block)
    if (!stats.hasPlainCells) return this.addEach(block, 0)
    const unknownTexts = stats.countsTexts ? kernel.encodeTexts(cells, column, rows) : 0
    const found = cells.parsed(column)
    if (found.undecided > 0) this.decide(found, stats.countsTexts)
    else this.booleans = this.quotedMissing = 0
    // of the statistics, some depend on the order of the cells
    const isMixed = found.numbers > 0 && this.booleans > 0
    if (isMixed || (stats.declared === 'integer' && !this.numbers.every(isIntegerOrMissing)))
      return this.addEach(block, 0)
    if (found.numbers > 0) this.countNumbers(block, found)
    stats.missing += found.missing
    stats.quotedMissing += this.quotedMissing
    if (found.others + this.booleans > 0) this.countOthers(block, found.others)
    stats.passRows(rows)
    if (stats.countsTexts) stats.values.addIndices(this.texts)
    if (unknownTexts > 0) this.addTexts()
    return found.numbers > 0
  }

  /** Adds the cells from a row on one by one. */
  private addEach(block: CellBlock, firstRow: number): boolean {
    const { stats, bytes, fields, numbers, texts } = this
    let hasNumbers = false
    const place = { line: 0 }
    for (let row = firstRow; row < block.rows; row++) {
      const end = fields[2 * row + 1]!
      place.line = block.lines[row]!
      stats.add(bytes, fields[2 * row]!, endOf(end), isQuoted(end), place, block.file)
      numbers[row] = stats.lastNumber
      texts[row] = stats.lastText
      if (!Number.isNaN(stats.lastNumber)) hasNumbers = true
    }
    return hasNumbers
  }

  /** Adds the cells of a column that the form declares to have categories. */
  private addCategories(block: CellBlock): boolean {
    const { kernel, stats, column, bytes, fields, texts } = this
    kernel.encodeTexts(block.cells, column, block.rows)
    stats.values.addIndices(texts)
    for (let row = 0; row < block.rows; row++) {
      stats.passRows(1)
      if (texts[row]! >= 0) {
        stats.others++
        continue
      }
      const start = fields[2 * row]!
      const end = endOf(fields[2 * row + 1]!)
      const isMarker = start === end || isMissingMarker(bytes, start, end)
      if (start === end || (isMarker && !isQuoted(fields[2 * row + 1]!))) {
        stats.missing++
        texts[row] = -1
        continue
      }
      stats.others++
      texts[row] = this.addText(start, end, isMarker)
      if (!stats.countsTexts) return this.addEach(block, row + 1)
    }
    return false
  }

  /** Parses the numbers that the kernel did not, and looks the words up. */
  private decide(found: ParsedColumn, hasTexts: boolean): void {
    const { fields, numbers, texts, kinds, words } = this
    this.booleans = 0
    this.quotedMissing = 0
    for (let row = 0; row < kinds.length; row++) {
      let kind = kinds[row]!
      if ((kind & cellKinds.undecided) === 0) continue
      const start = fields[2 * row]!
      const end = fields[2 * row + 1]!
      if (kind === cellKinds.undecided && this.parseSlowly(row, start, endOf(end), found)) continue
      const text = hasTexts ? texts[row]! : -1
      kind = (text >= 0 && words[text]) || this.kindOf(start, end)
      if (text >= 0) words[text] = kind
      kinds[row] = kind
      if (kind === cellKinds.other) found.others++
      else if (kind === missing) found.missing++
      else if (kind === quotedMissing) this.quotedMissing++
      else {
        numbers[row] = kind === trueWord ? 1 : 0
        this.booleans++
      }
    }
  }

  /** Returns false if the cell is no number. */
  private parseSlowly(row: number, start: number, end: number, found: ParsedColumn): boolean {
    const { bytes, kinds, numbers, stats } = this
    const { numbers: parser } = stats.cells
    if (!parser.parse(bytes, start, end)) return false
    kinds[row] = cellKinds.number
    numbers[row] = parser.value
    found.numbers++
    if (!parser.fitsFloat32) found.fitsFloat32 = false
    if (!parser.isInteger) return true
    found.integers++
    const digit = bytes[start]! < 48 ? start + 1 : start
    const hasLeadingZero = bytes[digit] === 48 && end - digit > 1
    if (hasLeadingZero && (found.leadingZero < 0 || row < found.leadingZero))
      found.leadingZero = row
    return true
  }

  /** What a cell is that is no number. `end` is negative if it is quoted. */
  private kindOf(start: number, end: number): number {
    const { bytes, stats } = this
    const stop = endOf(end)
    if (isMissingMarker(bytes, start, stop)) return isQuoted(end) ? quotedMissing : missing
    if (stats.declared !== null || !isBooleanWord(bytes, start, stop)) return cellKinds.other
    return parseBoolean(bytes, start, stop) === 1 ? trueWord : falseWord
  }

  private countNumbers(block: CellBlock, found: ParsedColumn): void {
    const { kernel, column, stats, numbers, fields } = this
    const { numeric } = stats
    stats.numbers += found.numbers
    kernel.surveyNumbers(block.cells, column, block.rows, numeric)
    if (!numeric.allWhole && stats.firstFraction === null) {
      const row = numbers.findIndex(isFraction)
      stats.firstFraction = { value: numbers[row]!, row: stats.rows + row + 1 }
    }
    if (!found.fitsFloat32) stats.fitsFloat32 = false
    if (found.integers < found.numbers) stats.allIntegers = false
    if (found.leadingZero < 0) return
    const at = 2 * found.leadingZero
    numeric.checkLeadingZero(this.bytes, fields[at]!, endOf(fields[at + 1]!))
  }

  /** Counts the cells that are neither numbers nor missing: the booleans, and `others`. */
  private countOthers(block: CellBlock, others: number): void {
    const { kernel, column, stats, bytes, fields, kinds, booleans } = this
    if (booleans > 0) kernel.surveyNumbers(block.cells, column, block.rows, stats.numeric)
    stats.booleans += booleans
    stats.mismatchCount += others + booleans
    if (stats.declared === null) stats.others += others
    const hasAll = () => stats.firstMismatch !== null && (stats.hasAllOthers || others === 0)
    for (let row = 0; row < block.rows && !hasAll(); row++) {
      const kind = kinds[row]!
      if (kind !== cellKinds.other && kind !== trueWord && kind !== falseWord) continue
      const start = fields[2 * row]!
      const end = endOf(fields[2 * row + 1]!)
      if (kind === cellKinds.other && stats.declared === null) stats.sampleOther(bytes, start, end)
      stats.sampleMismatch(bytes, start, end, { line: block.lines[row]! }, block.file)
    }
  }

  private addTexts(): void {
    const { stats, texts, fields, kinds } = this
    for (let row = 0; row < texts.length; row++) {
      if (texts[row] !== unknownText) continue
      texts[row] = -1
      const kind = kinds[row]!
      if (kind === missing) continue
      const end = endOf(fields[2 * row + 1]!)
      texts[row] = this.addText(fields[2 * row]!, end, kind === quotedMissing)
      if (!stats.countsTexts) return
    }
  }

  /** Returns the index of a text. */
  private addText(start: number, end: number, isMarker: boolean): number {
    const { values } = this.stats
    const known = values.size
    const index = values.add(this.bytes, start, end)
    // without quotes, the same bytes are no text
    if (index === known && !isMarker) this.kernel.addText(this.column, start, end, index)
    return index
  }
}

const isFraction = (value: number) => !Number.isNaN(value) && !Number.isInteger(value)
const isIntegerOrMissing = (value: number) => Number.isNaN(value) || Number.isSafeInteger(value)

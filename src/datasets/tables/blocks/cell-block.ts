import { isBooleanWord, isMissingMarker, parseBoolean } from '../cell.js'
import type { ColumnStatistics } from '../columns/column-survey.js'
import {
  type CsvKernel,
  cellKinds,
  endOf,
  isQuoted,
  type ParsedColumn,
  unknownText,
} from './csv-kernel.js'

/** Rows of one CSV file that follow each other, in the memory of the kernel. */
export interface CellBlock {
  file: string
  rows: number
  /** The line of each row. */
  lines: Int32Array
}

/** The kinds that only this file tells apart; a cell of another kind is no word that means something. */
const quotedMissing = 16
const boolean = 32

/**
 * Counts the cells of a column as `stats.add` does of one cell, and leaves their numbers and the indices of their texts
 * in the kernel. Returns false if the column has no numbers, of which none are left then.
 */
export function addColumn(
  kernel: CsvKernel,
  stats: ColumnStatistics,
  column: number,
  block: CellBlock,
): boolean {
  const cells = new ColumnCells(kernel, stats, column, block)
  if (stats.declared === 'category' && stats.hasPlainWords && stats.countsTexts)
    return cells.addCategories()
  if (!stats.hasPlainCells || !cells.parse()) return cells.addEach(0)
  return cells.count()
}

/** Counts the texts that the kernel found by itself. After the last block. */
export function addKnownTexts(kernel: CsvKernel, columnStats: readonly ColumnStatistics[]): void {
  for (const [column, { values }] of columnStats.entries()) {
    if (values.overflowed) continue
    kernel.forEachText(column, (index, count) => values.addCount(index, count))
  }
}

/** The cells of one column of a block. */
class ColumnCells {
  private readonly bytes: Buffer
  private readonly fields: Int32Array
  private readonly numbers: Float64Array
  private readonly texts: Int32Array
  private readonly kinds: Uint8Array
  private found: ParsedColumn | null = null
  private booleans = 0
  private quotedMissing = 0

  constructor(
    private readonly kernel: CsvKernel,
    private readonly stats: ColumnStatistics,
    private readonly column: number,
    private readonly block: CellBlock,
  ) {
    const { rows } = block
    this.bytes = kernel.bytes
    this.fields = kernel.fieldsOf(column, rows)
    this.numbers = kernel.numbersOf(column, rows)
    this.texts = kernel.textsOf(column, rows)
    this.kinds = kernel.kindsOf(rows)
  }

  /** Adds the cells from a row on one by one. */
  addEach(firstRow: number): boolean {
    const { stats, bytes, fields, numbers, texts, block } = this
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
  addCategories(): boolean {
    const { kernel, stats, column, bytes, fields, texts, block } = this
    kernel.encodeTexts(column, block.rows)
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
      if (!stats.countsTexts) return this.addEach(row + 1)
    }
    return false
  }

  /** Finds what each cell is. Returns false if the order of the cells matters, and counts nothing. */
  parse(): boolean {
    const { kernel, stats, column, block } = this
    const found = kernel.parseNumbers(
      column,
      block.rows,
      stats.cells.format.decimal,
      stats.fitsFloat32,
    )
    this.found = found
    if (found.undecided > 0) this.decide(found)
    if (found.numbers > 0 && this.booleans > 0) return false
    return stats.declared !== 'integer' || this.numbers.every(isIntegerOrMissing)
  }

  count(): boolean {
    const { stats, found, block } = this
    if (!found) return false
    const others = found.others + this.booleans
    if (found.numbers > 0) this.countNumbers(found)
    stats.missing += found.missing
    stats.quotedMissing += this.quotedMissing
    if (others > 0) this.countOthers(others)
    stats.passRows(block.rows)
    if (stats.countsTexts) this.addTexts()
    return found.numbers > 0
  }

  /** Parses the numbers that the kernel did not, and looks the words up. */
  private decide(found: ParsedColumn): void {
    const { stats, bytes, fields, numbers, kinds, block } = this
    const { numbers: parser } = stats.cells
    for (let row = 0; row < block.rows; row++) {
      const kind = kinds[row]!
      if ((kind & cellKinds.undecided) === 0) continue
      const start = fields[2 * row]!
      const end = endOf(fields[2 * row + 1]!)
      if (kind === cellKinds.undecided && parser.parse(bytes, start, end)) {
        kinds[row] = parser.isInteger ? cellKinds.number | cellKinds.integer : cellKinds.number
        numbers[row] = parser.value
        found.numbers++
        if (!parser.fitsFloat32) found.fitsFloat32 = false
        if (!parser.isInteger) continue
        found.integers++
        const digit = bytes[start]! < 48 ? start + 1 : start
        if (bytes[digit] !== 48 || end - digit < 2) continue
        if (found.leadingZero < 0 || row < found.leadingZero) found.leadingZero = row
      } else if (isMissingMarker(bytes, start, end)) {
        if (isQuoted(fields[2 * row + 1]!)) {
          kinds[row] = quotedMissing
          this.quotedMissing++
        } else {
          kinds[row] = cellKinds.missing
          found.missing++
        }
      } else if (stats.declared === null && isBooleanWord(bytes, start, end)) {
        kinds[row] = boolean
        this.booleans++
      } else {
        kinds[row] = cellKinds.other
        found.others++
      }
    }
  }

  private countNumbers(found: ParsedColumn): void {
    const { stats, numbers, fields, block } = this
    const { numeric } = stats
    const isComplete = found.numbers === block.rows
    stats.numbers += found.numbers
    numeric.addAll(isComplete ? numbers : presentOf(numbers, found.numbers))
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

  /** Counts the cells that are neither numbers nor missing: `count`, of which some are booleans. */
  private countOthers(count: number): void {
    const { stats, bytes, fields, kinds, block } = this
    for (let row = 0; row < block.rows; row++) {
      const kind = kinds[row]!
      const isBoolean = kind === boolean
      if (!isBoolean && kind !== cellKinds.other) continue
      const start = fields[2 * row]!
      const end = endOf(fields[2 * row + 1]!)
      if (isBoolean) stats.addBoolean(parseBoolean(bytes, start, end))
      else if (stats.declared === null && !stats.hasAllOthers) stats.sampleOther(bytes, start, end)
      else if (this.booleans === 0 && stats.firstMismatch !== null) break
      if (stats.firstMismatch === null) {
        stats.sampleMismatch(bytes, start, end, { line: block.lines[row]! }, block.file)
      }
    }
    stats.mismatchCount += count
    if (stats.declared === null) stats.others += count - this.booleans
  }

  private addTexts(): void {
    const { kernel, stats, column, block, texts, fields, kinds } = this
    if (kernel.encodeTexts(column, block.rows) === 0) return
    for (let row = 0; row < block.rows; row++) {
      if (texts[row] !== unknownText) continue
      texts[row] = -1
      const kind = kinds[row]!
      if (kind === cellKinds.missing) continue
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

function presentOf(numbers: Float64Array, count: number): Float64Array {
  const present = new Float64Array(count)
  let to = 0
  for (let at = 0; at < numbers.length; at++) {
    const value = numbers[at]!
    if (!Number.isNaN(value)) present[to++] = value
  }
  return present
}

const isFraction = (value: number) => !Number.isNaN(value) && !Number.isInteger(value)
const isIntegerOrMissing = (value: number) => Number.isNaN(value) || Number.isSafeInteger(value)

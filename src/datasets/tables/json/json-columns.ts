import { NumberParser } from '../cell.js'
import type { ColumnValues, SourceType, Validity } from '../columns/column-batch.js'
import { type LiteralKind, textOf } from './json-scanner.js'

const numberParser = new NumberParser()

/** What the values of a key are in all records. */
export class KeyKinds {
  integers = 0
  numbers = 0
  booleans = 0
  texts = 0
  lists = 0

  /** Null if the key has lists, or nothing but null. */
  get type(): SourceType | null {
    const { integers, numbers, booleans, texts, lists } = this
    if (lists > 0) return null
    if (texts > 0 || (booleans > 0 && integers + numbers > 0)) return 'text'
    if (booleans > 0) return 'boolean'
    return numbers === 0 && integers > 0 ? 'integer' : 'number'
  }

  /** True if some values are texts and others are not. */
  get isMixed(): boolean {
    const kinds = [this.texts, this.booleans, this.integers + this.numbers]
    return kinds.filter(count => count > 0).length > 1
  }
}

/** Collects the values of one column, a batch at a time. */
export interface ColumnCollector {
  literal(row: number, kind: LiteralKind, bytes: Buffer, start: number, end: number): void
  text(row: number, bytes: Buffer, start: number, end: number, hasEscapes: boolean): void
  /** Returns the values of the first `rows` rows, and starts the next batch. */
  finish(rows: number): ColumnValues
}

export const createCollector = (type: SourceType, rows: number): ColumnCollector =>
  type === 'text' ? new TextCollector(rows) : new NumberCollector(rows)

class NumberCollector implements ColumnCollector {
  private values: Float64Array

  constructor(private readonly rows: number) {
    this.values = new Float64Array(rows).fill(Number.NaN)
  }

  literal(row: number, kind: LiteralKind, bytes: Buffer, start: number, end: number): void {
    if (kind === 'null') return
    this.values[row] =
      kind === 'true' || kind === 'false' ? Number(kind === 'true') : numberAt(bytes, start, end)
  }

  /** The first reading has found that there is none. */
  text(): void {}

  finish(): ColumnValues {
    const { values } = this
    this.values = new Float64Array(this.rows).fill(Number.NaN)
    return { kind: 'numbers', values, valid: null }
  }
}

function numberAt(bytes: Buffer, start: number, end: number): number {
  if (numberParser.parse(bytes, start, end)) return numberParser.value
  // out of float32's reach, and refused later
  return Number(bytes.toString('latin1', start, end))
}

/** Numbers and booleans of a column of texts are as they are written. */
class TextCollector implements ColumnCollector {
  private bytes = Buffer.alloc(4096)
  private used = 0
  /** The row that was appended last, and where its text begins. */
  private last = { row: -1, start: 0 }
  private ends: Int32Array
  private valid: Uint8Array

  constructor(private readonly rows: number) {
    this.ends = new Int32Array(rows)
    this.valid = new Uint8Array(rows)
  }

  literal(row: number, kind: LiteralKind, bytes: Buffer, start: number, end: number): void {
    if (kind !== 'null') this.append(row, bytes, start, end)
  }

  text(row: number, bytes: Buffer, start: number, end: number, hasEscapes: boolean): void {
    if (!hasEscapes) this.append(row, bytes, start, end)
    else {
      const text = Buffer.from(textOf(bytes, start, end, true))
      this.append(row, text, 0, text.length)
    }
  }

  finish(rows: number): ColumnValues {
    // rows come in order, so that a missing one lies between its neighbours
    const offsets = new Int32Array(rows + 1)
    for (let row = 0; row < rows; row++) {
      offsets[row + 1] = this.valid[row] === 1 ? this.ends[row]! : offsets[row]!
    }
    const valid: Validity = this.valid.subarray(0, rows).includes(0) ? this.valid : null
    const texts = { bytes: this.bytes.subarray(0, this.used), offsets }
    this.bytes = Buffer.alloc(this.bytes.length)
    this.used = 0
    this.last.row = -1
    this.valid = new Uint8Array(this.rows)
    return { kind: 'texts', texts, valid }
  }

  private append(row: number, bytes: Buffer, start: number, end: number): void {
    // a record at the end of a window is read again with the next one
    if (row === this.last.row) this.used = this.last.start
    else this.last = { row, start: this.used }
    const to = this.used + end - start
    if (to > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(to, 2 * this.bytes.length))
      grown.set(this.bytes)
      this.bytes = grown
    }
    bytes.copy(this.bytes, this.used, start, end)
    this.used = to
    this.ends[row] = to
    this.valid[row] = 1
  }
}

// The WebAssembly of kernels/, and where its data lie in its memory.
import { randomBytes } from 'node:crypto'
import { kernelCode } from './kernel-code.js'

/** What a cell is; bits. An undecided one may be a number, or with `other` a word that means something. */
export const cellKinds = { missing: 0, number: 1, integer: 2, other: 4, undecided: 8 } as const

/** `encodeTexts` does not know the index of a text. */
export const unknownText = -2

/** What `parseNumbers` found in a column. */
export interface ParsedColumn {
  missing: number
  numbers: number
  integers: number
  others: number
  undecided: number
  fitsFloat32: boolean
  /** The first row of a whole number with a leading zero; -1 if there is none. */
  leadingZero: number
}

interface Exports {
  tokenise(
    ...args: [
      from: number,
      end: number,
      isLast: number,
      delimiter: number,
      columns: number,
      maxRows: number,
      stride: number,
      fields: number,
      lines: number,
      firstLine: number,
      result: number,
    ]
  ): number
  parseNumbers(
    ...args: [
      fields: number,
      rows: number,
      powers: number,
      exact: number,
      decimal: number,
      checkFit: number,
      numbers: number,
      kinds: number,
      result: number,
    ]
  ): void
  textTableBytes(entries: number, textBytes: number, slots: number): number
  createTextTable(table: number, entries: number, textBytes: number, slots: number): void
  addText(table: number, start: number, end: number, code: number, seed: bigint): number
  encodeTexts(fields: number, rows: number, table: number, seed: bigint, codes: number): number
}

/** Bytes of a file that are read at once. */
const windowBytes = 2 ** 20
/** Vectors are loaded beyond the last row. */
const windowPadding = 64
const maxCells = 2 ** 18
const maxRows = 16_384
/** For the tables of texts of all columns. Pages that are not used take no memory. */
const textBytes = 16 * 2 ** 20
const maxEntries = 4096
/** Of a text in the tables, on average. */
const textBytesPerEntry = 32
const pageBytes = 65_536

const minPower = -64
const maxPower = 38
const maxExactPower = 22

let compiled: WebAssembly.Module | null = null

/** Tokenises and parses the rows of a table with so many columns, a block at a time. */
export class CsvKernel {
  readonly windowBytes: number
  /** Rows that a block has at most. */
  readonly blockRows: number
  /** The whole memory. */
  readonly bytes: Buffer
  private readonly integers: Int32Array
  private readonly floats: Float64Array
  private readonly exports: Exports
  private readonly seed = randomBytes(8).readBigUInt64LE() | 1n
  private end = pageBytes
  private readonly powers: number
  private readonly exactPowers: number
  private readonly result: number
  private readonly window: number
  private readonly fields: number
  private readonly stride: number
  private readonly lines: number
  private readonly numbers: number
  private readonly texts: number
  private readonly kinds: number
  private readonly tables: number
  private readonly tableBytes: number

  /** `maxRowBytes`: a longer row is not read. */
  constructor(
    readonly columns: number,
    maxRowBytes: number,
  ) {
    this.windowBytes = Math.min(windowBytes, maxRowBytes)
    this.blockRows = Math.max(1, Math.min(maxRows, Math.floor(maxCells / columns)))
    // columns that are a power of 2 apart would share the same lines of the processor's cache
    this.stride = this.blockRows + 8
    const cells = this.stride * columns
    this.powers = this.reserve(16 * (maxPower - minPower + 1))
    this.exactPowers = this.reserve(8 * (maxExactPower + 1))
    this.result = this.reserve(64)
    this.window = this.reserve(this.windowBytes + windowPadding)
    this.fields = this.reserve(8 * cells)
    this.lines = this.reserve(4 * this.blockRows)
    this.numbers = this.reserve(8 * cells)
    this.texts = this.reserve(4 * cells)
    this.kinds = this.reserve(this.blockRows)
    this.tables = this.end
    const perTable = Math.floor(textBytes / columns)
    const entries = Math.max(1, Math.min(maxEntries, 2 ** Math.floor(Math.log2(perTable / 64))))
    const slots = 2 * entries
    const tableTexts = entries * textBytesPerEntry
    compiled ??= new WebAssembly.Module(Buffer.from(kernelCode, 'base64'))
    // a table takes at most 64 bytes for each entry, and its head
    this.tableBytes = 64 * entries + 64
    const pages = Math.ceil((this.tables + this.tableBytes * columns + pageBytes) / pageBytes)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const imports = { env: { memory } }
    this.exports = new WebAssembly.Instance(compiled, imports).exports as unknown as Exports
    this.bytes = Buffer.from(memory.buffer)
    this.integers = new Int32Array(memory.buffer)
    this.floats = new Float64Array(memory.buffer)
    this.writePowers(new BigUint64Array(memory.buffer))
    for (let column = 0; column < columns; column++) {
      this.exports.createTextTable(this.tableOf(column), entries, tableTexts, slots)
    }
  }

  /** Where the bytes of a file go, from which `tokenise` reads. */
  get windowStart(): number {
    return this.window
  }

  /** Reads rows from byte `from` of the memory on, and tells where the next begins. */
  tokenise(from: number, end: number, isLast: boolean, delimiter: number, line: number) {
    const { columns, blockRows, stride, fields, lines, result, integers } = this
    const rows = this.exports.tokenise(
      ...([from, end, Number(isLast), delimiter, columns, blockRows, stride] as const),
      ...([fields, lines, line, result] as const),
    )
    const at = result >> 2
    return {
      rows,
      next: integers[at]!,
      line: integers[at + 1]!,
      /** The next row is one that only `CsvReader` can read, or say what is wrong with it. */
      isStrange: integers[at + 2] === 1,
    }
  }

  linesOf(rows: number): Int32Array {
    return this.integers.subarray(this.lines >> 2, (this.lines >> 2) + rows)
  }

  /** Start and end of each field of a column. The end of a quoted one is negative. */
  fieldsOf(column: number, rows: number): Int32Array {
    const at = (this.fields >> 2) + 2 * this.stride * column
    return this.integers.subarray(at, at + 2 * rows)
  }

  field(column: number, row: number) {
    const [start, end] = this.fieldsOf(column, row + 1).subarray(2 * row)
    return { bytes: this.bytes, start: start!, end: endOf(end!), quoted: isQuoted(end!) }
  }

  /** The numbers of a column, which `parseNumbers` writes. */
  numbersOf(column: number, rows: number): Float64Array {
    const at = (this.numbers >> 3) + this.stride * column
    return this.floats.subarray(at, at + rows)
  }

  /** The indices of a column's texts, which `encodeTexts` writes. */
  textsOf(column: number, rows: number): Int32Array {
    const at = (this.texts >> 2) + this.stride * column
    return this.integers.subarray(at, at + rows)
  }

  /** The kinds of the cells of the column that was parsed last. */
  kindsOf(rows: number): Uint8Array {
    return this.bytes.subarray(this.kinds, this.kinds + rows)
  }

  /** `decimal`: the decimal sign. `checksFit`: false if it is known that float32 does not hold all digits. */
  parseNumbers(column: number, rows: number, decimal: string, checksFit: boolean): ParsedColumn {
    const { powers, exactPowers, kinds, result, integers } = this
    const fields = this.fields + 8 * this.stride * column
    const numbers = this.numbers + 8 * this.stride * column
    this.exports.parseNumbers(
      ...([fields, rows, powers, exactPowers, decimal.charCodeAt(0)] as const),
      ...([Number(checksFit), numbers, kinds, result] as const),
    )
    const at = result >> 2
    return {
      missing: integers[at]!,
      numbers: integers[at + 1]!,
      integers: integers[at + 2]!,
      others: integers[at + 3]!,
      undecided: integers[at + 4]!,
      fitsFloat32: integers[at + 5] === 1,
      leadingZero: integers[at + 6]!,
    }
  }

  /** Writes the index of each text of a column that `addText` was told of; -1 for an empty cell, `unknownText` for others. Returns how many are unknown. */
  encodeTexts(column: number, rows: number): number {
    const fields = this.fields + 8 * this.stride * column
    const texts = this.texts + 4 * this.stride * column
    return this.exports.encodeTexts(fields, rows, this.tableOf(column), this.seed, texts)
  }

  /** Tells `encodeTexts` the index of a text, unless there is no room for it. */
  addText(column: number, start: number, end: number, index: number): void {
    this.exports.addText(this.tableOf(column), start, end, index, this.seed)
  }

  private tableOf(column: number): number {
    return this.tables + this.tableBytes * column
  }

  /** Returns where so many bytes are. */
  private reserve(bytes: number): number {
    const at = this.end
    this.end += (bytes + 63) & ~63
    return at
  }

  /** The powers of 5 to 128 bits, as the paper in kernels/numbers.ts has them, and the powers of 10 in float64. */
  private writePowers(words: BigUint64Array): void {
    for (let power = minPower; power <= maxPower; power++) {
      const at = (this.powers >> 3) + 2 * (power - minPower)
      const bits = powerOf5(power)
      words[at] = bits >> 64n
      words[at + 1] = BigInt.asUintN(64, bits)
    }
    for (let power = 0; power <= maxExactPower; power++) {
      this.floats[(this.exactPowers >> 3) + power] = Number(`1e${power}`)
    }
  }
}

/** The first 128 bits of a power of 5; of a negative one rounded up. */
function powerOf5(power: number): bigint {
  const limit = 1n << 128n
  let bits: bigint
  if (power < 0) {
    const divisor = 5n ** BigInt(-power)
    const length = BigInt(divisor.toString(2).length)
    const shift = power >= -27 ? length + 127n : 2n * length + 128n
    bits = (1n << shift) / divisor + 1n
  } else {
    bits = (5n ** BigInt(power)) << 128n
  }
  while (bits >= limit) bits >>= 1n
  return bits
}

export const isQuoted = (end: number): boolean => end < 0
/** Where a field ends, whether it is quoted or not. */
export const endOf = (end: number): number => end & 0x7fffffff

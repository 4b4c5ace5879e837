// The WebAssembly of kernels/, and where its data lie in its memory.
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { scriptPath } from '../../../places.js'
import { type NumberSurvey, surveyFields } from '../columns/number-survey.js'
import { createMemory, firstPlace, type Kernels, loadKernels } from '../kernels/load-kernels.js'
import {
  type BlockPlaces,
  maxExactPower,
  maxPower,
  minPower,
  NumberColumns,
} from './kernel-memory.js'

/** `encodeTexts` does not know the index of a text. */
export const unknownText = -2

/** What the numbers of a column are, and its other cells. */
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
/** A thread takes longer to start than a smaller file to read. */
const minThreadBytes = 8 * 2 ** 20

/** Takes memory from its start on. */
class Places {
  end = firstPlace

  /** Returns where so many bytes are. */
  take(bytes: number): number {
    const at = this.end
    this.end += (bytes + 63) & ~63
    return at
  }

  takeBlock(columns: number, rows: number, stride: number): BlockPlaces {
    const cells = columns * stride
    return {
      fields: this.take(8 * cells),
      lines: this.take(4 * rows),
      numbers: this.take(8 * cells),
      texts: this.take(4 * cells),
      kinds: this.take(cells),
      plans: this.take(4 * columns),
      results: this.take(32 * columns),
      done: this.take(4 * columns),
      head: this.take(8),
    }
  }
}

/**
 * Tokenises and parses the rows of a table, a block at a time. There are two windows of the file and two blocks, so
 * that one can be read while the other is parsed.
 */
export class CsvKernel implements Disposable {
  readonly windowBytes: number
  /** Rows that a block has at most. */
  readonly blockRows: number
  /** The whole memory. */
  readonly bytes: Buffer
  /** Where windows begin. */
  readonly windows: readonly [number, number]
  readonly blocks: readonly [BlockCells, BlockCells]
  private readonly integers: Int32Array
  private readonly kernels: Kernels
  private readonly seed = randomBytes(8).readBigUInt64LE() | 1n
  private readonly stride: number
  private readonly result: number
  private readonly state: number
  private readonly tables: number
  private readonly tableBytes: number
  private readonly thread: Worker | null

  /** `maxRowBytes`: a longer row is not read. `fileBytes`: of all files. `decimal`: the decimal sign. */
  constructor(
    readonly columns: number,
    maxRowBytes: number,
    fileBytes: number,
    decimal: string,
  ) {
    this.windowBytes = Math.min(windowBytes, maxRowBytes)
    this.blockRows = Math.max(1, Math.min(maxRows, Math.floor(maxCells / columns)))
    // columns that are a power of 2 apart would share the same lines of the processor's cache
    this.stride = this.blockRows + 8
    const places = new Places()
    const powers = places.take(16 * (maxPower - minPower + 1))
    const exactPowers = places.take(8 * (maxExactPower + 1))
    const work = places.take(4)
    this.result = places.take(64)
    this.state = places.take(8 * surveyFields)
    const takeWindow = () => places.take(this.windowBytes + windowPadding)
    const takeBlock = () => places.takeBlock(columns, this.blockRows, this.stride)
    this.windows = [takeWindow(), takeWindow()]
    const blocks = [takeBlock(), takeBlock()] as const
    const perTable = Math.floor(textBytes / columns)
    const entries = Math.max(1, Math.min(maxEntries, 2 ** Math.floor(Math.log2(perTable / 64))))
    // a table takes at most 64 bytes for each entry, and its head
    this.tableBytes = 64 * entries + 64
    this.tables = places.take(this.tableBytes * columns)
    const memory = createMemory(places.end + windowPadding)
    this.kernels = loadKernels(memory)
    this.bytes = Buffer.from(memory.buffer)
    this.integers = new Int32Array(memory.buffer)
    writePowers(memory.buffer, powers, exactPowers)
    for (let column = 0; column < columns; column++) {
      const texts = entries * textBytesPerEntry
      this.kernels.createTextTable(this.tableOf(column), entries, texts, 2 * entries)
    }
    const kernelPlaces = {
      ...{ columns, stride: this.stride, powers, exactPowers },
      ...{ decimal: decimal.charCodeAt(0), work, blocks },
    }
    const parser = new NumberColumns(memory, this.kernels, kernelPlaces)
    const cellsOf = (block: BlockPlaces) => new BlockCells(memory, block, this.stride, parser)
    this.blocks = [cellsOf(blocks[0]), cellsOf(blocks[1])]
    this.thread =
      fileBytes >= minThreadBytes && availableParallelism() > 1
        ? startThread({ memory, places: kernelPlaces })
        : null
  }

  /** Reads rows from byte `from` of the memory on, and tells where the next begins. */
  tokenise(
    { places: { fields, lines } }: BlockCells,
    from: number,
    end: number,
    isLast: boolean,
    delimiter: number,
    line: number,
  ) {
    const { columns, blockRows, stride, result, integers } = this
    const rows = this.kernels.tokenise(
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

  /** Adds the numbers of a column. */
  surveyNumbers(
    { places: { numbers } }: BlockCells,
    column: number,
    rows: number,
    survey: NumberSurvey,
  ) {
    const { kernels, state, stride } = this
    const values = numbers + 8 * stride * column
    const at = new Float64Array(this.bytes.buffer, state, surveyFields)
    survey.addBy(() => kernels.surveyNumbers(values, 0, rows, 0, state), at)
  }

  /** Writes the index of each text of a column that `addText` was told of; -1 for an empty cell, `unknownText` for others. Returns how many are unknown. */
  encodeTexts({ places: { fields, texts } }: BlockCells, column: number, rows: number): number {
    const { kernels, stride, seed } = this
    const table = this.tableOf(column)
    const [from, to] = [fields + 8 * stride * column, texts + 4 * stride * column]
    return kernels.encodeTexts(from, rows, table, seed, to)
  }

  /** Tells `encodeTexts` the index of a text, unless there is no room for it. */
  addText(column: number, start: number, end: number, index: number): void {
    this.kernels.addText(this.tableOf(column), start, end, index, this.seed)
  }

  [Symbol.dispose](): void {
    void this.thread?.terminate()
  }

  private tableOf(column: number): number {
    return this.tables + this.tableBytes * column
  }
}

/** The cells of one block. */
export class BlockCells {
  private readonly integers: Int32Array
  private readonly floats: Float64Array
  private readonly bytes: Uint8Array

  constructor(
    { buffer }: WebAssembly.Memory,
    readonly places: BlockPlaces,
    private readonly stride: number,
    private readonly parser: NumberColumns,
  ) {
    this.integers = new Int32Array(buffer)
    this.floats = new Float64Array(buffer)
    this.bytes = new Uint8Array(buffer)
  }

  linesOf(rows: number): Int32Array {
    return this.integers.subarray(this.places.lines >> 2, (this.places.lines >> 2) + rows)
  }

  /** Start and end of each field of a column. The end of a quoted one is negative. */
  fieldsOf(column: number, rows: number): Int32Array {
    const at = (this.places.fields >> 2) + 2 * this.stride * column
    return this.integers.subarray(at, at + 2 * rows)
  }

  field(column: number, row: number): { start: number; end: number; quoted: boolean } {
    const [start, end] = this.fieldsOf(column, row + 1).subarray(2 * row)
    return { start: start!, end: endOf(end!), quoted: isQuoted(end!) }
  }

  numbersOf(column: number, rows: number): Float64Array {
    const at = (this.places.numbers >> 3) + this.stride * column
    return this.floats.subarray(at, at + rows)
  }

  /** The indices of a column's texts, which `encodeTexts` writes. */
  textsOf(column: number, rows: number): Int32Array {
    const at = (this.places.texts >> 2) + this.stride * column
    return this.integers.subarray(at, at + rows)
  }

  kindsOf(column: number, rows: number): Uint8Array {
    const at = this.places.kinds + this.stride * column
    return this.bytes.subarray(at, at + rows)
  }

  /** Begins to parse the numbers of columns, as `plans` says of each. */
  parse(rows: number, columnPlans: readonly number[]): void {
    this.integers.set(columnPlans, this.places.plans >> 2)
    this.parser.offer(this.places, rows)
  }

  /** Waits until a column is parsed that was planned. */
  parsed(column: number): ParsedColumn {
    this.parser.waitFor(this.places, column)
    const { integers } = this
    const at = (this.places.results >> 2) + 8 * column
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
}

function startThread(workerData: object): Worker {
  const limits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 }
  const script = scriptPath('src/datasets/tables/blocks/kernel-thread')
  const thread = new Worker(script, { workerData, resourceLimits: limits })
  thread.unref()
  // its work is done by the thread that waits for it
  thread.on('error', () => {})
  return thread
}

/** The powers of 5 to 128 bits, as the paper in kernels/numbers.ts has them, and the powers of 10 in float64. */
function writePowers(memory: SharedArrayBuffer, powers: number, exactPowers: number): void {
  const words = new BigUint64Array(memory)
  const floats = new Float64Array(memory)
  for (let power = minPower; power <= maxPower; power++) {
    const at = (powers >> 3) + 2 * (power - minPower)
    const bits = powerOf5(power)
    words[at] = bits >> 64n
    words[at + 1] = BigInt.asUintN(64, bits)
  }
  for (let power = 0; power <= maxExactPower; power++) {
    floats[(exactPowers >> 3) + power] = Number(`1e${power}`)
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

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { CellBlock } from './blocks/cell-block.js'
import { parseBoolean } from './cell.js'
import { type StoredColumn, storedColumns } from './columns/column-builder.js'
import type { ColumnStatistics } from './columns/column-survey.js'
import type { TypedColumn } from './columns/column-types.js'
import type { TableWriter } from './table-writer.js'

const batchBytes = 8 * 2 ** 20
const maxBatchRows = 16_384
/** The first cells stay in memory. */
const maxHeldBytes = 64 * 2 ** 20

/** The cells themselves or where they lie in the file; null if they are all missing, or not kept. */
type Kept<Cells> = Cells | number | null

/** The cells of one column in one batch. */
interface StoredCells {
  numbers: Kept<Float64Array>
  texts: Kept<Int32Array>
}

interface StoredBatch {
  rows: number
  columns: StoredCells[]
}

/** The cells of a column in the current batch. */
interface CellBuffer {
  numbers: Float64Array
  hasNumbers: boolean
  texts: Int32Array
}

/**
 * Keeps the cells of CSV files as they were parsed: the number of each, and its index among the distinct texts of
 * its column as long as these are counted. So cells are parsed once, although what type a column has, and which
 * code a category, is known only after the last row.
 */
export class CsvSpool {
  private readonly batches: StoredBatch[] = []
  private buffers: CellBuffer[] = []
  private batchRows = 0
  private rows = 0
  private end = 0
  private heldBytes = 0
  private readonly descriptor: number

  /** A file that is there is overwritten. */
  constructor(private readonly path: string) {
    this.descriptor = openSync(path, 'w', 0o600)
  }

  /** Adds the last cell of each column. */
  add(columns: readonly ColumnStatistics[]): void {
    if (this.rows === this.batchRows) this.startBatch(columns)
    const { buffers, rows } = this
    for (let column = 0; column < columns.length; column++) {
      const { lastNumber, lastText } = columns[column]!
      const buffer = buffers[column]!
      buffer.numbers[rows] = lastNumber
      buffer.texts[rows] = lastText
      if (!Number.isNaN(lastNumber)) buffer.hasNumbers = true
    }
    this.rows++
  }

  /** Adds the cells of a block that all columns have counted. `hasNumbers`: of each column. */
  addBlock(
    columns: readonly ColumnStatistics[],
    { rows, cells }: CellBlock,
    hasNumbers: readonly boolean[],
  ): void {
    this.flush(columns)
    const stored = columns.map(({ values }, column) => ({
      numbers: hasNumbers[column] ? this.keep(cells.numbersOf(column, rows)) : null,
      texts: values.overflowed || values.size === 0 ? null : this.keep(cells.textsOf(column, rows)),
    }))
    this.batches.push({ rows, columns: stored })
  }

  /** After the last row. */
  finish(columns: readonly ColumnStatistics[]): void {
    this.flush(columns)
  }

  /** Before it is read. */
  close(): void {
    closeSync(this.descriptor)
  }

  writeTo(
    columns: readonly TypedColumn[],
    stats: readonly ColumnStatistics[],
    writer: TableWriter,
  ): void {
    const stored = storedColumns(columns)
    const values = stored.map(column => valuesOfTexts(column, stats[column.index]!))
    const descriptor = openSync(this.path, 'r')
    try {
      for (const { rows, columns: cells } of this.batches) {
        const read = stored.map((column, at) =>
          readCells(descriptor, cells[column.index]!, rows, values[at]!),
        )
        for (let from = 0; from < rows; ) {
          const count = Math.min(rows - from, writer.room)
          for (const [at, numbers] of read.entries()) {
            const builder = writer.builders[at]!
            const some = numbers.subarray(from, from + count)
            if (stored[at]!.column.missing === 0) builder.setAll(writer.row, some)
            else builder.setSome(writer.row, some)
          }
          writer.advance(count)
          from += count
        }
      }
    } finally {
      closeSync(descriptor)
    }
  }

  private startBatch(columns: readonly ColumnStatistics[]): void {
    this.flush(columns)
    if (this.batchRows > 0) return
    const rows = Math.floor(batchBytes / (12 * columns.length))
    this.batchRows = Math.max(1, Math.min(maxBatchRows, rows))
    this.buffers = columns.map(() => ({
      numbers: new Float64Array(this.batchRows),
      hasNumbers: false,
      texts: new Int32Array(this.batchRows),
    }))
  }

  private flush(columns: readonly ColumnStatistics[]): void {
    const { rows } = this
    if (rows === 0) return
    const stored = this.buffers.map(({ numbers, hasNumbers, texts }, column) => ({
      numbers: hasNumbers ? this.keep(numbers.subarray(0, rows)) : null,
      texts: columns[column]!.values.overflowed ? null : this.keep(texts.subarray(0, rows)),
    }))
    this.batches.push({ rows, columns: stored })
    for (const buffer of this.buffers) buffer.hasNumbers = false
    this.rows = 0
  }

  private keep<Cells extends Float64Array | Int32Array>(cells: Cells): Kept<Cells> {
    if (this.heldBytes + cells.byteLength > maxHeldBytes) return this.write(cells)
    this.heldBytes += cells.byteLength
    return cells.slice() as Cells
  }

  private write({ buffer, byteOffset, byteLength }: Float64Array | Int32Array): number {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength)
    const at = this.end
    for (let done = 0; done < byteLength; ) {
      done += writeSync(this.descriptor, bytes, done, byteLength - done, at + done)
    }
    this.end += byteLength
    return at
  }
}

/** What is stored for each distinct text of a category or of a column of true and false; null for numbers. */
function valuesOfTexts({ column }: StoredColumn, { values, declared }: ColumnStatistics) {
  if (column.type === 'category') {
    const codes = new Float64Array(values.size)
    for (const [code, index] of values.sorted().entries()) codes[index] = code
    return { codes, missing: -1 }
  }
  if (column.type !== 'boolean' || declared === 'boolean') return null
  const codes = Float64Array.from({ length: values.size }, (_, index) => {
    const text = values.text(index)
    const bool = parseBoolean(text, 0, text.length)
    return bool < 0 ? Number.NaN : bool
  })
  return { codes, missing: Number.NaN }
}

function readCells(
  descriptor: number,
  { numbers, texts }: StoredCells,
  rows: number,
  values: ReturnType<typeof valuesOfTexts>,
): Float64Array {
  if (values === null) {
    if (numbers === null) return new Float64Array(rows).fill(Number.NaN)
    return typeof numbers === 'number' ? read(descriptor, new Float64Array(rows), numbers) : numbers
  }
  const { codes, missing } = values
  const cells = new Float64Array(rows)
  if (texts === null) return cells.fill(missing)
  const indices = typeof texts === 'number' ? read(descriptor, new Int32Array(rows), texts) : texts
  for (let row = 0; row < rows; row++) {
    const index = indices[row]!
    cells[row] = index < 0 ? missing : codes[index]!
  }
  return cells
}

function read<Cells extends Float64Array | Int32Array>(
  descriptor: number,
  cells: Cells,
  at: number,
): Cells {
  const { buffer, byteOffset, byteLength } = cells
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  for (let done = 0; done < byteLength; ) {
    const count = readSync(descriptor, bytes, done, byteLength - done, at + done)
    if (count === 0) throw new Error('the file of parsed cells shrank while it was read')
    done += count
  }
  return cells
}

// Arrow IPC files (Feather version 2): https://arrow.apache.org/docs/format/Columnar.html
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Data,
  type DataType,
  Dictionary,
  Field,
  Float32,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import type { Shard } from '../../spec/dataset.js'
import { isMissing, maxFloat32, parseBoolean } from './cell.js'
import type { StorageType, TypedColumn } from './columns/column-types.js'
import type { CsvRow } from './csv.js'
import type { TableSource } from './table-source.js'

/** Readers hold one file in memory at a time. */
const targetShardBytes = 32 * 2 ** 20
const maxBatchRows = 65_536

/** Writes rows in order, and holds the rows of one file in memory. */
export function writeTable(source: TableSource, folder: string): Shard[] {
  mkdirSync(join(folder, 'shards'))
  const storedColumns = source.columns.flatMap(({ storage, ...column }, index) =>
    storage ? [{ ...column, storage, index }] : [],
  )
  const writer = new TableWriter(folder, storedColumns)
  source.forEachRow(row => writer.add(row))
  return writer.close()
}

type StoredColumn = TypedColumn & { index: number; storage: NonNullable<StorageType> }

class TableWriter {
  private readonly columns: ColumnWriter[]
  private readonly schema: Schema
  private readonly batchRows: number
  private readonly shardRows: number
  private readonly shards: Shard[] = []
  private batches: RecordBatch[] = []
  private batchedRows = 0
  private rows = 0

  constructor(
    private readonly folder: string,
    storedColumns: readonly StoredColumn[],
  ) {
    this.columns = storedColumns.map((column, index) => new ColumnWriter(column, index))
    this.schema = new Schema(this.columns.map(({ field }) => field))
    const rowBytes = this.columns.reduce((bytes, { bytesPerValue }) => bytes + bytesPerValue, 0)
    const maxRows = Math.max(1, Math.floor(targetShardBytes / Math.max(1, rowBytes)))
    this.batchRows = Math.min(maxBatchRows, maxRows)
    this.shardRows = maxRows - (maxRows % this.batchRows)
    for (const column of this.columns) column.startBatch(this.batchRows)
  }

  add(row: CsvRow): void {
    for (const column of this.columns) column.write(this.rows, row)
    this.rows++
    if (this.rows === this.batchRows) this.flushBatch()
  }

  close(): Shard[] {
    this.flushBatch()
    this.flushShard()
    return this.shards
  }

  private flushBatch(): void {
    const { rows, columns, schema } = this
    if (rows === 0) return
    const children = columns.map(column => column.finishBatch(rows, this.batchRows))
    const struct = makeData({
      type: new Struct(schema.fields),
      length: rows,
      nullCount: 0,
      children,
    })
    this.batches.push(new RecordBatch(schema, struct))
    this.batchedRows += rows
    this.rows = 0
    if (this.batchedRows === this.shardRows) this.flushShard()
  }

  private flushShard(): void {
    if (this.batches.length === 0) return
    const name = `shards/table-${String(this.shards.length).padStart(5, '0')}.arrow`
    const content = tableToIPC(new Table(this.schema, this.batches), 'file')
    writeFileSync(join(this.folder, name), content, { flag: 'wx' })
    const sha256 = createHash('sha256').update(content).digest('hex')
    this.shards.push({ name, records: this.batchedRows, bytes: content.length, sha256 })
    this.batches = []
    this.batchedRows = 0
  }
}

/** The cells of one column. A missing cell is null in the bitmap, and NaN or code -1 in the values. */
class ColumnWriter {
  readonly field: Field
  readonly bytesPerValue: number
  private readonly dictionary: Vector | undefined
  private readonly codes: Int32Array
  private values: Float32Array | Float64Array | Int32Array = new Int32Array(0)
  private validityBitmap = new Uint8Array(0)
  private nullCount = 0
  /** A value below it, or NaN, is missing. */
  private readonly minValid: number

  constructor(
    private readonly storedColumn: StoredColumn,
    dictionaryId: number,
  ) {
    const { column, storage, stats } = storedColumn
    this.minValid = storage === 'codes' ? 0 : -maxFloat32
    this.bytesPerValue = storage === 'float64' ? 8 : 4
    this.codes = new Int32Array(stats.values.size)
    let type: DataType = storage === 'float64' ? new Float64() : new Float32()
    if (column.type === 'category') {
      // The id is fixed, so that equal tables have equal bytes.
      type = new Dictionary(new Utf8(), new Int32(), dictionaryId)
      this.dictionary = vectorFromArray(column.categories, new Utf8())
      for (const [code, index] of stats.values.sorted().entries()) this.codes[index] = code
    }
    this.field = new Field(column.name, type, true)
  }

  startBatch(rows: number): void {
    const { storage } = this.storedColumn
    const ArrayType =
      storage === 'float64' ? Float64Array : storage === 'float32' ? Float32Array : Int32Array
    this.values = new ArrayType(rows)
    this.validityBitmap = new Uint8Array(Math.ceil(rows / 8)).fill(0xff)
    this.nullCount = 0
  }

  write(index: number, row: CsvRow): void {
    const value = this.parseCell(row)
    this.values[index] = value
    if (value >= this.minValid) return
    this.validityBitmap[index >> 3]! &= ~(1 << (index & 7))
    this.nullCount++
  }

  /** Returns the first `rows` cells, and starts a batch with room for `nextRows`. */
  finishBatch(rows: number, nextRows: number): Data {
    const { values, validityBitmap, nullCount, dictionary } = this
    const data = makeData({
      type: this.field.type,
      length: rows,
      nullCount,
      data: values.subarray(0, rows),
      nullBitmap: nullCount > 0 ? validityBitmap : undefined,
      dictionary,
    } as Parameters<typeof makeData>[0])
    this.startBatch(nextRows)
    return data
  }

  /** If the cell is missing, `value` is NaN, or -1 for a category. */
  private parseCell(row: CsvRow): number {
    const { index, stats, column } = this.storedColumn
    const { bytes } = row
    const start = row.starts[index]!
    const end = row.ends[index]!
    if (column.type === 'category') {
      if (isMissing(row, index) || stats.isDeclaredMissing(bytes, start, end)) return -1
      return this.codes[stats.values.find(bytes, start, end)]!
    }
    if (start === end || stats.isDeclaredMissing(bytes, start, end)) return Number.NaN
    const { numbers } = stats.cells
    if (column.type !== 'boolean')
      return numbers.parse(bytes, start, end) ? numbers.value : Number.NaN
    const bool = parseBoolean(bytes, start, end)
    return bool < 0 ? Number.NaN : bool
  }
}

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
import { isMissing, largest, NumberReader, truthAt } from './cell.js'
import type { Storage, TypedColumn } from './column-types.js'
import type { CsvRow } from './csv.js'
import type { TableSource } from './table-source.js'

/** A reader holds one file at a time. */
const shardBytes = 32 * 2 ** 20
const mostBatchRows = 65_536

/** Writes the rows in their order; holds one file's rows in memory. */
export function writeTable(source: TableSource, folder: string): Shard[] {
  mkdirSync(join(folder, 'shards'))
  const stored = source.columns.flatMap(({ storage, ...column }, index) =>
    storage ? [{ ...column, storage, index }] : [],
  )
  const writer = new TableWriter(folder, stored)
  source.visit(row => writer.add(row))
  return writer.close()
}

type Stored = TypedColumn & { index: number; storage: NonNullable<Storage> }

class TableWriter {
  private readonly columns: ColumnWriter[]
  private readonly schema: Schema
  private readonly batchRows: number
  private readonly shardRows: number
  private readonly shards: Shard[] = []
  private batches: RecordBatch[] = []
  private batched = 0
  private rows = 0

  constructor(
    private readonly folder: string,
    stored: readonly Stored[],
  ) {
    this.columns = stored.map((column, index) => new ColumnWriter(column, index))
    this.schema = new Schema(this.columns.map(({ field }) => field))
    const rowBytes = this.columns.reduce((bytes, { width }) => bytes + width, 0)
    const most = Math.max(1, Math.floor(shardBytes / Math.max(1, rowBytes)))
    this.batchRows = Math.min(mostBatchRows, most)
    this.shardRows = most - (most % this.batchRows)
    for (const column of this.columns) column.begin(this.batchRows)
  }

  add(row: CsvRow): void {
    for (const column of this.columns) column.write(this.rows, row)
    this.rows++
    if (this.rows === this.batchRows) this.endBatch()
  }

  close(): Shard[] {
    this.endBatch()
    this.endShard()
    return this.shards
  }

  private endBatch(): void {
    const { rows, columns, schema } = this
    if (rows === 0) return
    const children = columns.map(column => column.end(rows, this.batchRows))
    const struct = makeData({
      type: new Struct(schema.fields),
      length: rows,
      nullCount: 0,
      children,
    })
    this.batches.push(new RecordBatch(schema, struct))
    this.batched += rows
    this.rows = 0
    if (this.batched === this.shardRows) this.endShard()
  }

  private endShard(): void {
    if (this.batches.length === 0) return
    const name = `shards/table-${String(this.shards.length).padStart(5, '0')}.arrow`
    const content = tableToIPC(new Table(this.schema, this.batches), 'file')
    writeFileSync(join(this.folder, name), content, { flag: 'wx' })
    const sha256 = createHash('sha256').update(content).digest('hex')
    this.shards.push({ name, records: this.batched, bytes: content.length, sha256 })
    this.batches = []
    this.batched = 0
  }
}

const reader = new NumberReader()

/** Cells of one column: missing ones are null by the bitmap, and NaN or code -1 beneath it. */
class ColumnWriter {
  readonly field: Field
  readonly width: number
  private readonly dictionary: Vector | undefined
  private readonly codes: Int32Array
  private values: Float32Array | Float64Array | Int32Array = new Int32Array(0)
  private valid = new Uint8Array(0)
  private missing = 0
  /** Below it, or NaN, is missing. */
  private readonly least: number

  constructor(
    private readonly stored: Stored,
    id: number,
  ) {
    const { column, storage, survey } = stored
    this.least = storage === 'codes' ? 0 : -largest
    this.width = storage === 'float64' ? 8 : 4
    this.codes = new Int32Array(survey.values.size)
    let type: DataType = storage === 'float64' ? new Float64() : new Float32()
    if (column.type === 'category') {
      // a fixed id: equal tables are equal bytes
      type = new Dictionary(new Utf8(), new Int32(), id)
      this.dictionary = vectorFromArray(column.categories, new Utf8())
      for (const [code, index] of survey.values.sorted().entries()) this.codes[index] = code
    }
    this.field = new Field(column.name, type, true)
  }

  begin(rows: number): void {
    const { storage } = this.stored
    const Values =
      storage === 'float64' ? Float64Array : storage === 'float32' ? Float32Array : Int32Array
    this.values = new Values(rows)
    this.valid = new Uint8Array(Math.ceil(rows / 8)).fill(0xff)
    this.missing = 0
  }

  write(at: number, row: CsvRow): void {
    const value = this.valueOf(row)
    this.values[at] = value
    if (value >= this.least) return
    this.valid[at >> 3]! &= ~(1 << (at & 7))
    this.missing++
  }

  /** The first `rows` cells; room for the next. */
  end(rows: number, next: number): Data {
    const { values, valid, missing, dictionary } = this
    const data = makeData({
      type: this.field.type,
      length: rows,
      nullCount: missing,
      data: values.subarray(0, rows),
      nullBitmap: missing > 0 ? valid : undefined,
      dictionary,
    } as Parameters<typeof makeData>[0])
    this.begin(next)
    return data
  }

  /** NaN, or of categories -1, where it is missing. */
  private valueOf(row: CsvRow): number {
    const { index, survey, column } = this.stored
    const { bytes } = row
    const start = row.starts[index]!
    const end = row.ends[index]!
    if (column.type === 'category') {
      if (isMissing(row, index)) return -1
      return this.codes[survey.values.find(bytes, start, end)]!
    }
    if (column.type !== 'boolean') return reader.read(bytes, start, end) ? reader.value : Number.NaN
    const truth = truthAt(bytes, start, end)
    return truth < 0 ? Number.NaN : truth
  }
}

// Arrow IPC files (Feather version 2): https://arrow.apache.org/docs/format/Columnar.html
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeData, RecordBatch, Schema, Struct, Table, tableToIPC } from 'apache-arrow'
import type { Shard } from '../../spec/dataset.js'
import { ColumnBuilder, storedColumns } from './columns/column-builder.js'
import type { TypedColumn } from './columns/column-types.js'

/** Readers hold one file in memory at a time. */
const targetShardBytes = 32 * 2 ** 20
const maxBatchRows = 65_536

/**
 * Writes rows in order into `shards/`, and holds the rows of one file in memory. Set the cells of `row`, or of
 * several rows from it on, in each of `builders`, then `advance`.
 */
export class TableWriter {
  /** One for each column that is stored, in their order. */
  readonly builders: readonly ColumnBuilder[]
  /** Where the next row goes in the builders. */
  row = 0
  private readonly schema: Schema
  private readonly batchRows: number
  private readonly shardRows: number
  private readonly shards: Shard[] = []
  private batches: RecordBatch[] = []
  private batchedRows = 0
  private split: string | undefined

  constructor(
    private readonly folder: string,
    columns: readonly TypedColumn[],
  ) {
    mkdirSync(join(folder, 'shards'))
    this.builders = storedColumns(columns).map((column, index) => new ColumnBuilder(column, index))
    this.schema = new Schema(this.builders.map(({ field }) => field))
    const rowBytes = this.builders.reduce((bytes, { bytesPerValue }) => bytes + bytesPerValue, 0)
    const maxRows = Math.max(1, Math.floor(targetShardBytes / Math.max(1, rowBytes)))
    this.batchRows = Math.min(maxBatchRows, maxRows)
    this.shardRows = maxRows - (maxRows % this.batchRows)
    for (const builder of this.builders) builder.startBatch(this.batchRows)
  }

  /** Number of rows that may be set before the next `advance`. */
  get room(): number {
    return this.batchRows - this.row
  }

  /** `rows`: how many were set, at most `room`. */
  advance(rows: number): void {
    this.row += rows
    if (this.row === this.batchRows) this.flushBatch()
  }

  /** The next rows belong to this split. Its rows begin a shard. */
  setSplit(split: string): void {
    if (split === this.split) return
    this.flushBatch()
    this.flushShard()
    this.split = split
  }

  close(): Shard[] {
    this.flushBatch()
    this.flushShard()
    return this.shards
  }

  private flushBatch(): void {
    const { row: rows, builders, schema } = this
    if (rows === 0) return
    const children = builders.map(builder => builder.finishBatch(rows, this.batchRows))
    const struct = makeData({
      type: new Struct(schema.fields),
      length: rows,
      nullCount: 0,
      children,
    })
    this.batches.push(new RecordBatch(schema, struct))
    this.batchedRows += rows
    this.row = 0
    if (this.batchedRows === this.shardRows) this.flushShard()
  }

  private flushShard(): void {
    if (this.batches.length === 0) return
    const name = `shards/table-${String(this.shards.length).padStart(5, '0')}.arrow`
    const content = tableToIPC(new Table(this.schema, this.batches), 'file')
    writeFileSync(join(this.folder, name), content, { flag: 'wx' })
    const sha256 = createHash('sha256').update(content).digest('hex')
    this.shards.push({
      ...{ name, records: this.batchedRows, bytes: content.length, sha256 },
      ...(this.split !== undefined && { split: this.split }),
    })
    this.batches = []
    this.batchedRows = 0
  }
}

// Arrow IPC files (Feather version 2): https://arrow.apache.org/docs/format/Columnar.html
import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import {
  AsyncByteQueue,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  Table,
} from 'apache-arrow'
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
    using file = new ShardFile(join(this.folder, name))
    new RecordBatchFileWriter().reset(file).writeAll(new Table(this.schema, this.batches))
    this.shards.push({
      ...{ name, records: this.batchedRows, bytes: file.bytes, sha256: file.sha256() },
      ...(this.split !== undefined && { split: this.split }),
    })
    this.batches = []
    this.batchedRows = 0
  }
}

/** Writes and hashes each piece of a file while it is in the processor's cache, and holds none. */
class ShardFile extends AsyncByteQueue implements Disposable {
  bytes = 0
  private readonly descriptor: number
  private readonly hash = createHash('sha256')

  /** The file must not exist. */
  constructor(path: string) {
    super()
    this.descriptor = openSync(path, 'wx')
  }

  override write(piece: Uint8Array): void {
    this.hash.update(piece)
    for (let done = 0; done < piece.length; ) done += writeSync(this.descriptor, piece, done)
    this.bytes += piece.length
  }

  /** After the last piece. */
  sha256(): string {
    return this.hash.digest('hex')
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor)
  }
}

// Arrow IPC files (Feather version 2): https://arrow.apache.org/docs/format/Columnar.html
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  AsyncByteQueue,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
} from 'apache-arrow'
import type { Shard } from '../../spec/dataset.js'
import { ColumnBuilder, storedColumns } from './columns/column-builder.js'
import type { TypedColumn } from './columns/column-types.js'
import { type FileHash, FileHasher } from './hashing/file-hasher.js'

/** Readers hold one file in memory at a time. */
const targetShardBytes = 32 * 2 ** 20
const maxBatchRows = 65_536

/**
 * Writes rows in order into `shards/`, and holds those of one batch in memory. Set the cells of `row`, or of several
 * rows from it on, in each of `builders`, then `advance`. Dispose of it if it is not closed.
 */
export class TableWriter implements Disposable {
  /** One for each column that is stored, in their order. */
  readonly builders: readonly ColumnBuilder[]
  /** Where the next row goes in the builders. */
  row = 0
  private readonly schema: Schema
  private readonly batchRows: number
  private readonly shardRows: number
  private readonly shards: Shard[] = []
  private shard: ShardFile | null = null
  private split: string | undefined

  constructor(
    private readonly folder: string,
    columns: readonly TypedColumn[],
    private readonly hasher = new FileHasher(0),
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

  [Symbol.dispose](): void {
    this.shard?.[Symbol.dispose]()
  }

  private flushBatch(): void {
    const { row: rows, builders, schema } = this
    if (rows === 0) return
    const children = builders.map(builder => builder.finishBatch(rows))
    const struct = makeData({
      type: new Struct(schema.fields),
      length: rows,
      nullCount: 0,
      children,
    })
    this.shard ??= new ShardFile(this.folder, this.shards.length, schema, this.hasher.next())
    this.shard.add(new RecordBatch(schema, struct))
    for (const builder of builders) builder.restartBatch()
    this.row = 0
    if (this.shard.rows === this.shardRows) this.flushShard()
  }

  private flushShard(): void {
    const { split } = this
    using shard = this.shard
    if (!shard) return
    this.shard = null
    this.shards.push({ ...shard.finish(), ...(split !== undefined && { split }) })
  }
}

/** An Arrow file that is written batch by batch. */
class ShardFile implements Disposable {
  rows = 0
  private readonly name: string
  private readonly output: HashedFile
  private readonly writer = new RecordBatchFileWriter()

  constructor(folder: string, index: number, schema: Schema, hash: FileHash) {
    this.name = `shards/table-${String(index).padStart(5, '0')}.arrow`
    this.output = new HashedFile(join(folder, this.name), hash)
    this.writer.reset(this.output, schema)
  }

  /** Its memory may be used again afterwards. */
  add(batch: RecordBatch): void {
    this.writer.write(batch)
    this.rows += batch.numRows
  }

  finish(): Shard {
    const { name, rows: records, output } = this
    this.writer.finish()
    return { name, records, bytes: output.bytes, sha256: output.sha256() }
  }

  [Symbol.dispose](): void {
    this.output[Symbol.dispose]()
  }
}

/** Writes and hashes each piece of a file while it is in the processor's cache, and holds none. */
class HashedFile extends AsyncByteQueue implements Disposable {
  bytes = 0
  private readonly descriptor: number

  /** The file must not exist. */
  constructor(
    path: string,
    private readonly hash: FileHash,
  ) {
    super()
    this.descriptor = openSync(path, 'wx')
  }

  override write(piece: Uint8Array): void {
    this.hash.update(piece)
    writeFileSync(this.descriptor, piece)
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

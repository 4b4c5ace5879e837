// What is known of each image of a data set, as an Arrow IPC file. See the comment of ImageIndexRow.
import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type AsyncRecordBatchFileReader,
  type DataType,
  Field,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
} from 'apache-arrow'
import type { Shard } from '../../spec/dataset.js'

export const imageIndexName = 'index.arrow'

/** One image. The rows have the order of the shards. */
export interface ImageIndexRow {
  /** Its path in the upload, such as `flowers.zip/roses/1.jpg`, or `part-0.tfrecord#12`. */
  source: string
  label: number
  /** The number of its shard, from 0. */
  shard: number
  /** The byte of its record in the shard. */
  offset: number
  /** Of the image as stored. */
  bytes: number
  /** As uploaded, upright. */
  height: number
  width: number
  /** 16 hexadecimal digits of the hash of its pixels as stored. */
  sha256: string
  /** 16 hexadecimal digits: a perceptual hash, in which similar images differ by few bits. */
  dhash: string
  /** What the upload says of it beside its label, as a JSON object of texts; empty if that is nothing. */
  fields: string
}

type ColumnName = keyof ImageIndexRow

const columnTypes: Readonly<Record<ColumnName, () => DataType>> = {
  source: () => new Utf8(),
  label: () => new Int32(),
  shard: () => new Int32(),
  offset: () => new Float64(),
  bytes: () => new Int32(),
  height: () => new Int32(),
  width: () => new Int32(),
  sha256: () => new Utf8(),
  dhash: () => new Utf8(),
  fields: () => new Utf8(),
}
/** An index of images without fields has no column for them, as those of earlier versions. */
const withFields = Object.keys(columnTypes) as ColumnName[]
const withoutFields = withFields.filter(name => name !== 'fields')

/** All batches but the last have as many rows, so that a row is found by its number. */
const batchRows = 8192

/** Writes rows in order, and holds one batch of them. */
export class ImageIndexWriter {
  private readonly columnNames: readonly ColumnName[]
  private readonly schema: Schema
  private readonly fieldsHash = createHash('sha256')
  private readonly writer = new RecordBatchFileWriter()
  private readonly written: Promise<{ bytes: number; sha256: string }>
  private rows: ImageIndexRow[] = []
  private records = 0

  constructor(folder: string, { hasFields }: { hasFields: boolean }) {
    this.columnNames = hasFields ? withFields : withoutFields
    this.schema = new Schema(
      this.columnNames.map(name => new Field(name, columnTypes[name](), false)),
    )
    const descriptor = openSync(join(folder, imageIndexName), 'wx')
    this.written = drain(this.writer, descriptor).finally(() => closeSync(descriptor))
    // the caller may fail before it asks for the result
    this.written.catch(() => {})
    this.writer.reset(undefined, this.schema)
  }

  add(row: ImageIndexRow): void {
    this.rows.push(row)
    this.fieldsHash.update(`${row.fields}\n`)
    this.records++
    if (this.rows.length === batchRows) this.flush()
  }

  /** A hash of the fields of all images in their order. Call it once. */
  hashFields(): string {
    return this.fieldsHash.digest('hex')
  }

  async close(): Promise<Shard> {
    if (this.rows.length > 0) this.flush()
    this.writer.finish()
    return { name: imageIndexName, records: this.records, ...(await this.written) }
  }

  private flush(): void {
    const children = this.columnNames.map(name => {
      const values = this.rows.map(row => row[name])
      return vectorFromArray(values as never[], columnTypes[name]()).data[0]!
    })
    const struct = makeData({
      type: new Struct(this.schema.fields),
      length: this.rows.length,
      nullCount: 0,
      children,
    })
    this.writer.write(new RecordBatch(this.schema, struct))
    this.rows = []
  }
}

/** Writes the bytes as they come. */
async function drain(chunks: AsyncIterable<Uint8Array>, descriptor: number) {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    for (let at = 0; at < chunk.length; ) {
      at += writeSync(descriptor, chunk, at, chunk.length - at, bytes + at)
    }
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** The index of a data set, read in batches. */
export interface ImageIndex {
  readonly records: number
  readonly hasFields: boolean
  /** The rows from `first` on, at most `count`. */
  rows(first?: number, count?: number): AsyncGenerator<ImageIndexRow, void>
  /** The values of one column of numbers in all rows. */
  numbers(
    column: 'label' | 'shard' | 'offset' | 'bytes' | 'height' | 'width',
  ): Promise<Float64Array>
  close(): Promise<void>
}

/** Opens an index at a path. Throws if the file is no index. */
export async function openImageIndex(path: string): Promise<ImageIndex> {
  const file = await open(path)
  try {
    return await openReader(file, path)
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The label of each image. */
export async function readIndexLabels(path: string): Promise<Uint32Array> {
  const index = await openImageIndex(path)
  try {
    return Uint32Array.from(await index.numbers('label'))
  } finally {
    await index.close()
  }
}

async function openReader(file: FileHandle, path: string): Promise<ImageIndex> {
  const reader = (await RecordBatchReader.from(file)) as AsyncRecordBatchFileReader
  await reader.open()
  const found = reader.schema.fields.map(({ name }) => name)
  const hasFields = found.join() === withFields.join()
  if (!hasFields && found.join() !== withoutFields.join()) {
    throw new Error(`${path} is no index of images: it has the columns ${found.join(', ')}`)
  }
  const batches = reader.numRecordBatches
  const batchAt = async (index: number) => {
    const batch = await reader.readRecordBatch(index)
    if (!batch) throw new Error(`${path} has no batch ${index}`)
    return batch
  }
  const last = batches > 0 ? (await batchAt(batches - 1)).numRows : 0
  const records = Math.max(0, batches - 1) * batchRows + last
  return {
    records,
    hasFields,
    async *rows(first = 0, count = records) {
      const end = Math.min(records, first + count)
      for (let row = first; row < end; ) {
        const batch = await batchAt(Math.floor(row / batchRows))
        const start = row - (row % batchRows)
        for (; row < Math.min(end, start + batch.numRows); row++) {
          yield rowOf(batch, row - start)
        }
      }
    },
    async numbers(column) {
      const values = new Float64Array(records)
      for (let index = 0; index < batches; index++) {
        const batch = await batchAt(index)
        values.set(batch.getChild(column)!.toArray(), index * batchRows)
      }
      return values
    },
    close: () => file.close(),
  }
}

const rowOf = (batch: RecordBatch, index: number): ImageIndexRow =>
  Object.fromEntries(
    withFields.map(name => [name, batch.getChild(name)?.get(index) ?? '']),
  ) as unknown as ImageIndexRow

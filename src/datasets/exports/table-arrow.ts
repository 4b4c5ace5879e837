import { setImmediate } from 'node:timers/promises'
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
  RecordBatchFileWriter,
  Schema,
  Struct,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow'
import type { TableManifest } from '../../spec/dataset.js'
import {
  type BatchRows,
  readBatches,
  type StoredColumn,
  storedColumns,
} from '../stored/stored-columns.js'
import type { StoredDataset } from '../stored/stored-dataset.js'

interface ArrowColumn {
  stored: StoredColumn
  field: Field
  dictionary: Vector | undefined
}

/** A table as one Arrow IPC file (Feather 2), with the types of the stored ones. */
export async function* tableArrow(
  dataset: StoredDataset<TableManifest>,
): AsyncGenerator<Uint8Array> {
  const { manifest } = dataset
  const textColumns = manifest.columns.filter(({ type }) => type === 'text').map(({ name }) => name)
  const metadata = new Map([['trainyard.textColumns', JSON.stringify(textColumns)]])
  const writer = new RecordBatchFileWriter()
  const chunks = new ReadyChunks(writer)
  let columns: ArrowColumn[] | undefined
  let schema: Schema | undefined
  for (const batch of readBatches(dataset, { first: 0, end: manifest.records })) {
    columns ??= storedColumns(manifest).map((column, index) => arrowColumn(column, index, batch))
    schema ??= new Schema(
      columns.map(({ field }) => field),
      metadata,
    )
    writer.write(new RecordBatch(schema, structOf(columns, batch, schema)))
    yield* chunks.ready()
  }
  writer.finish()
  yield* chunks.rest()
}

/** What the writer has made so far. Its queue has no limit, so it is emptied after each batch. */
class ReadyChunks {
  private readonly chunks: AsyncIterator<Uint8Array>
  private next: Promise<IteratorResult<Uint8Array>>

  constructor(writer: AsyncIterable<Uint8Array>) {
    this.chunks = writer[Symbol.asyncIterator]()
    this.next = this.chunks.next()
  }

  async *ready(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const result = await Promise.race([this.next, setImmediate(null)])
      if (result === null || result.done) return
      yield result.value
      this.next = this.chunks.next()
    }
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const result = await this.next
      if (result.done) return
      yield result.value
      this.next = this.chunks.next()
    }
  }
}

function arrowColumn(stored: StoredColumn, index: number, batch: BatchRows): ArrowColumn {
  const { column } = stored
  if (column.type === 'category') {
    const dictionary = vectorFromArray(column.categories, new Utf8())
    const type = new Dictionary(new Utf8(), new Int32(), index)
    return { stored, field: new Field(column.name, type, true), dictionary }
  }
  const isFloat32 = batch.values(stored, 0) instanceof Float32Array
  const type: DataType = isFloat32 ? new Float32() : new Float64()
  return { stored, field: new Field(column.name, type, true), dictionary: undefined }
}

const structOf = (columns: readonly ArrowColumn[], batch: BatchRows, schema: Schema) =>
  makeData({
    type: new Struct(schema.fields),
    length: batch.rows,
    nullCount: 0,
    children: columns.map(column => dataOf(column, batch)),
  })

/** Missing is null. */
function dataOf({ stored, field, dictionary }: ArrowColumn, batch: BatchRows): Data {
  const values = batch.values(stored)
  const validity = new Uint8Array(Math.ceil(values.length / 8)).fill(0xff)
  let nullCount = 0
  for (const [i, value] of values.entries()) {
    const isMissing = dictionary ? value < 0 : Number.isNaN(value)
    if (!isMissing) continue
    validity[i >> 3]! &= ~(1 << (i & 7))
    nullCount++
  }
  return makeData({
    type: field.type,
    length: values.length,
    nullCount,
    data: values,
    nullBitmap: nullCount > 0 ? validity : undefined,
    dictionary,
  } as Parameters<typeof makeData>[0])
}

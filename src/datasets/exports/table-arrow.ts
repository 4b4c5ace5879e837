import { setImmediate } from 'node:timers/promises'
import { makeData, RecordBatch, RecordBatchFileWriter, Schema, Struct } from 'apache-arrow'
import type { TableManifest } from '../../spec/dataset.js'
import {
  type BatchRows,
  readBatches,
  type StoredColumn,
  storedColumns,
} from '../stored/stored-columns.js'
import type { StoredDataset } from '../stored/stored-dataset.js'
import { ColumnBuilder } from '../tables/columns/column-builder.js'

interface ArrowColumn {
  stored: StoredColumn
  builder: ColumnBuilder
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
      columns.map(({ builder }) => builder.field),
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
  const isFloat32 = batch.values(stored, 0) instanceof Float32Array
  const storage = column.type === 'category' ? 'codes' : isFloat32 ? 'float32' : 'float64'
  return { stored, builder: new ColumnBuilder({ column, storage }, index) }
}

const structOf = (columns: readonly ArrowColumn[], batch: BatchRows, schema: Schema) =>
  makeData({
    type: new Struct(schema.fields),
    length: batch.rows,
    nullCount: 0,
    children: columns.map(({ stored, builder }) => {
      builder.startBatch(batch.rows)
      for (const [row, value] of batch.values(stored).entries()) builder.set(row, value)
      return builder.finishBatch(batch.rows)
    }),
  })

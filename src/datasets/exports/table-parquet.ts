import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { TableManifest } from '../../spec/dataset.js'
import {
  type BatchRows,
  readBatches,
  type StoredColumn,
  storedColumns,
} from '../stored/stored-columns.js'
import type { StoredDataset } from '../stored/stored-dataset.js'

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

/** A table as Parquet, one row group for each batch of at most 65,536 rows; categories have dictionaries. */
export async function* tableParquet(dataset: StoredDataset<TableManifest>): AsyncGenerator<Buffer> {
  const { manifest } = dataset
  const columns = storedColumns(manifest)
  const textColumns = manifest.columns.filter(({ type }) => type === 'text').map(({ name }) => name)
  const writer = new ByteWriter()
  let parquet: ParquetWriter | undefined
  for (const batch of readBatches(dataset, { first: 0, end: manifest.records })) {
    parquet ??= new ParquetWriter({
      writer,
      schema: [
        { name: 'table', num_children: columns.length },
        ...columns.map(column => elementOf(column, batch)),
      ],
      createdBy: 'trainyard',
      kvMetadata: [{ key: 'trainyard.textColumns', value: JSON.stringify(textColumns) }],
    })
    const columnData = columns.map(column => ({
      name: column.column.name,
      data: cellsOf(column, batch),
      ...(column.column.type === 'category' && { encoding: 'RLE_DICTIONARY' as const }),
    }))
    await parquet.write({ columnData, rowGroupSize: batch.rows })
    yield take(writer)
  }
  await parquet?.finish()
  yield take(writer)
}

/** The bytes that were written since the last call. */
function take(writer: ByteWriter): Buffer {
  const bytes = Buffer.from(writer.getBytes())
  writer.index = 0
  return bytes
}

function elementOf(column: StoredColumn, batch: BatchRows): SchemaElement {
  const { name, type } = column.column
  const element = { name, repetition_type: 'OPTIONAL' as const }
  switch (type) {
    case 'category':
      return { ...element, type: 'BYTE_ARRAY', converted_type: 'UTF8' }
    case 'boolean':
      return { ...element, type: 'BOOLEAN' }
    case 'integer':
      return { ...element, type: 'INT64' }
    case 'number':
      return { ...element, type: isFloat32(column, batch) ? 'FLOAT' : 'DOUBLE' }
  }
}

const isFloat32 = (column: StoredColumn, batch: BatchRows) =>
  batch.values(column, 0) instanceof Float32Array

/** Missing is null. */
function cellsOf({ column, ...place }: StoredColumn, batch: BatchRows): unknown[] {
  const values = batch.values({ column, ...place })
  const cells: unknown[] = new Array(values.length)
  for (const [i, value] of values.entries()) {
    if (column.type === 'category') cells[i] = column.categories[value] ?? null
    else if (Number.isNaN(value)) cells[i] = null
    else if (column.type === 'boolean') cells[i] = value !== 0
    else cells[i] = column.type === 'integer' ? BigInt(value) : value
  }
  return cells
}

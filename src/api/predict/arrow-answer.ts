// Only the prediction thread imports this: the library takes a while to load.
import {
  type DataType,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Utf8,
} from 'apache-arrow'
import type { Numbers, PredictionField } from '../../predictions/fields.js'
import { flatFields, type PredictionTable } from './prediction-table.js'

/**
 * Predictions as an Arrow IPC stream of one batch, with the types that the numbers have. Lists are of fixed size; the
 * metadata of the schema has what JSON has beside the predictions.
 */
export function writeArrow(table: PredictionTable): Uint8Array {
  const columns = flatFields(table).map(field => ({ name: field.name, data: dataOf(field) }))
  const fields = columns.map(({ name, data }) => new Field(name, data.type, true))
  const schema = new Schema(fields, new Map([['trainyard', JSON.stringify(table.head)]]))
  const rows = makeData({
    type: new Struct(fields),
    length: table.count,
    nullCount: 0,
    children: columns.map(({ data }) => data),
  })
  return RecordBatchStreamWriter.writeAll([new RecordBatch(schema, rows)]).toUint8Array(true)
}

function dataOf({ values, items, texts }: PredictionField) {
  const entries = texts ? textData(values, texts) : numberData(values)
  if (!items) return entries
  const child = new Field('item', entries.type as DataType, true)
  return makeData({
    type: new FixedSizeList(items.length, child),
    length: values.length / items.length,
    nullCount: 0,
    child: entries,
  })
}

function numberData(values: Numbers) {
  const { length } = values
  if (values instanceof Float32Array)
    return makeData({ type: new Float32(), length, nullCount: 0, data: values })
  if (values instanceof Float64Array)
    return makeData({ type: new Float64(), length, nullCount: 0, data: values })
  return makeData({ type: new Int32(), length, ...validityOf(values), data: values })
}

/** Negative indices mean that there is none. */
function validityOf(indices: Numbers) {
  const nullBitmap = new Uint8Array(Math.ceil(indices.length / 8))
  let nullCount = 0
  for (const [row, index] of indices.entries()) {
    if (index < 0) nullCount++
    else nullBitmap[row >> 3]! |= 1 << (row & 7)
  }
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap }
}

function textData(indices: Numbers, texts: readonly string[]) {
  const encoded = texts.map(text => Buffer.from(text))
  const { length } = indices
  const valueOffsets = new Int32Array(length + 1)
  for (let row = 0; row < length; row++) {
    valueOffsets[row + 1] = valueOffsets[row]! + (encoded[indices[row]!]?.length ?? 0)
  }
  const data = Buffer.alloc(valueOffsets[length]!)
  for (let row = 0; row < length; row++) encoded[indices[row]!]?.copy(data, valueOffsets[row])
  return makeData({ type: new Utf8(), length, ...validityOf(indices), valueOffsets, data })
}

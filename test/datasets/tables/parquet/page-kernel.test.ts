import assert from 'node:assert/strict'
import test from 'node:test'
import { type ColumnSource as Column, parquetWriteBuffer } from 'hyparquet-writer'
import { defaultLimits } from '../../../../src/datasets/limits.js'
import type {
  ColumnBatch,
  ColumnValues,
} from '../../../../src/datasets/tables/columns/column-batch.js'
import { textRange } from '../../../../src/datasets/tables/columns/prepared-values.js'
import type { ByteSource } from '../../../../src/datasets/tables/csv.js'
import { PageKernel } from '../../../../src/datasets/tables/parquet/page-kernel.js'
import { openParquet } from '../../../../src/datasets/tables/parquet/parquet-source.js'

const rows = 150_000
const cells = <Cell>(cell: (row: number) => Cell) =>
  Array.from({ length: rows }, (_, row) => cell(row))
/** Some rows in a row, and single ones. */
const isNull = (row: number) => row % 7 === 3 || (row > 20_000 && row < 45_000) || row > 149_990
const withNulls = <Cell>(cell: (row: number) => Cell) =>
  cells(row => (isNull(row) ? null : cell(row)))

const columnData: Column[] = [
  { name: 'x', data: cells(row => row / 7), type: 'DOUBLE', nullable: false },
  { name: 'x with nulls', data: withNulls(row => row / 7), type: 'DOUBLE' },
  { name: 'few', data: cells(row => (row % 90) / 8), type: 'DOUBLE' },
  { name: 'few with nulls', data: withNulls(row => (row % 900) / 8), type: 'DOUBLE' },
  { name: 'single', data: withNulls(row => Math.fround(row / 3)), type: 'FLOAT' },
  { name: 'i', data: withNulls(row => row - 1000), type: 'INT32' },
  { name: 'u', data: cells(row => row), type: 'INT32', converted_type: 'UINT_32' } as Column,
  { name: 'long', data: withNulls(row => BigInt(row) * -(2n ** 40n)), type: 'INT64' },
  { name: 'flag', data: withNulls(row => row % 3 === 0), type: 'BOOLEAN', encoding: 'PLAIN' },
  { name: 'kind', data: cells(row => `kind ${row % 11}`), type: 'STRING' },
  { name: 'kind with nulls', data: withNulls(row => `kind ${(row >> 4) % 300}`), type: 'STRING' },
  { name: 'text', data: withNulls(row => `text ${row}`), type: 'STRING' },
]

function sourceOf(content: Buffer): ByteSource {
  return {
    name: 't.parquet',
    size: content.length,
    read: (offset, length) => content.subarray(offset, offset + length),
    readInto: (offset, bytes) => bytes.set(content.subarray(offset, offset + bytes.length)),
  }
}

function valuesOf(column: ColumnValues, count: number): (number | string | null)[] {
  return Array.from({ length: count }, (_, row) => {
    if (column.valid && column.valid[row] === 0) return null
    if (column.kind === 'numbers') return Number(column.values[row])
    const { bytes, start, end } = textRange(column, row)
    return bytes.toString('utf8', start, end)
  })
}

for (const codec of ['SNAPPY', 'UNCOMPRESSED'] as const) {
  test(`the kernels read pages as they are read one value at a time: ${codec}`, () => {
    const content = Buffer.from(
      parquetWriteBuffer({ columnData, codec, rowGroupSize: 100_000, pageSize: 60_000 }),
    )
    const plain = openParquet([sourceOf(content)], { types: [] }, defaultLimits)
    const quick = openParquet([sourceOf(content)], { types: [] }, defaultLimits, new PageKernel())
    assert.equal(plain.isQuick, false)
    for (let pass = 0; pass < 2; pass++) {
      const expected = plain.batches() as Generator<ColumnBatch>
      for (const batch of quick.batches() as Generator<ColumnBatch>) {
        const wanted = expected.next().value as ColumnBatch
        assert.deepEqual([batch.firstRow, batch.rows], [wanted.firstRow, wanted.rows])
        for (const [at, column] of batch.columns.entries()) {
          const { name } = quick.columns[at]!
          const { buffer } =
            column.kind === 'dictionary'
              ? column.codes
              : column.kind === 'numbers'
                ? column.values
                : column.texts.offsets
          assert.equal(buffer instanceof SharedArrayBuffer, name !== 'text', name)
          const [found, single] = [column, wanted.columns[at]!].map(each =>
            valuesOf(each, batch.rows),
          )
          assert.deepEqual(found, single, name)
        }
      }
      assert.ok(expected.next().done)
    }
  })
}

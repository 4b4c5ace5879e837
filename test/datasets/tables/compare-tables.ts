import assert from 'node:assert/strict'
import type { TableReader } from '../../../src/datasets/tables/table-reader.js'
import type { TableManifest } from '../../../src/spec/dataset.js'
import type { PythonTable } from './python-tables.js'

/** Throws if a stored column has other values than Python read. Columns of text are not stored. */
export function assertSameValues(
  { table, reader }: { table: TableManifest; reader: TableReader },
  expected: PythonTable,
): void {
  assert.deepEqual(
    table.columns.map(({ name }) => name),
    Object.keys(expected),
  )
  for (const column of table.columns) {
    const values = expected[column.name]!
    assert.equal(column.missing, values.filter(value => value === null).length, column.name)
    if (column.type === 'text') continue
    const stored = [...reader.exactColumn(column.name)]
    const read = stored.map(value => {
      if (column.type === 'category') return column.categories[value] ?? null
      return Number.isNaN(value) ? null : value
    })
    // six digits are kept in float32
    const isRounded = stored.every(value => Number.isNaN(value) || Math.fround(value) === value)
    const wanted = values.map(value =>
      typeof value === 'number' && isRounded ? Math.fround(value) : value,
    )
    assert.deepEqual(read, wanted, column.name)
  }
}

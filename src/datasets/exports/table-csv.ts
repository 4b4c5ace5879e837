import type { TableManifest } from '../../spec/dataset.js'
import {
  type BatchRows,
  cellOf,
  readBatches,
  type StoredColumn,
  storedColumns,
} from '../stored/stored-columns.js'
import type { StoredDataset } from '../stored/stored-dataset.js'

/** Characters of one part. */
const partChars = 1 << 18

/**
 * A table as CSV (RFC 4180), as an upload reads it. Names and categories are in quotes, so that `NA` in quotes is a
 * category and an empty field is missing.
 */
export async function* tableCsv(dataset: StoredDataset<TableManifest>): AsyncGenerator<Buffer> {
  const columns = storedColumns(dataset.manifest)
  // a line without characters would be no row
  const missing = columns.length === 1 ? 'NA' : ''
  let text = `${columns.map(({ column }) => quote(column.name)).join(',')}\r\n`
  for (const batch of readBatches(dataset, { first: 0, end: dataset.manifest.records })) {
    const writers = columns.map(column => cellWriter(column, batch, missing))
    for (let row = 0; row < batch.rows; row++) {
      for (const [i, write] of writers.entries()) text += i === 0 ? write(row) : `,${write(row)}`
      text += '\r\n'
      if (text.length < partChars) continue
      yield Buffer.from(text)
      text = ''
    }
  }
  yield Buffer.from(text)
}

function cellWriter(column: StoredColumn, batch: BatchRows, missing: string) {
  const values = batch.values(column)
  const isFloat32 = values instanceof Float32Array
  const categories = column.column.type === 'category' ? column.column.categories.map(quote) : null
  return (row: number): string => {
    const value = values[row]!
    if (categories) return categories[value] ?? missing
    const cell = cellOf(column, value, isFloat32)
    if (cell === null) return missing
    return Object.is(cell, -0) ? '-0' : String(cell)
  }
}

const quote = (text: string) => `"${text.replaceAll('"', '""')}"`

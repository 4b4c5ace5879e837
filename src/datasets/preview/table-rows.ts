import type { Cell, TableManifest } from '../../spec/dataset.js'
import { cellOf, readBatches, storedColumns } from '../stored/stored-columns.js'
import type { StoredDataset } from '../stored/stored-dataset.js'
import type { RowPage } from './preview-tasks.js'

/** Rows with these columns, in the order of the columns. */
export function readRows(
  dataset: StoredDataset<TableManifest>,
  input: { columns: readonly string[]; from: number; limit: number },
): RowPage {
  const { from, limit } = input
  const wanted = new Set(input.columns)
  const columns = storedColumns(dataset.manifest).filter(({ column }) => wanted.has(column.name))
  const rows: Record<string, Cell>[] = []
  for (const batch of readBatches(dataset, { first: from, end: from + limit })) {
    const start = rows.length
    // without a prototype, a column may have any name
    for (let i = 0; i < batch.rows; i++) rows.push(Object.create(null))
    for (const column of columns) {
      const values = batch.values(column)
      const isFloat32 = values instanceof Float32Array
      for (const [i, value] of values.entries()) {
        rows[start + i]![column.column.name] = cellOf(column, value, isFloat32)
      }
    }
  }
  return { rows }
}

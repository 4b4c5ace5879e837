import type { ColumnBatch, ColumnSource, ColumnValues } from '../../tables/columns/column-batch.js'
import { dictionaryValues } from '../../tables/columns/prepared-values.js'
import { type TableView, viewBatches } from './table-view.js'
import type { ViewBatch, ViewColumn } from './view-column.js'

/** The rows of a view, split by split, as files with typed columns would give them. */
export function viewSource(view: TableView): ColumnSource {
  const { columns, splitNames, source } = view
  return {
    columns: columns.map(({ name, sourceType }) => ({ name, type: sourceType })),
    notes: [],
    *batches(): Generator<ColumnBatch> {
      let firstRow = 0
      for (let split = 0; split < Math.max(1, splitNames.length); split++) {
        const name = splitNames[split]
        for (const batch of viewBatches(view)) {
          const rows = rowsOf(view, batch, split)
          if (rows.length === 0) continue
          yield {
            file: source.manifest.name,
            firstRow,
            rows: rows.length,
            ...(name !== undefined && { split: name }),
            columns: columns.map(column => readRows(column, batch, rows)),
          }
          firstRow += rows.length
        }
      }
    },
  }
}

/** The rows of a batch that are in a split. */
function rowsOf({ splits }: TableView, { firstRow, rows }: ViewBatch, split: number): Int32Array {
  const found = new Int32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row++) if (splits[firstRow + row] === split) found[count++] = row
  return found.subarray(0, count)
}

function readRows(column: ViewColumn, batch: ViewBatch, rows: Int32Array): ColumnValues {
  const all = column.read(batch)
  const { dictionary } = column
  if (!dictionary) {
    const values =
      all instanceof Float32Array
        ? Float32Array.from(rows, row => all[row]!)
        : Float64Array.from(rows, row => all[row]!)
    return { kind: 'numbers', values, valid: null }
  }
  const codes = Int32Array.from(rows, row => all[row]!)
  return dictionaryValues(codes, dictionary)
}

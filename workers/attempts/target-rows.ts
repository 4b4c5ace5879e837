import type { TableReader } from '../../src/datasets/tables/table-reader.js'
import type { TableColumn } from '../../src/spec/dataset.js'

/** 1 for each row that has a target, else 0; null if every row has one. A row without a target teaches nothing. */
export function rowsWithTarget(
  reader: TableReader,
  { name, missing }: TableColumn,
): Uint8Array | null {
  if (missing === 0) return null
  return Uint8Array.from(reader.column(name), value => (Number.isNaN(value) ? 0 : 1))
}

/** The positions of the rows of a mask, of `rows` in all; without a mask, all of them. */
export function selectedRows(mask: Uint8Array | null, rows: number): Int32Array {
  const positions = Int32Array.from({ length: rows }, (_, row) => row)
  return mask ? positions.filter(row => mask[row] !== 0) : positions
}

/** Spreads a mask of the selected rows over all rows: 0 for rows that are not selected. */
export function spreadMask(mask: Uint8Array, selected: Uint8Array | null): Uint8Array {
  if (!selected) return mask
  let at = 0
  return selected.map(flag => (flag === 0 ? 0 : mask[at++]!))
}

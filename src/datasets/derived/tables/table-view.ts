import { join } from 'node:path'
import type { TableManifest } from '../../../spec/dataset.js'
import { ArrowShard } from '../../tables/arrow-shard.js'
import type { SourceDataset } from '../source-dataset.js'
import { storedViewColumns, type ViewBatch, type ViewColumn } from './view-column.js'

/** The split of a row that is left out. */
export const leftOutRow = 255

/** What the steps so far make of a stored table. Rows keep their order within a split. */
export interface TableView {
  source: SourceDataset<TableManifest>
  columns: ViewColumn[]
  /** The column to predict. */
  target: string | null
  /** The split of each row of the source: an index into `splitNames`, 0 without splits, or `leftOutRow`. */
  splits: Uint8Array
  /** Empty without splits. */
  splitNames: string[]
}

export function viewAll(source: SourceDataset<TableManifest>): TableView {
  const { columns, target, shards, records, splits = [] } = source.manifest
  const splitNames = splits.map(({ name }) => name)
  const rows = new Uint8Array(records)
  let first = 0
  for (const { split, records: count } of shards) {
    rows.fill(split === undefined ? 0 : splitNames.indexOf(split), first, first + count)
    first += count
  }
  return { source, columns: storedViewColumns(columns), target, splits: rows, splitNames }
}

/** All rows of the source, a batch at a time. */
export function* viewBatches({ source }: TableView): Generator<ViewBatch> {
  let firstRow = 0
  for (const { name } of source.manifest.shards) {
    using shard = new ArrowShard(join(source.folder, name))
    for (const batch of shard.batches()) {
      const { rows } = batch
      yield { shard, batch, firstRow, rows }
      firstRow += rows
    }
  }
}

export const isKept = (split: number): boolean => split !== leftOutRow

export const countRows = ({ splits }: TableView): number =>
  splits.reduce((count, split) => count + (isKept(split) ? 1 : 0), 0)

/** The values of a column in the rows that are kept. */
export function keptValues(view: TableView, column: ViewColumn): Float64Array {
  const values = new Float64Array(countRows(view))
  let at = 0
  for (const batch of viewBatches(view)) {
    const read = column.read(batch)
    for (let row = 0; row < batch.rows; row++) {
      if (isKept(view.splits[batch.firstRow + row]!)) values[at++] = read[row]!
    }
  }
  return values
}

/** Leaves out the kept rows for which `keep` is 0, by their order. */
export function withKept(view: TableView, keep: ArrayLike<number>): TableView {
  let at = 0
  const splits = view.splits.map(split => (isKept(split) && keep[at++] === 0 ? leftOutRow : split))
  return withoutEmptySplits({ ...view, splits })
}

/** Drops the names of splits without rows. A single split is none. */
export function withoutEmptySplits(view: TableView): TableView {
  const { splits, splitNames } = view
  const counts = new Array<number>(256).fill(0)
  for (const split of splits) counts[split]!++
  const kept = splitNames.filter((_, split) => counts[split]! > 0)
  if (kept.length === splitNames.length) return view
  const names = kept.length < 2 ? [] : kept
  const indices = splitNames.map(name => Math.max(0, names.indexOf(name)))
  return {
    ...view,
    splitNames: names,
    splits: splits.map(split => (isKept(split) ? indices[split]! : split)),
  }
}

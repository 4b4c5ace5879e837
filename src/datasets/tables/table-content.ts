import type { Shard, TableManifest } from '../../spec/dataset.js'
import { datasetIdOf } from '../dataset-id.js'
import { isPlain } from './cell-format.js'
import type { DescribedTable } from './described-table.js'

/** The part of a manifest that follows from the content. */
export type TableContent = Omit<TableManifest, 'name' | 'createdAt'>

/** The id is a hash of columns, rows and target, not of the files, so equal content gets equal ids, however it was written. */
export function tableContent(table: DescribedTable, shards: Shard[]): TableContent {
  const { rows: records, target, sample, cellFormat, notes } = table
  const columns = table.columns.map(({ column }) => column)
  const content = { kind: 'table' as const, records, columns, target, sample, shards }
  return {
    id: datasetIdOf([1, content]),
    ...content,
    ...(!isPlain(cellFormat) && { cellFormat }),
    notes,
  }
}

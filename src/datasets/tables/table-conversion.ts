import { createHash } from 'node:crypto'
import type { TableManifest } from '../../spec/dataset.js'
import type { ConversionInput } from '../conversion-input.js'
import { isPlain } from './cell-format.js'
import type { TableForm } from './table-form.js'
import { openTableSource } from './table-source.js'
import { writeTable } from './table-writer.js'

/**
 * Reads the files twice: first to derive types and categories from all rows, then to write the rows.
 * The id is a hash of columns, rows and target, not of the files, so equal content gets equal ids, however it was written.
 */
export function convertTable({
  files,
  form,
  folder,
  limits,
}: ConversionInput<TableForm>): Omit<TableManifest, 'name' | 'createdAt'> {
  const source = openTableSource(files, form, limits)
  const shards = writeTable(source, folder)
  const { rows: records, target, sample, cellFormat, notes } = source
  const columns = source.columns.map(({ column }) => column)
  const content = { kind: 'table' as const, records, columns, target, sample, shards }
  const hash = createHash('sha256').update(JSON.stringify([1, content]))
  return {
    id: `ds-${hash.digest('hex').slice(0, 16)}`,
    ...content,
    ...(!isPlain(cellFormat) && { cellFormat }),
    notes,
  }
}

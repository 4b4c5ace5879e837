import type { ConversionInput } from '../conversion-input.js'
import { openCsvTable } from './csv-table.js'
import { FileHasher } from './hashing/file-hasher.js'
import { type TableContent, tableContent } from './table-content.js'
import type { TableForm } from './table-form.js'
import { TableWriter } from './table-writer.js'

/** Reads CSV files twice: first to derive types and categories from all rows, then to write the rows. */
export function convertTable({
  files,
  form,
  folder,
  scratch,
  limits,
  problems,
}: ConversionInput<TableForm>): TableContent {
  using hasher = new FileHasher(files.reduce((sum, { size }) => sum + size, 0))
  const table = openCsvTable(files, form, limits, scratch, problems)
  using writer = new TableWriter(folder, table.columns, hasher)
  table.write(writer)
  return tableContent(table, writer.close())
}

import { join } from 'node:path'
import type { ConversionInput } from '../conversion-input.js'
import { CellParser } from './cell-parser.js'
import { spooled } from './columns/batch-spool.js'
import type { ColumnSource } from './columns/column-batch.js'
import { storedColumns } from './columns/column-builder.js'
import { ColumnFiller } from './columns/column-filler.js'
import type { DescribedTable } from './described-table.js'
import { FileHasher } from './hashing/file-hasher.js'
import { type TableContent, tableContent } from './table-content.js'
import type { TableForm } from './table-form.js'
import { TableWriter } from './table-writer.js'
import { describeUsable } from './typed-table.js'

interface ConvertOptions {
  /** True to keep the decoded columns in the folder for temporary files, since reading them again takes long. */
  spools?: boolean
}

/** Reads typed files twice: first to describe the columns by all of their values, then to write the rows. */
export async function convertColumns(
  { files, form, folder, scratch, limits, report, problems }: ConversionInput<TableForm>,
  given: ColumnSource,
  { spools = false }: ConvertOptions = {},
): Promise<TableContent> {
  using hasher = new FileHasher(files.reduce((sum, { size }) => sum + size, 0))
  const all = spools ? spooled(given, join(scratch, 'columns')) : given
  const onRows = (done: number) => report({ phase: 'reading', unit: 'rows', done, total: null })
  const reading = { form, limits, file: files[0]!.name, onRows }
  const { source, table } = await describeUsable(all, reading, problems)
  using writer = new TableWriter(folder, table.columns, hasher)
  await writeRows(source, table, writer, done =>
    report({ phase: 'writing', unit: 'rows', done, total: table.rows }),
  )
  return tableContent(table, writer.close())
}

/** Reads the rows a second time, and writes them. */
export async function writeRows(
  source: ColumnSource,
  table: DescribedTable,
  writer: TableWriter,
  onRows: (rows: number) => void,
): Promise<void> {
  const cells = new CellParser(table.cellFormat)
  const stored = storedColumns(table.columns)
  const fillers = stored.map(
    (column, at) =>
      new ColumnFiller(column, source.columns[column.index]!.type, cells, writer.builders[at]!),
  )
  let done = 0
  for await (const { rows, columns, split } of source.batches()) {
    if (split !== undefined) writer.setSplit(split)
    for (const [at, filler] of fillers.entries()) filler.take(columns[stored[at]!.index]!, rows)
    for (let from = 0; from < rows; ) {
      const count = Math.min(rows - from, writer.room)
      for (const filler of fillers) filler.fill(writer.row, from, count)
      writer.advance(count)
      from += count
    }
    done += rows
    onRows(done)
  }
}

import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listNames, Notes } from '../../spec/notes.js'
import { openArchive } from '../archives/open-archive.js'
import { BlockWriter } from '../block-writer.js'
import type { ConversionInput } from '../conversion-input.js'
import { fileError, refuseFields } from '../errors.js'
import { FileProblems } from '../file-problems.js'
import { InputFile } from '../input-file.js'
import { plainFormat } from '../tables/cell-format.js'
import type { TableContent } from '../tables/table-content.js'
import { convertTable } from '../tables/table-conversion.js'
import type { TableForm } from '../tables/table-form.js'
import { locationOf, type SheetFacts, writeSheetCsv } from './sheet-csv.js'
import { chooseSheet, openWorkbook, type Sheet, type Workbook } from './workbook.js'

const comma = ','.charCodeAt(0)

/** One sheet of each workbook becomes a CSV file, so that its columns get names and types as those of CSV do. */
export async function convertWorkbooks(input: ConversionInput<TableForm>): Promise<TableContent> {
  const { files, form, scratch } = input
  if (form.dialect.delimiter !== undefined)
    refuseFields(['delimiter'], 'workbooks, whose cells are apart')
  const notes = new Notes()
  const sheets: InputFile[] = []
  try {
    for (const [index, file] of files.entries()) {
      const path = join(scratch, `sheet-${index}.csv`)
      const title = await writeSheet(file, path, input, notes)
      sheets.push(new InputFile(title, path))
    }
    const dialect = { ...form.dialect, delimiter: comma }
    const table = convertTable({ ...input, files: sheets, form: { ...form, dialect } })
    return { ...table, notes: [...notes.all, ...(table.notes ?? [])] }
  } finally {
    for (const sheet of sheets) sheet.close()
  }
}

/** Returns what the CSV file is called in messages about its lines. */
async function writeSheet(
  file: InputFile,
  path: string,
  { form, limits }: ConversionInput<TableForm>,
  notes: Notes,
): Promise<string> {
  const problems = new FileProblems()
  const { archive } = await openArchive(file, 'zip', limits, problems)
  problems.throwIfAny()
  const workbook = await openWorkbook(archive)
  const sheet = chooseSheet(workbook, form.sheet)
  const descriptor = openSync(path, 'w', 0o600)
  try {
    const output = new BlockWriter(bytes => writeFileSync(descriptor, bytes))
    // texts of the sheet may have the decimal sign of the form, so its numbers get it too
    const { decimal } = { ...plainFormat, ...form.cells }
    const options = { limits, decimal }
    const facts = await writeSheetCsv(workbook, sheet, options, text =>
      output.append(Buffer.from(text)),
    )
    output.flush()
    if (facts.rows === 0) {
      throw fileError('DATASET_EMPTY', locationOf(workbook, sheet), 'the sheet has no cells')
    }
    addNotes(workbook, sheet, facts, form, notes)
  } finally {
    closeSync(descriptor)
  }
  return `${file.name}, sheet ${JSON.stringify(sheet.name)} as CSV`
}

function addNotes(
  { file, sheets }: Workbook,
  sheet: Sheet,
  { errors, uncomputed, dates, mergedCells, hiddenRows, hiddenColumns }: SheetFacts,
  form: TableForm,
  notes: Notes,
): void {
  const others = sheets.filter(each => each !== sheet).map(({ name }) => name)
  const where = `sheet '${sheet.name}' of ${file}`
  if (others.length > 0 && form.sheet === null) {
    const message = `${where} is read, the first that is shown; ${listNames(others)} not: send sheet for another`
    notes.add('sheet_chosen', message)
  }
  const missing = [
    errors > 0 && `${errors} cells with an error such as #N/A`,
    uncomputed > 0 && `${uncomputed} formulas whose result is not stored`,
  ].filter(text => text !== false)
  if (missing.length > 0) {
    notes.add('cells_without_value', `in ${where}, ${missing.join(' and ')} are read as missing`)
  }
  if (dates > 0) {
    notes.add(
      'dates_written_out',
      `in ${where}, ${dates} dates and times are read as ISO 8601 texts`,
    )
  }
  if (mergedCells > 0) {
    const message = `${where} has ${mergedCells} merged areas: the value is in the first cell of each, the others are missing`
    notes.add('merged_cells', message)
  }
  if (hiddenRows + hiddenColumns > 0) {
    const message = `${hiddenRows} hidden rows and ${hiddenColumns} hidden columns of ${where} are read, too`
    notes.add('hidden_cells_read', message)
  }
}

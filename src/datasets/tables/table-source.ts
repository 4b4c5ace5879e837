import { FieldErrors } from '../../errors.js'
import type { Cell, CellFormat } from '../../spec/dataset.js'
import { type Note, Notes } from '../../spec/notes.js'
import { addFormError, fileError } from '../errors.js'
import type { InputFile } from '../input-file.js'
import { type DatasetLimits, maxInferredCategories } from '../limits.js'
import { isMissingMarker, parseBoolean } from './cell.js'
import { plainFormat } from './cell-format.js'
import { CellParser } from './cell-parser.js'
import { noteColumns, noteNamesAmongValues } from './columns/column-notes.js'
import { ColumnStatistics } from './columns/column-survey.js'
import { type TypedColumn, typeColumns } from './columns/column-types.js'
import { hasDecimalCommas, noteDecimalCommas } from './columns/decimal-commas.js'
import { explainTexts } from './columns/mixed-column.js'
import { CsvReader, type CsvRow, fieldText, quoteCell } from './csv.js'
import {
  type CsvDialect,
  checkFieldCount,
  inferDialect,
  parseColumnNames,
} from './dialect/csv-dialect.js'
import { checkForForeignText } from './dialect/foreign-text.js'
import type { TableForm } from './table-form.js'

/** The table that the files hold, after every row has been read and checked. */
export interface TableSource {
  rows: number
  columns: TypedColumn[]
  target: string | null
  sample: Cell[][]
  cellFormat: CellFormat
  notes: Note[]
  /** Reads all rows a second time. */
  forEachRow(onRow: (row: CsvRow) => void): void
}

/** Limits of the sample rows in a manifest. */
const maxSampleRows = 10
const maxSampleCells = 10_000
const maxSampleTextLength = 100

/** Limit over all columns, so that wide tables keep fewer values of each. */
const maxDistinctValues = 1_000_000

/** Texts of a column, and of all columns, that are kept to tell how they are written. */
const maxOtherTexts = 200
const maxAllOtherTexts = 20_000

/** The memory of the texts is checked each time so many bytes of rows have been read. */
const memoryCheckBytes = 4 * 2 ** 20

export function openTableSource(
  files: InputFile[],
  form: TableForm,
  limits: DatasetLimits,
): TableSource {
  for (const file of files) checkForForeignText(file)
  const notes = new Notes()
  const dialect = inferDialect(files[0]!, form.dialect, limits, { notes })
  const names = resolveColumnNames(files[0]!, dialect, form, limits)
  checkColumnNames(names, form)
  const forEachRow = (onRow: (row: CsvRow, file: string) => void) => {
    for (const file of files) forEachDataRow(file, dialect, names, limits, onRow)
  }
  const format = { ...plainFormat, ...form.cells }
  const survey = (cells: CellFormat) => surveyRows(names, form, limits, cells, forEachRow)
  let found = survey(format)
  if (form.cells.decimal === undefined && hasDecimalCommas(found.columnStats)) {
    found = survey({ ...format, decimal: ',' })
    noteDecimalCommas(names, found.columnStats, notes)
  }
  const { rows, columnStats, rawSample } = found
  if (rows === 0) {
    throw fileError('DATASET_EMPTY', { file: files[0]!.name }, 'there are no rows below the header')
  }
  const columns = typeColumns(names, columnStats, limits)
  if (columns.every(({ storage }) => storage === null))
    throw noUsableColumnsError(files[0]!, columns)
  checkTarget(columns, form.target)
  if (names.length === 1) {
    const message = `the table has only one column, '${names[0]}'; if there are more, send delimiter`
    notes.add('one_column', message, names)
  }
  if (dialect.header && form.dialect.header === undefined) noteNamesAmongValues(columns, notes)
  noteColumns(columns, rows, notes)
  const sample = rawSample.map(cells =>
    cells.map((cell, at) => parseSampleCell(columns[at]!, cell)),
  )
  const cellFormat = columnStats[0]!.cells.format
  return { rows, columns, target: form.target, sample, cellFormat, notes: notes.all, forEachRow }
}

interface RowSurvey {
  rows: number
  columnStats: ColumnStatistics[]
  rawSample: RawCell[][]
}

/** Reads every row, and collects the statistics of each column. */
function surveyRows(
  names: readonly string[],
  form: TableForm,
  limits: DatasetLimits,
  format: CellFormat,
  forEachRow: (onRow: (row: CsvRow, file: string) => void) => void,
): RowSurvey {
  const types = new Map(form.types)
  const maxDistinct = Math.min(maxInferredCategories, Math.floor(maxDistinctValues / names.length))
  const maxOthers = Math.min(maxOtherTexts, Math.ceil(maxAllOtherTexts / names.length))
  const cells = new CellParser(format)
  const columnStats = names.map((name, index) => {
    const type = types.get(name) ?? null
    const distinct = type === 'category' ? limits.categories : maxDistinct
    return new ColumnStatistics(index, type, distinct, cells, maxOthers)
  })
  const rawSample: RawCell[][] = []
  const sampleCount = Math.min(maxSampleRows, Math.floor(maxSampleCells / names.length))
  const checkMemory = createMemoryCheck(columnStats, limits)
  let rows = 0
  forEachRow((row, file) => {
    if (rows++ === limits.rows) {
      const detail = `the table has more than ${limits.rows} rows`
      throw fileError('DATASET_TOO_LARGE', { file, line: row.line }, detail)
    }
    for (let column = 0; column < columnStats.length; column++) columnStats[column]!.add(row, file)
    if (rawSample.length < sampleCount) rawSample.push(rawRow(row, names.length))
    checkMemory(row, file)
  })
  return { rows, columnStats, rawSample }
}

function resolveColumnNames(
  file: InputFile,
  dialect: CsvDialect,
  form: TableForm,
  limits: DatasetLimits,
): string[] {
  let names: string[] = []
  let fieldCount = 0
  new CsvReader(file, dialect.delimiter, limits).forEachRow(row => {
    fieldCount = row.fieldCount
    if (dialect.header) names = parseColumnNames(file.name, row, dialect.endsInDelimiter)
    else if (form.dialect.header === undefined) throw missingHeaderError(file, row)
    return false
  })
  if (fieldCount === 0)
    throw fileError('DATASET_EMPTY', { file: file.name }, 'there are no rows in it')
  if (dialect.header) return names
  const schemaNames = form.types.map(([name]) => name)
  return schemaNames.length === fieldCount
    ? schemaNames
    : Array.from({ length: fieldCount }, (_, at) => `column_${at + 1}`)
}

function missingHeaderError(file: InputFile, row: CsvRow) {
  const found = Array.from({ length: Math.min(row.fieldCount, 5) }, (_, at) => fieldText(row, at))
  const detail = `the first row, ${quoteCell(found.join(', '))}, has no names but values: give the columns names in a header, or send header=true or header=false`
  return fileError('DATASET_HEADER', { file: file.name, line: row.line }, detail)
}

/** Visits the rows of a file after its header. Throws if a row has another number of fields. */
function forEachDataRow(
  file: InputFile,
  dialect: CsvDialect,
  names: readonly string[],
  limits: DatasetLimits,
  onRow: (row: CsvRow, file: string) => void,
): void {
  let isHeaderRow = dialect.header
  new CsvReader(file, dialect.delimiter, limits).forEachRow(row => {
    checkFieldCount(file.name, row, names, dialect.endsInDelimiter)
    if (!isHeaderRow) return onRow(row, file.name)
    isHeaderRow = false
    const mismatch = names.findIndex((name, column) => fieldText(row, column) !== name)
    if (mismatch < 0) return
    const location = { file: file.name, line: row.line, column: mismatch + 1 }
    const detail = `the column is called ${quoteCell(fieldText(row, mismatch))}, expected ${quoteCell(names[mismatch]!)} as in the first file`
    throw fileError('DATASET_HEADER', location, detail)
  })
}

/** Throws DATASET_FORM if the form names columns that do not exist. */
function checkColumnNames(names: readonly string[], { types, target }: TableForm): void {
  const knownNames = new Set(names)
  const unknownColumn = (name: string) =>
    `names column ${quoteCell(name)}, which is none of ${quoteCell(names.slice(0, 20).join(', '))}`
  const errors = new FieldErrors()
  for (const [name] of types) {
    if (!knownNames.has(name)) addFormError(errors, 'schema', unknownColumn(name))
  }
  if (target !== null && !knownNames.has(target)) {
    addFormError(errors, 'target', unknownColumn(target))
  }
  errors.throwIfAny('DATASET_FORM')
}

function checkTarget(columns: readonly TypedColumn[], target: string | null): void {
  const found = columns.find(({ column }) => column.name === target)
  if (found?.column.type !== 'text') return
  const mixed = explainTexts(found.stats)
  const why = mixed
    ? `a column that was not read as numbers: ${mixed.reason}: ${mixed.cure}`
    : 'a column of free text: nothing can be learnt of it'
  const errors = new FieldErrors()
  addFormError(errors, 'target', `is ${quoteCell(target!)}, ${why}`)
  errors.throwIfAny('DATASET_FORM')
}

function noUsableColumnsError(file: InputFile, columns: readonly TypedColumn[]) {
  const reasons = columns.flatMap(({ column, stats }) => {
    const mixed = explainTexts(stats)
    return mixed ? [`${quoteCell(column.name)}: ${mixed.reason}: ${mixed.cure}`] : []
  })
  const detail = `all columns are free text: there is nothing to learn from; ${reasons[0] ?? 'if some are not, say so in schema'}`
  return fileError('DATASET_VALUE', { file: file.name }, detail)
}

/** Limits the memory that the texts of all columns take. */
function createMemoryCheck(
  columnStats: readonly ColumnStatistics[],
  { categoryBytes }: DatasetLimits,
) {
  let bytesSinceCheck = 0
  return ({ starts, ends, fieldCount, line }: CsvRow, file: string) => {
    bytesSinceCheck += ends[fieldCount - 1]! - starts[0]!
    if (bytesSinceCheck < memoryCheckBytes) return
    bytesSinceCheck = 0
    const totalBytes = columnStats.reduce((bytes, { values }) => bytes + values.bytes, 0)
    if (totalBytes <= categoryBytes) return
    const detail = `the categories of all columns take more than ${categoryBytes} bytes: say in schema which columns are "text"`
    throw fileError('DATASET_TOO_LARGE', { file, line }, detail)
  }
}

interface RawCell {
  text: string
  quoted: boolean
}

function rawRow(row: CsvRow, columns: number): RawCell[] {
  return Array.from({ length: columns }, (_, column) => ({
    text: row.bytes.toString(
      'utf8',
      row.starts[column]!,
      Math.min(row.ends[column]!, row.starts[column]! + 4 * maxSampleTextLength),
    ),
    quoted: row.quoted[column] === 1,
  }))
}

function parseSampleCell({ column, stats }: TypedColumn, { text, quoted }: RawCell): Cell {
  const { type } = column
  const bytes = Buffer.from(text)
  const end = bytes.length
  if (end === 0 || stats.isDeclaredMissing(bytes, 0, end)) return null
  if (type === 'category' || type === 'text') {
    if (!quoted && isMissingMarker(bytes, 0, end)) return null
    return [...text].slice(0, maxSampleTextLength).join('')
  }
  if (type === 'boolean') {
    const bool = parseBoolean(bytes, 0, end)
    return bool < 0 ? null : bool === 1
  }
  const { numbers } = stats.cells
  return numbers.parse(bytes, 0, end) ? numbers.value : null
}

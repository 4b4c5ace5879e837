import { join } from 'node:path'
import type { Cell, CellFormat, ColumnType } from '../../spec/dataset.js'
import { Notes } from '../../spec/notes.js'
import { fileError } from '../errors.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { ProblemList } from '../problem-list.js'
import { isMissing, isMissingMarker, parseBoolean } from './cell.js'
import { plainFormat } from './cell-format.js'
import { CellParser } from './cell-parser.js'
import { storedColumns } from './columns/column-builder.js'
import { noteColumns, noteNamesAmongValues } from './columns/column-notes.js'
import { ColumnStatistics } from './columns/column-survey.js'
import type { TypedColumn } from './columns/column-types.js'
import { hasDecimalCommas, noteDecimalCommas } from './columns/decimal-commas.js'
import { CsvReader, type CsvRow, fieldText, quoteCell } from './csv.js'
import { CsvSpool } from './csv-spool.js'
import {
  checkCategoryBytes,
  checkColumnNames,
  type DescribedTable,
  describeColumns,
  distinctLimitOf,
  maxSampleTextLength,
  otherTextsOf,
  sampleRowsOf,
} from './described-table.js'
import {
  type CsvDialect,
  checkFieldCount,
  fieldCountError,
  inferDialect,
  parseColumnNames,
} from './dialect/csv-dialect.js'
import { checkForForeignText } from './dialect/foreign-text.js'
import type { TableForm } from './table-form.js'
import type { TableWriter } from './table-writer.js'
import { WrongValues, wrongColumns } from './wrong-values.js'

/** The table that CSV files hold. */
export interface CsvTable extends DescribedTable {
  /** Reads all rows a second time. */
  write(writer: TableWriter): void
}

/** The memory of the texts is checked each time so many bytes of rows have been read. */
const memoryCheckBytes = 4 * 2 ** 20

/** A larger upload is read again, since its cells may take more room than its text. */
const maxSpooledBytes = 2 ** 30

/**
 * Rows whose number of fields is wrong are problems; the readings after the first pass over them. `scratch`: a folder
 * for the cells as they were parsed, so that they are not parsed again to be written.
 */
export function openCsvTable(
  files: InputFile[],
  form: TableForm,
  limits: DatasetLimits,
  scratch: string,
  problems: ProblemList = new ProblemList(),
): CsvTable {
  for (const file of files) checkForForeignText(file)
  const notes = new Notes()
  const dialect = inferDialect(files[0]!, form.dialect, limits, { notes })
  const names = resolveColumnNames(files[0]!, dialect, form, limits)
  checkColumnNames(names, form)
  let onRowError = (error: unknown) => problems.add(error)
  const readRows: ForEachRow = onRow => {
    for (const file of files) forEachDataRow(file, dialect, names, limits, onRow, onRowError)
    onRowError = () => {}
  }
  let forEachRow = readRows
  const format = { ...plainFormat, ...form.cells }
  const isSpooled = files.reduce((sum, { size }) => sum + size, 0) <= maxSpooledBytes
  const survey = (cells: CellFormat) => {
    const spool = isSpooled ? new CsvSpool(join(scratch, 'cells')) : null
    try {
      return { ...surveyRows(names, form, limits, cells, forEachRow, spool), spool }
    } finally {
      spool?.close()
    }
  }
  let found = survey(format)
  if (form.cells.decimal === undefined && hasDecimalCommas(found.columnStats)) {
    found = survey({ ...format, decimal: ',' })
    noteDecimalCommas(names, found.columnStats, notes)
  }
  const total = found.rows + problems.skipped
  problems.check(total)
  const wrong = problems.skips ? wrongColumns(names, found.columnStats, limits) : []
  if (wrong.length > 0) {
    const values = new WrongValues(wrong, problems)
    let row = 0
    readRows((cells, file) => values.add(row++, cells, file))
    problems.check(total)
    forEachRow = withoutWrong(readRows, values)
    found = survey(found.columnStats[0]!.cells.format)
  }
  const { rows, columnStats, rawSample, spool } = found
  const columns = describeColumns(names, columnStats, rows, form, limits, files[0]!.name)
  if (names.length === 1) {
    const message = `the table has only one column, '${names[0]}'; if there are more, send delimiter`
    notes.add('one_column', message, names)
  }
  if (dialect.header && form.dialect.header === undefined) noteNamesAmongValues(columns, notes)
  noteColumns(columns, rows, notes)
  const sample = rawSample.map(cells =>
    cells.map((cell, at) => parseSampleCell(columns[at]!, columnStats[at]!, cell)),
  )
  return {
    rows,
    columns,
    target: form.target,
    sample,
    cellFormat: columnStats[0]!.cells.format,
    notes: notes.all,
    write: writer =>
      spool
        ? spool.writeTo(columns, columnStats, writer)
        : writeRows(columns, columnStats, forEachRow, writer),
  }
}

type ForEachRow = (onRow: (row: CsvRow, file: string) => void) => void

/** The rows without those that have wrong values. */
const withoutWrong =
  (readRows: ForEachRow, values: WrongValues): ForEachRow =>
  onRow => {
    let row = 0
    readRows((cells, file) => {
      if (!values.has(row++)) onRow(cells, file)
    })
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
  forEachRow: ForEachRow,
  spool: CsvSpool | null,
): RowSurvey {
  const types = new Map(form.types)
  const maxDistinct = distinctLimitOf(names.length)
  const maxOthers = otherTextsOf(names.length)
  const cells = new CellParser(format)
  const columnStats = names.map((name, index) => {
    const type = types.get(name) ?? null
    const distinct = type === 'category' ? limits.categories : maxDistinct
    return new ColumnStatistics(index, type, distinct, cells, maxOthers)
  })
  const rawSample: RawCell[][] = []
  const sampleCount = sampleRowsOf(names.length)
  const checkMemory = createMemoryCheck(columnStats, limits)
  let rows = 0
  forEachRow((row, file) => {
    if (rows++ === limits.rows) {
      const detail = `the table has more than ${limits.rows} rows`
      throw fileError('DATASET_TOO_LARGE', { file, line: row.line }, detail)
    }
    const { bytes, starts, ends, quoted } = row
    for (let column = 0; column < columnStats.length; column++) {
      const isQuoted = quoted[column] !== 0
      columnStats[column]!.add(bytes, starts[column]!, ends[column]!, isQuoted, row, file)
    }
    spool?.add(columnStats)
    if (rawSample.length < sampleCount) rawSample.push(rawRow(row, names.length))
    checkMemory(row, file)
  })
  spool?.finish(columnStats)
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

/** Visits the rows of a file after its header. Tells, and passes over, those with another number of fields. */
function forEachDataRow(
  file: InputFile,
  dialect: CsvDialect,
  names: readonly string[],
  limits: DatasetLimits,
  onRow: (row: CsvRow, file: string) => void,
  onRowError: (error: unknown) => void,
): void {
  let isHeaderRow = dialect.header
  new CsvReader(file, dialect.delimiter, limits).forEachRow(row => {
    if (!isHeaderRow) {
      const error = fieldCountError(file.name, row, names, dialect.endsInDelimiter)
      return error ? onRowError(error) : onRow(row, file.name)
    }
    checkFieldCount(file.name, row, names, dialect.endsInDelimiter)
    isHeaderRow = false
    const mismatch = names.findIndex((name, column) => fieldText(row, column) !== name)
    if (mismatch < 0) return
    const location = { file: file.name, line: row.line, column: mismatch + 1 }
    const detail = `the column is called ${quoteCell(fieldText(row, mismatch))}, expected ${quoteCell(names[mismatch]!)} as in the first file`
    throw fileError('DATASET_HEADER', location, detail)
  })
}

/** Limits the memory that the texts of all columns take. */
function createMemoryCheck(columnStats: readonly ColumnStatistics[], limits: DatasetLimits) {
  let bytesSinceCheck = 0
  return ({ starts, ends, fieldCount, line }: CsvRow, file: string) => {
    bytesSinceCheck += ends[fieldCount - 1]! - starts[0]!
    if (bytesSinceCheck < memoryCheckBytes) return
    bytesSinceCheck = 0
    checkCategoryBytes(columnStats, limits, { file, line })
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

function parseSampleCell(
  { column: { type } }: TypedColumn,
  stats: ColumnStatistics,
  { text, quoted }: RawCell,
): Cell {
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

function writeRows(
  columns: readonly TypedColumn[],
  columnStats: readonly ColumnStatistics[],
  forEachRow: ForEachRow,
  writer: TableWriter,
): void {
  const parsers = storedColumns(columns).map(
    ({ column, index }) => new CsvCellParser(column.type, index, columnStats[index]!),
  )
  const { builders } = writer
  forEachRow(row => {
    for (let column = 0; column < parsers.length; column++) {
      builders[column]!.set(writer.row, parsers[column]!.parse(row))
    }
    writer.advance(1)
  })
}

/** Parses the cells of one column as they are stored. */
class CsvCellParser {
  /** By the index of a text among `stats.values`. */
  private readonly codes: Int32Array

  constructor(
    private readonly type: ColumnType,
    private readonly index: number,
    private readonly stats: ColumnStatistics,
  ) {
    this.codes = new Int32Array(stats.values.size)
    if (type !== 'category') return
    for (const [code, value] of stats.values.sorted().entries()) this.codes[value] = code
  }

  /** If the cell is missing, NaN, or -1 for a category. */
  parse(row: CsvRow): number {
    const { index, stats, type } = this
    const { bytes } = row
    const start = row.starts[index]!
    const end = row.ends[index]!
    if (type === 'category') {
      if (isMissing(row, index) || stats.isDeclaredMissing(bytes, start, end)) return -1
      return this.codes[stats.values.find(bytes, start, end)]!
    }
    if (start === end || stats.isDeclaredMissing(bytes, start, end)) return Number.NaN
    const { numbers } = stats.cells
    if (type !== 'boolean') return numbers.parse(bytes, start, end) ? numbers.value : Number.NaN
    const bool = parseBoolean(bytes, start, end)
    return bool < 0 ? Number.NaN : bool
  }
}

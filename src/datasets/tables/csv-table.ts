import { join } from 'node:path'
import type { Cell, CellFormat, ColumnType } from '../../spec/dataset.js'
import { Notes } from '../../spec/notes.js'
import { type FileLocation, fileError } from '../errors.js'
import type { InputFile } from '../input-file.js'
import type { DatasetLimits } from '../limits.js'
import { ProblemList } from '../problem-list.js'
import { type BlockVisitor, readBlocks } from './blocks/block-reader.js'
import { BlockSurvey } from './blocks/block-survey.js'
import { CsvKernel } from './blocks/csv-kernel.js'
import { isMissing, isMissingMarker, parseBoolean } from './cell.js'
import { plainFormat } from './cell-format.js'
import { CellParser } from './cell-parser.js'
import { storedColumns } from './columns/column-builder.js'
import { noteColumns, noteNamesAmongValues } from './columns/column-notes.js'
import { ColumnStatistics } from './columns/column-survey.js'
import type { TypedColumn } from './columns/column-types.js'
import { hasDecimalCommas, noteDecimalCommas } from './columns/decimal-commas.js'
import { CsvReader, type CsvRow, fieldText, quoteCell, whitespace } from './csv.js'
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
  const readRows: ReadRows = visitor => {
    for (const file of files) readDataRows(file, dialect, names, limits, visitor, onRowError)
    onRowError = () => {}
  }
  let rowsOf = readRows
  const format = { ...plainFormat, ...form.cells }
  const fileBytes = files.reduce((sum, { size }) => sum + size, 0)
  const isSpooled = fileBytes <= maxSpooledBytes
  const survey = (cells: CellFormat) => {
    const spool = isSpooled ? new CsvSpool(join(scratch, 'cells')) : null
    try {
      return { ...surveyRows(names, form, limits, cells, rowsOf, spool, fileBytes), spool }
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
    readRows({ row: (cells, file) => values.add(row++, cells, file) })
    problems.check(total)
    rowsOf = withoutWrong(readRows, values)
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
        : writeRows(columns, columnStats, rowsOf, writer),
  }
}

interface RowVisitor {
  row(row: CsvRow, file: string): void
  /** Takes what the kernel can read; `row` takes the other rows. */
  blocks?: Pick<BlockVisitor, 'kernel' | 'survey'>
}

/** Visits the rows of all files in their order. */
type ReadRows = (visitor: RowVisitor) => void

/** The rows without those that have wrong values. */
const withoutWrong =
  (readRows: ReadRows, values: WrongValues): ReadRows =>
  visitor => {
    let row = 0
    readRows({
      row(cells, file) {
        if (!values.has(row++)) visitor.row(cells, file)
      },
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
  readRows: ReadRows,
  spool: CsvSpool | null,
  fileBytes: number,
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
  using kernel = new CsvKernel(names.length, limits.rowBytes, fileBytes, format.decimal)
  let rows = 0
  const checkRows = (count: number, file: string, lineOf: (row: number) => number) => {
    const room = limits.rows - rows
    rows += count
    if (count <= room) return
    const detail = `the table has more than ${limits.rows} rows`
    throw fileError('DATASET_TOO_LARGE', { file, line: lineOf(room) }, detail)
  }
  const row = (row: CsvRow, file: string) => {
    checkRows(1, file, () => row.line)
    const { bytes, starts, ends, quoted, line } = row
    for (let column = 0; column < columnStats.length; column++) {
      const isQuoted = quoted[column] !== 0
      columnStats[column]!.add(bytes, starts[column]!, ends[column]!, isQuoted, row, file)
    }
    spool?.add(columnStats)
    if (rawSample.length < sampleCount) rawSample.push(rawRow(row, names.length))
    checkMemory(ends[row.fieldCount - 1]! - starts[0]!, { file, line })
  }
  const survey = new BlockSurvey(kernel, columnStats, (block, hasNumbers) => {
    checkRows(block.rows, block.file, at => block.lines[at]!)
    spool?.addBlock(columnStats, block, hasNumbers)
    for (let at = 0; at < block.rows && rawSample.length < sampleCount; at++) {
      rawSample.push(
        names.map((_, column) =>
          rawCell({ bytes: kernel.bytes, ...block.cells.field(column, at) }),
        ),
      )
    }
    const last = block.rows - 1
    const bytes = block.cells.field(names.length - 1, last).end - block.cells.field(0, 0).start
    checkMemory(bytes, { file: block.file, line: block.lines[last]! })
  })
  readRows({ row, blocks: { kernel, survey } })
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
function readDataRows(
  file: InputFile,
  { delimiter, header, endsInDelimiter }: CsvDialect,
  names: readonly string[],
  limits: DatasetLimits,
  { row: onRow, blocks }: RowVisitor,
  onRowError: (error: unknown) => void,
): void {
  const reader = new CsvReader(file, delimiter, limits)
  const visit = (row: CsvRow) => {
    const error = fieldCountError(file.name, row, names, endsInDelimiter)
    if (error) onRowError(error)
    else onRow(row, file.name)
  }
  if (header) {
    reader.forEachRow(row => {
      checkHeader(file, row, names, endsInDelimiter)
      return false
    })
  }
  if (blocks && delimiter !== whitespace && !endsInDelimiter)
    readBlocks({ ...blocks, row: visit }, reader, file, delimiter)
  else reader.forEachRow(visit)
}

function checkHeader(
  file: InputFile,
  row: CsvRow,
  names: readonly string[],
  endsInDelimiter: boolean,
): void {
  checkFieldCount(file.name, row, names, endsInDelimiter)
  const mismatch = names.findIndex((name, column) => fieldText(row, column) !== name)
  if (mismatch < 0) return
  const location = { file: file.name, line: row.line, column: mismatch + 1 }
  const detail = `the column is called ${quoteCell(fieldText(row, mismatch))}, expected ${quoteCell(names[mismatch]!)} as in the first file`
  throw fileError('DATASET_HEADER', location, detail)
}

/** Limits the memory that the texts of all columns take. */
function createMemoryCheck(columnStats: readonly ColumnStatistics[], limits: DatasetLimits) {
  let bytesSinceCheck = 0
  return (bytes: number, location: FileLocation) => {
    bytesSinceCheck += bytes
    if (bytesSinceCheck < memoryCheckBytes) return
    bytesSinceCheck = 0
    checkCategoryBytes(columnStats, limits, location)
  }
}

interface RawCell {
  text: string
  quoted: boolean
}

interface CellRange {
  bytes: Buffer
  start: number
  end: number
  quoted: boolean
}

/** Cuts a cell for the sample. */
const rawCell = ({ bytes, start, end, quoted }: CellRange): RawCell => ({
  text: bytes.toString('utf8', start, Math.min(end, start + 4 * maxSampleTextLength)),
  quoted,
})

const rawRow = ({ bytes, starts, ends, quoted }: CsvRow, columns: number): RawCell[] =>
  Array.from({ length: columns }, (_, column) =>
    rawCell({
      bytes,
      start: starts[column]!,
      end: ends[column]!,
      quoted: quoted[column] === 1,
    }),
  )

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
  readRows: ReadRows,
  writer: TableWriter,
): void {
  const parsers = storedColumns(columns).map(
    ({ column, index }) => new CsvCellParser(column.type, index, columnStats[index]!),
  )
  const { builders } = writer
  readRows({
    row(row) {
      for (let column = 0; column < parsers.length; column++) {
        builders[column]!.set(writer.row, parsers[column]!.parse(row))
      }
      writer.advance(1)
    },
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

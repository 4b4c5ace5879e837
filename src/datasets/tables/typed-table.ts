import type { Cell, ColumnType } from '../../spec/dataset.js'
import { listNames, Notes } from '../../spec/notes.js'
import { fileError, refuseFields } from '../errors.js'
import type { DatasetLimits } from '../limits.js'
import type { ProblemList } from '../problem-list.js'
import { parseBoolean } from './cell.js'
import { plainFormat } from './cell-format.js'
import { CellParser } from './cell-parser.js'
import type { ColumnBatch, ColumnSource, SourceColumn } from './columns/column-batch.js'
import type { ColumnFacts } from './columns/column-facts.js'
import { noteColumns } from './columns/column-notes.js'
import { findTypeError, type TypedColumn } from './columns/column-types.js'
import { TypedColumnSurvey } from './columns/typed-column-survey.js'
import { quoteCell } from './csv.js'
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
import type { TableForm } from './table-form.js'
import { findWrongRows, withoutRows } from './wrong-rows.js'

/** Fields that say how a text is split and written. */
const csvFields = ['delimiter', 'header'] as const

/** A source and what all of its rows say of each column. */
interface SurveyedSource {
  source: ColumnSource
  rows: number
  surveys: readonly TypedColumnSurvey[]
  sample: Cell[][]
  cells: CellParser
}

/** What reads a source: the form, and where its values end up in messages. */
export interface SourceReading {
  form: TableForm
  limits: DatasetLimits
  /** For errors of the whole table. */
  file: string
  onRows?: (rows: number) => void
}

/** Reads all rows, and describes the columns by their types in the file or by those that the form declares. */
export async function describeSource(
  source: ColumnSource,
  reading: SourceReading,
): Promise<DescribedTable> {
  checkForm(source.columns, reading.form)
  return describeSurveyed(await surveySource(source, reading), reading)
}

/**
 * As `describeSource`. Rows with a value that does not have its column's type are left out if `problems` may skip
 * them: `source` of the result has the others.
 */
export async function describeUsable(
  source: ColumnSource,
  reading: SourceReading,
  problems: ProblemList,
): Promise<{ source: ColumnSource; table: DescribedTable }> {
  checkForm(source.columns, reading.form)
  const all = await surveySource(source, reading)
  const total = all.rows + problems.skipped
  problems.check(total)
  const names = source.columns.map(({ name }) => name)
  const isWrong = names.map(
    (name, at) => findTypeError(name, all.surveys[at]!.facts, reading.limits) !== null,
  )
  if (!problems.skips || !isWrong.includes(true)) {
    return { source, table: describeSurveyed(all, reading) }
  }
  const wrong = all.surveys.filter((_, at) => isWrong[at])
  const rows = await findWrongRows(source, wrong, problems)
  problems.check(total)
  const usable = withoutRows(source, rows)
  return {
    source: usable,
    table: describeSurveyed(await surveySource(usable, reading), reading),
  }
}

async function surveySource(
  source: ColumnSource,
  { form, limits, onRows }: SourceReading,
): Promise<SurveyedSource> {
  const columnCount = source.columns.length
  const cells = new CellParser({ ...plainFormat, ...form.cells })
  const types = new Map(form.types)
  const surveys = source.columns.map((column, index) => {
    const declared = types.get(column.name) ?? null
    const distinct = declared === 'category' ? limits.categories : distinctLimitOf(columnCount)
    return new TypedColumnSurvey(column, declared, cells, {
      index,
      distinct,
      otherTexts: otherTextsOf(columnCount),
    })
  })
  const facts = surveys.map(survey => survey.facts)
  const sample: Cell[][] = []
  const sampleRows = sampleRowsOf(columnCount)
  let rows = 0
  for await (const batch of source.batches()) {
    rows += batch.rows
    if (rows > limits.rows) {
      const detail = `the table has more than ${limits.rows} rows`
      throw fileError('DATASET_TOO_LARGE', { file: batch.file }, detail)
    }
    for (const survey of surveys) survey.add(batch)
    addSample(batch, surveys, sample, sampleRows)
    checkCategoryBytes(facts, limits, { file: batch.file, row: batch.firstRow + batch.rows })
    onRows?.(rows)
  }
  return { source, rows, surveys, sample, cells }
}

function describeSurveyed(
  { source, rows, surveys, sample, cells }: SurveyedSource,
  { form, limits, file }: SourceReading,
): DescribedTable {
  const names = source.columns.map(({ name }) => name)
  const facts = surveys.map(survey => survey.facts)
  const columns = describeColumns(names, facts, rows, form, limits, file)
  const notes = new Notes()
  for (const note of source.notes) notes.add(note.code, note.message, note.columns)
  noteTypes(source.columns, surveys, columns, notes)
  noteColumns(columns, rows, notes)
  return {
    rows,
    columns,
    target: form.target,
    sample: sample.map(row =>
      row.map((cell, at) => sampleCell(cell, columns[at]!.column.type, cells)),
    ),
    cellFormat: cells.format,
    notes: notes.all,
  }
}

function checkForm(columns: readonly SourceColumn[], form: TableForm): void {
  const names = columns.map(({ name }) => name)
  checkColumnNames(names, form)
  const refused = csvFields.filter(field => form.dialect[field] !== undefined)
  refuseFields(refused, 'these files, which have columns of their own')
}

/** Throws DATASET_HEADER if names are empty or equal. For readers whose files have names. */
export function checkSourceNames(
  file: string,
  names: readonly string[],
  { columns: maxColumns }: Pick<DatasetLimits, 'columns'>,
): void {
  if (names.length > maxColumns) {
    const detail = `the file has ${names.length} columns, expected at most ${maxColumns}`
    throw fileError('DATASET_TOO_LARGE', { file }, detail)
  }
  const seen = new Map<string, number>()
  for (const [column, name] of names.entries()) {
    const location = { file, column: column + 1 }
    if (name.trim() === '') throw fileError('DATASET_HEADER', location, 'the column has no name')
    const first = seen.get(name)
    if (first !== undefined) {
      const detail = `the column is called ${quoteCell(name)}, as is column ${first}`
      throw fileError('DATASET_HEADER', location, detail)
    }
    seen.set(name, column + 1)
  }
}

/** Throws DATASET_HEADER if another file of the table has other columns, in name, type or order. */
export function checkSameColumns(
  file: string,
  columns: readonly SourceColumn[],
  expected: readonly SourceColumn[],
): void {
  for (let at = 0; at < Math.max(columns.length, expected.length); at++) {
    const [found, wanted] = [columns[at], expected[at]]
    if (found && found.name === wanted?.name && found.type === wanted.type) continue
    const describe = (column: SourceColumn | undefined) =>
      column ? `${quoteCell(column.name)} (${column.type})` : 'absent'
    const detail = `the column is ${describe(found)}, expected ${describe(wanted)} as in the first file`
    throw fileError('DATASET_HEADER', { file, column: at + 1 }, detail)
  }
}

/** What pandas calls the index of a data frame if it has no name. */
export const isPandasIndex = (name: string): boolean => /^__index_level_\d+__$/.test(name)

/** Notes the columns of a file that are left out: the index of pandas, and those that a table cannot have. */
export function noteLeftOut(names: readonly string[], notes: Notes): void {
  const index = names.filter(isPandasIndex)
  if (index.length > 0) {
    const message = `the index of the data frame is left out: ${listNames(index)}; if it is a column, write it by reset_index()`
    notes.add('index_left_out', message, index)
  }
  const others = names.filter(name => !isPandasIndex(name))
  if (others.length === 0) return
  const message = `columns are lists, structures or bytes, which a table cannot have, and are left out: ${listNames(others)}`
  notes.add('columns_unreadable', message, others)
}

/** Throws if the table is too large to be stored: a small file may state many rows that are all alike. */
export function checkCells(
  file: string,
  rows: number,
  columns: number,
  { rows: maxRows, uploadBytes }: DatasetLimits,
): void {
  if (rows <= maxRows && 4 * rows * columns <= uploadBytes) return
  const detail = `the table has ${rows} rows of ${columns} columns, expected at most ${maxRows} rows and ${uploadBytes} bytes of cells`
  throw fileError('DATASET_TOO_LARGE', { file }, detail)
}

/** Adds rows of a batch as they are, until the sample is complete. */
function addSample(
  batch: ColumnBatch,
  surveys: readonly TypedColumnSurvey[],
  sample: Cell[][],
  sampleRows: number,
): void {
  const count = Math.min(batch.rows, sampleRows - sample.length)
  for (let row = 0; row < count; row++) {
    sample.push(surveys.map(survey => survey.cell(row, 4 * maxSampleTextLength)))
  }
}

function sampleCell(cell: Cell, type: ColumnType, { numbers }: CellParser): Cell {
  if (cell === null || type === 'category' || type === 'text') {
    return typeof cell === 'string' ? [...cell].slice(0, maxSampleTextLength).join('') : cell
  }
  const bytes = Buffer.from(String(cell))
  if (type === 'boolean') {
    const bool = typeof cell === 'number' ? cell : parseBoolean(bytes, 0, bytes.length)
    return bool < 0 ? null : bool === 1
  }
  if (typeof cell === 'number') return cell
  return numbers.parse(bytes, 0, bytes.length) ? numbers.value : null
}

function noteTypes(
  sources: readonly SourceColumn[],
  surveys: readonly TypedColumnSurvey[],
  columns: readonly TypedColumn[],
  notes: Notes,
): void {
  const cast = sources.flatMap(({ name, type }, at) => {
    const { declared, facts } = surveys[at]!
    const inferred = plainTypeOf(facts, type)
    return declared && declared !== inferred && !(type === 'text' && declared === 'category')
      ? [`${name} (${type} → ${declared})`]
      : []
  })
  if (cast.length > 0) {
    const message = `columns have the type of the schema rather than that of the file: ${listNames(cast)}`
    notes.add('column_types_cast', message)
  }
  const empty = sources.filter((_, at) => surveys[at]!.emptyTexts > 0).map(({ name }) => name)
  if (empty.length > 0) {
    const message = `empty texts count as missing values, as in CSV files: ${listNames(empty)}`
    notes.add('empty_texts_missing', message, empty)
  }
  for (const [at, { beyondSafe }] of surveys.entries()) {
    if (beyondSafe === null || columns[at]!.storage === 'codes') continue
    const { name } = sources[at]!
    const message = `column '${name}' has integers beyond 2^53, such as ${beyondSafe}, which are rounded to the nearest number of 64 bits; if they are codes, send schema={${JSON.stringify(name)}:"category"}`
    notes.add('integers_rounded', message, [name])
  }
}

const plainTypeOf = (facts: ColumnFacts, type: SourceColumn['type']): ColumnType =>
  type === 'text' && facts.declared === 'text' ? 'text' : type

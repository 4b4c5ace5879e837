import type { Cell, TableColumn } from '../../spec/dataset.js'
import { checkFlaws, fileError } from '../errors.js'
import type { InputFile } from '../input-file.js'
import { inferredCategories, type Limits } from '../limits.js'
import { isMissingWord, NumberReader, truthAt } from './cell.js'
import { ColumnSurvey } from './column-survey.js'
import { type TypedColumn, typeColumns } from './column-types.js'
import { CsvReader, type CsvRow, cut, fieldText } from './csv.js'
import { checkHeader, checkLength, type Dialect, inferDialect } from './csv-dialect.js'
import type { TableForm } from './table-form.js'

/** All that the files say, once each row has been read and checked. */
export interface TableSource {
  rows: number
  columns: TypedColumn[]
  target: string | null
  sample: Cell[][]
  /** Reads the rows again. */
  visit(each: (row: CsvRow) => void): void
}

/** So many values, and so many bytes of each, are shown in a manifest. */
const sampleRows = 10
const sampleCells = 10_000
const sampleText = 100

/** Over all columns: wide tables keep fewer values of each. */
const keptValues = 1_000_000

/** Texts are looked at for their memory after so many bytes of rows. */
const checkEvery = 4 * 2 ** 20

export function openTableSource(files: InputFile[], form: TableForm, limits: Limits): TableSource {
  const dialect = inferDialect(files[0]!, form.dialect, limits)
  const names = columnNames(files[0]!, dialect, form, limits)
  checkNames(names, form)
  const types = new Map(form.types)
  const distinct = Math.min(inferredCategories, Math.floor(keptValues / names.length))
  const surveys = names.map((name, index) => {
    const type = types.get(name) ?? null
    return new ColumnSurvey(index, type, type === 'category' ? limits.categories : distinct)
  })
  const raw: { text: string; quoted: boolean }[][] = []
  const shown = Math.min(sampleRows, Math.floor(sampleCells / names.length))
  const watch = memoryWatch(surveys, limits)
  let rows = 0
  const visit = (each: (row: CsvRow, file: string) => void) => {
    for (const file of files) visitRows(file, dialect, names, limits, each)
  }
  visit((row, file) => {
    if (rows++ === limits.rows) {
      const trouble = `the table has more than ${limits.rows} rows`
      throw fileError('DATASET_TOO_LARGE', { file, line: row.line }, trouble)
    }
    for (let column = 0; column < surveys.length; column++) surveys[column]!.add(row, file)
    if (raw.length < shown) raw.push(rawRow(row))
    watch(row, file)
  })
  if (rows === 0) {
    throw fileError('DATASET_EMPTY', { file: files[0]!.name }, 'there are no rows below the header')
  }
  const columns = typeColumns(names, surveys, limits)
  if (columns.every(({ storage }) => storage === null)) throw onlyTexts(files[0]!)
  checkTarget(columns, form.target)
  const sample = raw.map(cells => cells.map((cell, at) => sampleCell(columns[at]!.column, cell)))
  return { rows, columns, target: form.target, sample, visit }
}

function columnNames(file: InputFile, dialect: Dialect, form: TableForm, limits: Limits): string[] {
  let names: string[] = []
  let count = 0
  new CsvReader(file, dialect.delimiter, limits).visit(row => {
    count = row.count
    if (dialect.header) names = checkHeader(file.name, row)
    else if (form.dialect.header === undefined) throw noHeader(file, row)
    return false
  })
  if (count === 0) throw fileError('DATASET_EMPTY', { file: file.name }, 'there are no rows in it')
  if (dialect.header) return names
  const given = form.types.map(([name]) => name)
  return given.length === count
    ? given
    : Array.from({ length: count }, (_, at) => `column_${at + 1}`)
}

function noHeader(file: InputFile, row: CsvRow) {
  const found = Array.from({ length: Math.min(row.count, 5) }, (_, at) => fieldText(row, at))
  const trouble = `the first row, ${cut(found.join(', '))}, has no names but values: give the columns names in a header, or send header=true or header=false`
  return fileError('DATASET_HEADER', { file: file.name, line: row.line }, trouble)
}

/** The rows below a file's header, each as long as it. */
function visitRows(
  file: InputFile,
  dialect: Dialect,
  names: readonly string[],
  limits: Limits,
  visit: (row: CsvRow, file: string) => void,
): void {
  let inHeader = dialect.header
  new CsvReader(file, dialect.delimiter, limits).visit(row => {
    checkLength(file.name, row, names)
    if (!inHeader) return visit(row, file.name)
    inHeader = false
    const other = names.findIndex((name, column) => fieldText(row, column) !== name)
    if (other < 0) return
    const place = { file: file.name, line: row.line, column: other + 1 }
    const trouble = `the column is called ${cut(fieldText(row, other))}, expected ${cut(names[other]!)} as in the first file`
    throw fileError('DATASET_HEADER', place, trouble)
  })
}

/** Names in the form that no column bears. */
function checkNames(names: readonly string[], { types, target }: TableForm): void {
  const known = new Set(names)
  const unknown = (name: string) =>
    `names column ${cut(name)}, which is none of ${cut(names.slice(0, 20).join(', '))}`
  checkFlaws(flaw => {
    for (const [name] of types) if (!known.has(name)) flaw('schema', unknown(name))
    if (target !== null && !known.has(target)) flaw('target', unknown(target))
  })
}

function checkTarget(columns: readonly TypedColumn[], target: string | null): void {
  const found = columns.find(({ column }) => column.name === target)
  if (found?.column.type !== 'text') return
  checkFlaws(flaw =>
    flaw('target', `is ${cut(target!)}, a column of free text: nothing can be learnt of it`),
  )
}

function onlyTexts(file: InputFile) {
  const trouble =
    'all columns are free text: there is nothing to learn from; if some are not, say so in schema'
  return fileError('DATASET_VALUE', { file: file.name }, trouble)
}

/** Bounds what the texts of all columns take while they are gathered. */
function memoryWatch(surveys: readonly ColumnSurvey[], { categoryBytes }: Limits) {
  let seen = 0
  return ({ starts, ends, count, line }: CsvRow, file: string) => {
    seen += ends[count - 1]! - starts[0]!
    if (seen < checkEvery) return
    seen = 0
    const kept = surveys.reduce((bytes, { values }) => bytes + values.bytes, 0)
    if (kept <= categoryBytes) return
    const trouble = `the categories of all columns take more than ${categoryBytes} bytes: say in schema which columns are "text"`
    throw fileError('DATASET_TOO_LARGE', { file, line }, trouble)
  }
}

function rawRow(row: CsvRow) {
  return Array.from({ length: row.count }, (_, column) => ({
    text: row.bytes.toString(
      'utf8',
      row.starts[column]!,
      Math.min(row.ends[column]!, row.starts[column]! + 4 * sampleText),
    ),
    quoted: row.quoted[column] === 1,
  }))
}

const reader = new NumberReader()

function sampleCell(
  { type }: TableColumn,
  { text, quoted }: { text: string; quoted: boolean },
): Cell {
  const bytes = Buffer.from(text)
  if (bytes.length === 0) return null
  if (type === 'category' || type === 'text') {
    if (!quoted && isMissingWord(bytes, 0, bytes.length)) return null
    return [...text].slice(0, sampleText).join('')
  }
  if (type === 'boolean') {
    const truth = truthAt(bytes, 0, bytes.length)
    return truth < 0 ? null : truth === 1
  }
  return reader.read(bytes, 0, bytes.length) ? reader.value : null
}

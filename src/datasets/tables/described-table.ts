import { FieldErrors } from '../../errors.js'
import type { Cell, CellFormat } from '../../spec/dataset.js'
import type { Note } from '../../spec/notes.js'
import { addFormError, type FileLocation, fileError } from '../errors.js'
import { type DatasetLimits, maxInferredCategories } from '../limits.js'
import type { ColumnFacts } from './columns/column-facts.js'
import { type TypedColumn, typeColumns } from './columns/column-types.js'
import { explainTexts } from './columns/mixed-column.js'
import { quoteCell } from './csv.js'
import type { TableForm } from './table-form.js'

/** A table after all of its rows have been read and checked once. */
export interface DescribedTable {
  rows: number
  columns: TypedColumn[]
  target: string | null
  sample: Cell[][]
  cellFormat: CellFormat
  notes: Note[]
}

/** Limits of the sample rows in a manifest. */
const maxSampleRows = 10
const maxSampleCells = 10_000
export const maxSampleTextLength = 100

/** Number of sample rows of a table. */
export const sampleRowsOf = (columns: number): number =>
  Math.min(maxSampleRows, Math.floor(maxSampleCells / columns))

/** Limit over all columns, so that wide tables keep fewer values of each. */
const maxDistinctValues = 1_000_000

/** How many distinct values of a column are counted whose type is not declared. */
export const distinctLimitOf = (columns: number): number =>
  Math.min(maxInferredCategories, Math.floor(maxDistinctValues / columns))

/** Texts of a column, and of all columns, that are kept to tell how they are written. */
const maxOtherTexts = 200
const maxAllOtherTexts = 20_000

export const otherTextsOf = (columns: number): number =>
  Math.min(maxOtherTexts, Math.ceil(maxAllOtherTexts / columns))

/** Derives the types of the columns. Throws if there are no rows, or if the types do not fit the rows or the form. */
export function describeColumns(
  names: readonly string[],
  facts: readonly ColumnFacts[],
  rows: number,
  form: TableForm,
  limits: DatasetLimits,
  file: string,
): TypedColumn[] {
  if (rows === 0) throw fileError('DATASET_EMPTY', { file }, 'there are no rows below the header')
  const columns = typeColumns(names, facts, limits)
  if (columns.every(({ storage }) => storage === null)) throw noUsableColumnsError(file, columns)
  checkTarget(columns, form.target)
  return columns
}

/** Throws DATASET_FORM if the form names columns that do not exist. */
export function checkColumnNames(names: readonly string[], { types, target }: TableForm): void {
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

function noUsableColumnsError(file: string, columns: readonly TypedColumn[]) {
  const reasons = columns.flatMap(({ column, stats }) => {
    const mixed = explainTexts(stats)
    return mixed ? [`${quoteCell(column.name)}: ${mixed.reason}: ${mixed.cure}`] : []
  })
  const detail = `all columns are free text: there is nothing to learn from; ${reasons[0] ?? 'if some are not, say so in schema'}`
  return fileError('DATASET_VALUE', { file }, detail)
}

/** Throws if the texts of all columns together take too much memory. */
export function checkCategoryBytes(
  facts: readonly ColumnFacts[],
  { categoryBytes }: DatasetLimits,
  location: FileLocation,
): void {
  const totalBytes = facts.reduce((bytes, { values }) => bytes + values.bytes, 0)
  if (totalBytes <= categoryBytes) return
  const detail = `the categories of all columns take more than ${categoryBytes} bytes: say in schema which columns are "text"`
  throw fileError('DATASET_TOO_LARGE', location, detail)
}

import {
  type EncodedTable,
  encodeRows,
  parseCsvRows,
  type TableRow,
} from '../../datasets/tables/row-encoder.js'
import { escapePointerToken, type FieldError, fieldError, TrainyardError } from '../../errors.js'
import type { CellFormat } from '../../spec/dataset.js'
import type { FeatureColumn } from '../../spec/feature-column.js'
import type { RowsInput } from '../../spec/ipc-messages.js'
import type { BoostingModel } from '../../spec/model.js'
import { invalidRequest, unknownField } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'

const unknownCategories = ['missing', 'error'] as const
const unknownColumns = ['error', 'ignore'] as const

export interface RowPredictionOptions {
  explain?: boolean
  /** Whether a category that training has not seen counts as missing or is an error. */
  unknownCategory: (typeof unknownCategories)[number]
  /** Whether a column that the data set does not have is an error or ignored. */
  unknownColumn: (typeof unknownColumns)[number]
}

/** What reading rows needs of a model. */
export interface RowModel {
  columns: FeatureColumn[]
  /** Other columns of its data set. */
  unusedColumns: string[]
  /** How the CSV of the data set was written, and so that of a request. */
  cellFormat?: CellFormat | undefined
  /** Column that is added to the margin of each row. */
  offset: string | null
  /** Values that it predicts for a row. */
  outputs: number
}

/** What was inferred or left out in reading rows. */
export type RowsReport = Omit<EncodedTable, 'values'>

export type EncodedRows = RowsInput & { report: RowsReport }

export const rowModelOf = ({ input, target, labels, model }: BoostingModel): RowModel => ({
  columns: input.columns,
  // older models lack the list
  unusedColumns: input.unusedColumns ?? [target],
  cellFormat: input.cellFormat,
  offset: input.offset ?? null,
  outputs: Math.max(1, labels.length, model.quantile.length),
})

/** `{ "instances": [...] }` as JSON or CSV bytes → encoded rows. Throws unless every row fits the model. */
export function readRows(
  body: unknown,
  { columns, unusedColumns, cellFormat, offset, outputs }: RowModel,
  query: RowPredictionOptions,
  limits: Limits,
): EncodedRows {
  const { rows, text, options } = body instanceof Uint8Array ? fromCsv(body) : fromJson(body)
  const { explain = false, ...encoding } = { ...query, ...options }
  checkRowCount(rows.length, explain, { columns: columns.length, outputs }, limits)
  try {
    const encoded = offset === null ? columns : [...columns, offsetColumn(offset)]
    const { values, ...report } = encodeRows(encoded.map(integerAsNumber), rows, {
      ...encoding,
      unusedColumns,
      ...(cellFormat && { cellFormat }),
      text,
    })
    const input = offset === null ? { rows: values } : splitOffsets(values, rows.length, offset)
    return { ...input, count: rows.length, explain, report }
  } catch (error) {
    throw withPathPrefix('/instances', error)
  }

  function fromCsv(content: Uint8Array) {
    const { rowBytes, columns: maxColumns, rows: maxRows } = limits
    const names = [...columns.map(({ name }) => name), ...unusedColumns]
    const rows: TableRow[] = parseCsvRows(
      'the body',
      content,
      { rowBytes, columns: maxColumns, rows: maxRows },
      names,
    )
    return { rows, text: true, options: {} }
  }
}

/** The numbers that go into the model or come out of it are limited, too. */
function checkRowCount(
  rows: number,
  explain: boolean,
  { columns, outputs }: { columns: number; outputs: number },
  limits: Limits,
): void {
  const valuesPerRow = explain ? (columns + 1) * outputs : Math.max(columns, outputs)
  const maxValues = explain ? limits.explainedValues : limits.predictionValues
  const maxRows = Math.min(
    explain ? limits.explainedRows : limits.rows,
    Math.floor(maxValues / valuesPerRow),
  )
  if (rows >= 1 && rows <= maxRows) return
  const action = explain ? 'explain' : 'predict'
  const message =
    maxRows < 1
      ? `to ${action} a row of this model takes ${valuesPerRow} values, expected at most ${maxValues}`
      : `there are ${rows} rows to ${action}, expected 1 to ${maxRows}`
  throw invalidRequest('/instances', 'wrong_length', message)
}

const allowedFields = ['instances', 'explain', 'unknownCategory', 'unknownColumn']

function fromJson(body: unknown): {
  rows: TableRow[]
  text: boolean
  options: Partial<RowPredictionOptions>
} {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidRequest('', 'wrong_type', 'the body is expected to be an object with instances')
  }
  const unknownName = Object.keys(body).find(field => !allowedFields.includes(field))
  if (unknownName !== undefined)
    throw unknownField(unknownName, `, expected ${allowedFields.join(', ')}`)
  const { instances, explain, ...others } = body as Record<string, unknown>
  if (explain !== undefined && typeof explain !== 'boolean') {
    throw invalidRequest('/explain', 'wrong_type', 'explain is expected to be true or false')
  }
  const unknownCategory = oneOf('unknownCategory', unknownCategories, others.unknownCategory)
  const unknownColumn = oneOf('unknownColumn', unknownColumns, others.unknownColumn)
  if (!Array.isArray(instances)) {
    throw invalidRequest('/instances', 'required', 'instances is expected to be an array of rows')
  }
  const invalidIndex = instances.findIndex(row => typeof row !== 'object' || row === null)
  if (invalidIndex >= 0) {
    const message = `row ${invalidIndex} is expected to be an object by column, or an array in the order of the columns`
    throw invalidRequest(`/instances/${invalidIndex}`, 'wrong_type', message)
  }
  const options = {
    ...(explain !== undefined && { explain }),
    ...(unknownCategory && { unknownCategory }),
    ...(unknownColumn && { unknownColumn }),
  }
  return { rows: instances as TableRow[], text: false, options }
}

/** Returns undefined for an option that is not given. */
function oneOf<T extends string>(field: string, allowed: readonly T[], value: unknown) {
  const found = allowed.find(one => one === value)
  if (found !== undefined || value === undefined) return found
  const message = `${field} is expected to be one of ${allowed.join(', ')}`
  throw invalidRequest(`/${field}`, 'not_allowed', message)
}

/** Accepts fractions in a column that had only integers in training. */
const integerAsNumber = (column: FeatureColumn): FeatureColumn =>
  column.type === 'integer' ? { ...column, type: 'number' } : column

const offsetColumn = (name: string): FeatureColumn => ({ name, type: 'number', categories: null })

/** Separates the last column, the offset, from the features. Throws if a row lacks it. */
function splitOffsets(values: Float32Array, count: number, name: string) {
  const width = values.length / count
  const offsets = Float32Array.from({ length: count }, (_, row) => values[(row + 1) * width - 1]!)
  const lacking = offsets.findIndex(Number.isNaN)
  if (lacking >= 0) {
    const message = `row ${lacking} lacks '${name}', which is added to the margin of each row; 0 adds nothing`
    const error = fieldError(`/${lacking}/${escapePointerToken(name)}`, 'required', message)
    throw new TrainyardError('INVALID_INSTANCES', message, { errors: [error] })
  }
  return { rows: values.filter((_, i) => (i + 1) % width !== 0), offsets }
}

function withPathPrefix(prefix: string, error: unknown): unknown {
  if (!(error instanceof TrainyardError) || error.code !== 'INVALID_INSTANCES') return error
  const errors: FieldError[] = error.errors.map(fieldError => ({
    ...fieldError,
    path: `${prefix}${fieldError.path}`,
  }))
  return new TrainyardError('INVALID_INSTANCES', error.message, { errors })
}

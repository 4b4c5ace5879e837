import { type CsvRows, openCsvRows } from '../../datasets/tables/csv-rows.js'
import type { TableRow } from '../../datasets/tables/row-encoder.js'
import { escapePointerToken, type FieldError, TrainyardError } from '../../errors.js'
import {
  type ColumnRows,
  type EncodedRows,
  encodeModelRows,
  type GivenRows,
  type RowModel,
  type RowPredictionOptions,
  unknownCategories,
  unknownColumns,
} from '../../predictions/row-encoding.js'
import { invalidRequest, unknownField } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'

/** `{ "instances": [...] }` as JSON or CSV bytes → encoded rows. Throws unless every row fits the model. */
export function readRows(
  body: unknown,
  model: RowModel,
  query: RowPredictionOptions,
  limits: Limits,
): EncodedRows {
  if (body instanceof Uint8Array)
    return encodeGiven({ csv: csvRows(body, model, limits) }, model, query, limits)
  const { given, options, pathOf } = fromJson(body)
  return encodeGiven(given, model, { ...query, ...options }, limits, pathOf)
}

/** As `readRows`, of rows that are given by column. */
export const readColumnRows = (
  given: ColumnRows,
  model: RowModel,
  query: RowPredictionOptions,
  limits: Limits,
): EncodedRows => encodeGiven(given, model, query, limits)

/** Turns the encoder's `/row/column` into a path within the body. */
type PathOf = (path: string) => string

function encodeGiven(
  given: GivenRows,
  model: RowModel,
  options: RowPredictionOptions,
  limits: Limits,
  pathOf: PathOf = path => `/instances${path}`,
): EncodedRows {
  try {
    return encodeModelRows(given, model, options, limits)
  } catch (error) {
    throw withPaths(pathOf, error)
  }
}

function csvRows(
  content: Uint8Array,
  { columns, unusedColumns }: RowModel,
  limits: Limits,
): CsvRows {
  const { rowBytes, columns: maxColumns, rows: maxRows } = limits
  const names = [...columns.map(({ name }) => name), ...unusedColumns]
  const csvLimits = { rowBytes, columns: maxColumns, rows: maxRows }
  return openCsvRows('the body', content, csvLimits, names)
}

const optionFields = ['explain', 'unknownCategory', 'unknownColumn']
const allowedFields = ['instances', ...optionFields]

function fromJson(body: unknown): {
  given: GivenRows
  options: Partial<RowPredictionOptions>
  pathOf?: PathOf
} {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidRequest('', 'wrong_type', 'the body is expected to be an object with instances')
  }
  const known = [...allowedFields, 'inputs']
  const unknownName = Object.keys(body).find(field => !known.includes(field))
  if (unknownName !== undefined)
    throw unknownField(unknownName, `, expected ${allowedFields.join(', ')}`)
  const { instances, inputs, explain, ...others } = body as Record<string, unknown>
  if (explain !== undefined && typeof explain !== 'boolean') {
    throw invalidRequest('/explain', 'wrong_type', 'explain is expected to be true or false')
  }
  const unknownCategory = oneOf('unknownCategory', unknownCategories, others.unknownCategory)
  const unknownColumn = oneOf('unknownColumn', unknownColumns, others.unknownColumn)
  const options = {
    ...(explain !== undefined && { explain }),
    ...(unknownCategory && { unknownCategory }),
    ...(unknownColumn && { unknownColumn }),
  }
  if (inputs === undefined) return { given: rowsOf(instances, '/instances'), options }
  if (instances !== undefined)
    throw invalidRequest('/inputs', 'contradiction', 'give either instances or inputs, not both')
  if (typeof inputs === 'object' && inputs !== null && !Array.isArray(inputs))
    return { given: columnsOf(inputs as Record<string, unknown>), options, pathOf: inputsPath }
  return { given: rowsOf(inputs, '/inputs'), options, pathOf: path => `/inputs${path}` }
}

function rowsOf(list: unknown, path: string): GivenRows {
  if (!Array.isArray(list)) {
    throw invalidRequest(path, 'required', `${path.slice(1)} is expected to be an array of rows`)
  }
  const invalidIndex = list.findIndex(row => typeof row !== 'object' || row === null)
  if (invalidIndex >= 0) {
    const message = `row ${invalidIndex} is expected to be an object by column, or an array in the order of the columns`
    throw invalidRequest(`${path}/${invalidIndex}`, 'wrong_type', message)
  }
  return { rows: list as TableRow[] }
}

/** `{ "age": [59, 41], "sex": [2, 1] }`: lists of equal length, by column. */
function columnsOf(inputs: Record<string, unknown>): ColumnRows {
  const lists = Object.entries(inputs)
  const rows = Array.isArray(lists[0]?.[1]) ? lists[0][1].length : 0
  const columns = lists.map(([name, list]) => {
    const path = `/inputs/${escapePointerToken(name)}`
    if (!Array.isArray(list))
      throw invalidRequest(
        path,
        'wrong_type',
        'a column is expected to be an array, of a value for each row',
      )
    if (list.length !== rows) {
      const message = `has ${list.length} values, and the first column has ${rows}`
      throw invalidRequest(path, 'wrong_length', message)
    }
    return { name, value: (row: number): unknown => list[row] }
  })
  return { count: rows, batches: [{ firstRow: 0, rows, columns }] }
}

const inputsPath: PathOf = path => {
  const [, row, ...column] = path.split('/')
  return ['/inputs', ...column, row].join('/')
}

/** Returns undefined for an option that is not given. */
function oneOf<T extends string>(field: string, allowed: readonly T[], value: unknown) {
  const found = allowed.find(one => one === value)
  if (found !== undefined || value === undefined) return found
  const message = `${field} is expected to be one of ${allowed.join(', ')}`
  throw invalidRequest(`/${field}`, 'not_allowed', message)
}

function withPaths(pathOf: PathOf, error: unknown): unknown {
  if (!(error instanceof TrainyardError) || error.code !== 'INVALID_INSTANCES') return error
  const errors: FieldError[] = error.errors.map(fieldError => ({
    ...fieldError,
    path: pathOf(fieldError.path),
  }))
  return new TrainyardError('INVALID_INSTANCES', error.message, { errors })
}

import { parseCsvRows, type TableRow } from '../../datasets/tables/row-encoder.js'
import { type FieldError, TrainyardError } from '../../errors.js'
import {
  type EncodedRows,
  encodeModelRows,
  type RowModel,
  type RowPredictionOptions,
  unknownCategories,
  unknownColumns,
} from '../../serving/row-encoding.js'
import { invalidRequest, unknownField } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'

/** `{ "instances": [...] }` as JSON or CSV bytes → encoded rows. Throws unless every row fits the model. */
export function readRows(
  body: unknown,
  model: RowModel,
  query: RowPredictionOptions,
  limits: Limits,
): EncodedRows {
  const { options, ...rows } = body instanceof Uint8Array ? fromCsv(body) : fromJson(body)
  try {
    return encodeModelRows(rows, model, { ...query, ...options }, limits)
  } catch (error) {
    throw withPathPrefix('/instances', error)
  }

  function fromCsv(content: Uint8Array) {
    const { rowBytes, columns: maxColumns, rows: maxRows } = limits
    const names = [...model.columns.map(({ name }) => name), ...model.unusedColumns]
    const rows: TableRow[] = parseCsvRows(
      'the body',
      content,
      { rowBytes, columns: maxColumns, rows: maxRows },
      names,
    )
    return { rows, text: true, options: {} }
  }
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

function withPathPrefix(prefix: string, error: unknown): unknown {
  if (!(error instanceof TrainyardError) || error.code !== 'INVALID_INSTANCES') return error
  const errors: FieldError[] = error.errors.map(fieldError => ({
    ...fieldError,
    path: `${prefix}${fieldError.path}`,
  }))
  return new TrainyardError('INVALID_INSTANCES', error.message, { errors })
}

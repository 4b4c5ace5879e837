import { encodeRows, parseCsvRows, type TableRow } from '../../datasets/tables/row-encoder.js'
import { type FieldError, TrainyardError } from '../../errors.js'
import type { FeatureColumn } from '../../spec/feature-column.js'
import type { RowsInput } from '../../spec/ipc-messages.js'
import type { BoostingModel } from '../../spec/model.js'
import { invalidRequest, unknownField } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'

const unknownCategories = ['missing', 'error'] as const

export interface RowPredictionOptions {
  explain?: boolean
  /** Whether a category that training has not seen counts as missing or is an error. */
  unknownCategory: (typeof unknownCategories)[number]
}

/** `{ "instances": [...] }` or CSV → encoded rows. Throws unless every row fits the model. */
export function readRows(
  body: unknown,
  { input }: BoostingModel,
  query: RowPredictionOptions,
  limits: Limits,
): RowsInput {
  const { rows, text, options } = Buffer.isBuffer(body) ? fromCsv(body) : fromJson(body)
  const { explain = false, unknownCategory } = { ...query, ...options }
  const maxRows = explain ? limits.explainedRows : limits.rows
  if (rows.length < 1 || rows.length > maxRows) {
    const action = explain ? 'explain' : 'predict'
    throw invalidRequest(
      '/instances',
      'wrong_length',
      `there are ${rows.length} rows to ${action}, expected 1 to ${maxRows}`,
    )
  }
  try {
    const encoded = encodeRows(input.columns.map(integerAsNumber), rows, { unknownCategory, text })
    return { rows: encoded, count: rows.length, explain }
  } catch (error) {
    throw withPathPrefix('/instances', error)
  }

  function fromCsv(content: Buffer) {
    const { rowBytes, columns, rows: maxRows } = limits
    const rows: TableRow[] = parseCsvRows('the body', content, { rowBytes, columns, rows: maxRows })
    return { rows, text: true, options: {} }
  }
}

const allowedFields = ['instances', 'explain', 'unknownCategory']

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
  const { instances, explain, unknownCategory } = body as Record<string, unknown>
  if (explain !== undefined && typeof explain !== 'boolean') {
    throw invalidRequest('/explain', 'wrong_type', 'explain is expected to be true or false')
  }
  const known = unknownCategories.find(one => one === unknownCategory)
  if (unknownCategory !== undefined && !known) {
    throw invalidRequest(
      '/unknownCategory',
      'not_allowed',
      `unknownCategory is expected to be one of ${unknownCategories.join(', ')}`,
    )
  }
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
    ...(known && { unknownCategory: known }),
  }
  return { rows: instances as TableRow[], text: false, options }
}

/** Accepts fractions in a column that had only integers in training. */
const integerAsNumber = (column: FeatureColumn): FeatureColumn =>
  column.type === 'integer' ? { ...column, type: 'number' } : column

function withPathPrefix(prefix: string, error: unknown): unknown {
  if (!(error instanceof TrainyardError) || error.code !== 'INVALID_INSTANCES') return error
  const errors: FieldError[] = error.errors.map(fieldError => ({
    ...fieldError,
    path: `${prefix}${fieldError.path}`,
  }))
  return new TrainyardError('INVALID_INSTANCES', error.message, { errors })
}

import { csvRows, encodeRows, type TableRow } from '../../datasets/tables/row-encoder.js'
import { type Flaw, TrainyardError } from '../../errors.js'
import type { FeatureColumn } from '../../spec/feature-column.js'
import type { RowsInput } from '../../spec/ipc-messages.js'
import type { BoostingModel } from '../../spec/model.js'
import { invalidRequest, unknownField } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'

const unknownCategories = ['missing', 'error'] as const

export interface RowOptions {
  explain?: boolean
  /** What a category is that training has not seen. */
  unknownCategory?: (typeof unknownCategories)[number]
}

/** `{ "instances": [...] }` or CSV → the numbers that a model wants, all of them or none. */
export function readRows(
  body: unknown,
  { input }: BoostingModel,
  query: RowOptions,
  limits: Limits,
): RowsInput {
  const { rows, text, options } = Buffer.isBuffer(body) ? fromCsv(body) : fromJson(body)
  const { explain = false, unknownCategory = 'missing' } = { ...query, ...options }
  const most = explain ? limits.explainedRows : limits.rows
  if (rows.length < 1 || rows.length > most) {
    const what = explain ? 'explain' : 'predict'
    throw invalidRequest(
      '/instances',
      'wrong_length',
      `there are ${rows.length} rows to ${what}, expected 1 to ${most}`,
    )
  }
  try {
    const encoded = encodeRows(input.columns.map(asLearned), rows, { unknownCategory, text })
    return { rows: encoded, count: rows.length, explain }
  } catch (error) {
    throw below('/instances', error)
  }

  function fromCsv(content: Buffer) {
    const { rowBytes, columns, rows: most } = limits
    const rows: TableRow[] = csvRows('the body', content, { rowBytes, columns, rows: most })
    return { rows, text: true, options: {} }
  }
}

const fields = ['instances', 'explain', 'unknownCategory']

function fromJson(body: unknown): { rows: TableRow[]; text: boolean; options: RowOptions } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidRequest('', 'wrong_type', 'the body is expected to be an object with instances')
  }
  const unknown = Object.keys(body).find(field => !fields.includes(field))
  if (unknown !== undefined) throw unknownField(unknown, `, expected ${fields.join(', ')}`)
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
  const odd = instances.findIndex(row => typeof row !== 'object' || row === null)
  if (odd >= 0) {
    const message = `row ${odd} is expected to be an object by column, or an array in the order of the columns`
    throw invalidRequest(`/instances/${odd}`, 'wrong_type', message)
  }
  const options = {
    ...(explain !== undefined && { explain }),
    ...(known && { unknownCategory: known }),
  }
  return { rows: instances as TableRow[], text: false, options }
}

/** That training met whole numbers alone is no reason to refuse a fraction. */
const asLearned = (column: FeatureColumn): FeatureColumn =>
  column.type === 'integer' ? { ...column, type: 'number' } : column

function below(place: string, error: unknown): unknown {
  if (!(error instanceof TrainyardError) || error.code !== 'INVALID_ROWS') return error
  const errors: Flaw[] = error.errors.map(flaw => ({ ...flaw, path: `${place}${flaw.path}` }))
  return new TrainyardError('INVALID_INSTANCES', error.kind, error.message, { errors })
}

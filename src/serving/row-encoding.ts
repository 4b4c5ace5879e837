import { type EncodedTable, encodeRows, type TableRow } from '../datasets/tables/row-encoder.js'
import { escapePointerToken, type FieldError, fieldError, TrainyardError } from '../errors.js'
import type { CellFormat } from '../spec/dataset.js'
import type { FeatureColumn } from '../spec/feature-column.js'
import type { RowsInput } from '../spec/ipc-messages.js'
import type { BoostingModel } from '../spec/model.js'

export const unknownCategories = ['missing', 'error'] as const
export const unknownColumns = ['error', 'ignore'] as const

export interface RowPredictionOptions {
  explain?: boolean
  /** Whether a category that training has not seen counts as missing or is an error. */
  unknownCategory: (typeof unknownCategories)[number]
  /** Whether a column that the data set does not have is an error or ignored. */
  unknownColumn: (typeof unknownColumns)[number]
}

export interface RowLimits {
  /** Rows in one request. */
  rows: number
  /** Rows in one request with SHAP values. */
  explainedRows: number
  /** Numbers that go into a prediction or come out of it. */
  predictionValues: number
  /** SHAP values in one answer. */
  explainedValues: number
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

/** Encodes rows as the numbers that a model takes. `text`: the cells are texts of a CSV. Throws unless every row fits. */
export function encodeModelRows(
  { rows, text }: { rows: readonly TableRow[]; text: boolean },
  { columns, unusedColumns, cellFormat, offset, outputs }: RowModel,
  { explain = false, ...encoding }: RowPredictionOptions,
  limits: RowLimits,
): EncodedRows {
  checkRowCount(rows.length, explain, { columns: columns.length, outputs }, limits)
  const encoded = offset === null ? columns : [...columns, offsetColumn(offset)]
  const { values, ...report } = encodeRows(encoded.map(integerAsNumber), rows, {
    ...encoding,
    unusedColumns,
    ...(cellFormat && { cellFormat }),
    text,
  })
  const input = offset === null ? { rows: values } : splitOffsets(values, rows.length, offset)
  return { ...input, count: rows.length, explain, report }
}

/** The numbers that go into the model or come out of it are limited, too. Throws INVALID_REQUEST. */
export function checkRowCount(
  rows: number,
  explain: boolean,
  { columns, outputs }: { columns: number; outputs: number },
  limits: RowLimits,
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
  throw new TrainyardError('INVALID_REQUEST', message, {
    errors: [fieldError('/instances', 'wrong_length', message)],
  })
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
    const error: FieldError = fieldError(
      `/${lacking}/${escapePointerToken(name)}`,
      'required',
      message,
    )
    throw new TrainyardError('INVALID_INSTANCES', message, { errors: [error] })
  }
  return { rows: values.filter((_, i) => (i + 1) % width !== 0), offsets }
}

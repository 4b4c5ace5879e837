import type { CsvRows } from '../datasets/tables/csv-rows.js'
import {
  type EncodedTable,
  RowEncoding,
  type TableRow,
  type ValueBatch,
} from '../datasets/tables/row-encoder.js'
import { escapePointerToken, type FieldError, fieldError, TrainyardError } from '../errors.js'
import type { CellFormat } from '../spec/dataset.js'
import type { FeatureColumn } from '../spec/feature-column.js'
import type { RowsInput } from '../spec/ipc-messages.js'
import type { BoostingModel } from '../spec/model.js'
import type { Note } from '../spec/note.js'

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
export type RowsReport = Omit<EncodedTable, 'values'> & {
  /** What the reader of a typed file left out. */
  notes?: readonly Note[]
}

export type EncodedRows = RowsInput & { report: RowsReport }

/** What the predictor takes of them. */
export const inputOf = ({ rows, count, explain, offsets }: EncodedRows): RowsInput =>
  offsets ? { rows, count, explain, offsets } : { rows, count, explain }

export const rowModelOf = ({ input, target, labels, model }: BoostingModel): RowModel => ({
  columns: input.columns,
  // older models lack the list
  unusedColumns: input.unusedColumns ?? [target],
  cellFormat: input.cellFormat,
  offset: input.offset ?? null,
  outputs: Math.max(1, labels.length, model.quantile.length),
})

/** Rows that a reader gives by column. */
export interface ColumnRows {
  count: number
  batches: Iterable<ValueBatch>
}

/** Rows as they are given. */
export type GivenRows = { rows: readonly TableRow[] } | { csv: CsvRows } | ColumnRows

/** By the columns of a manifest, which requests for a version share and which never change. */
const encodings = new WeakMap<readonly FeatureColumn[], RowEncoding>()

function encodingOf({ columns, unusedColumns, cellFormat, offset }: RowModel): RowEncoding {
  let encoding = encodings.get(columns)
  if (!encoding) {
    const encoded = offset === null ? columns : [...columns, offsetColumn(offset)]
    encoding = new RowEncoding(encoded.map(integerAsNumber), {
      unusedColumns,
      ...(cellFormat && { cellFormat }),
    })
    encodings.set(columns, encoding)
  }
  return encoding
}

/** Encodes rows as the numbers that a model takes. Throws unless every row fits. */
export function encodeModelRows(
  given: GivenRows,
  model: RowModel,
  options: RowPredictionOptions,
  limits: RowLimits,
): EncodedRows {
  const { explain = false } = options
  const { columns, offset, outputs } = model
  const size = { columns: columns.length, outputs }
  const encoding = encodingOf(model)
  let count = 0
  const checkCount = (rows: number) => {
    count = rows
    checkRowCount(rows, explain, size, limits)
  }
  const encode = (): EncodedTable => {
    if ('csv' in given)
      return encoding.encodeCsv(given.csv, options, {
        maxRows: maxRowsOf(size, explain, limits),
        checkCount,
      })
    checkCount('rows' in given ? given.rows.length : given.count)
    return 'rows' in given
      ? encoding.encode(given.rows, options)
      : encoding.encodeColumns(count, given.batches, options)
  }
  const { values, unknownCategories, passedOver, absent } = encode()
  const report = { unknownCategories, passedOver, absent }
  if (offset === null) return { rows: values, count, explain, report }
  return { ...splitOffsets(values, count, offset), count, explain, report }
}

interface RowSize {
  columns: number
  outputs: number
}

const valuesPerRow = ({ columns, outputs }: RowSize, explain: boolean) =>
  explain ? (columns + 1) * outputs : Math.max(columns, outputs)

/** Rows in one request: the numbers that go into the model or come out of it are limited, too. */
export const maxRowsOf = (size: RowSize, explain: boolean, limits: RowLimits): number =>
  Math.min(
    explain ? limits.explainedRows : limits.rows,
    Math.floor(
      (explain ? limits.explainedValues : limits.predictionValues) / valuesPerRow(size, explain),
    ),
  )

/** Throws INVALID_REQUEST. */
export function checkRowCount(
  rows: number,
  explain: boolean,
  size: RowSize,
  limits: RowLimits,
): void {
  const maxRows = maxRowsOf(size, explain, limits)
  if (rows >= 1 && rows <= maxRows) return
  const action = explain ? 'explain' : 'predict'
  const maxValues = explain ? limits.explainedValues : limits.predictionValues
  const message =
    maxRows < 1
      ? `to ${action} a row of this model takes ${valuesPerRow(size, explain)} values, expected at most ${maxValues}`
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

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Booster } from '../../src/boosting/booster.js'
import { TreePredictor } from '../../src/boosting/tree-predictor.js'
import {
  type BatchRows,
  cellOf,
  readBatches,
  type StoredColumn,
  storedColumns,
} from '../../src/datasets/stored/stored-columns.js'
import type { StoredDataset } from '../../src/datasets/stored/stored-dataset.js'
import { TrainingFailure, TrainyardError } from '../../src/errors.js'
import { rowsAtOnce } from '../../src/planning/prediction-size.js'
import type { ClassSelection } from '../../src/predictions/class-fields.js'
import { withTop } from '../../src/predictions/fields.js'
import { encodeModelRows, rowModelOf } from '../../src/predictions/row-encoding.js'
import { rowFields } from '../../src/predictions/row-fields.js'
import { addClasses, addValues, type Scores } from '../../src/predictions/scores.js'
import type { Cell, TableManifest } from '../../src/spec/dataset.js'
import type { FeatureColumn } from '../../src/spec/feature-column.js'
import type { RowValues } from '../../src/spec/ipc-messages.js'
import type { BoostingModel } from '../../src/spec/model.js'
import { predictsClasses } from '../../src/spec/prediction-columns.js'
import { countNotFinite, type PredictedRecords, type RecordPredictor } from './batch-predictor.js'

export interface RowPredictorOptions {
  threads: number
  selection: ClassSelection
  /** The number of the first row in its data set, for messages. */
  firstRow: number
}

/** A batch of a data set is no request. */
const noLimits = {
  rows: Number.POSITIVE_INFINITY,
  explainedRows: 0,
  predictionValues: Number.POSITIVE_INFINITY,
  explainedValues: 0,
}

/** Opens a version, which reads the rows of a table as those of a request. */
export async function openRowsPredictor(
  folder: string,
  model: BoostingModel,
  dataset: StoredDataset<TableManifest>,
  { threads, selection, firstRow }: RowPredictorOptions,
): Promise<RecordPredictor> {
  const rowModel = rowModelOf(model)
  const { columns, offset } = rowModel
  const booster = Booster.load(await readFile(join(folder, 'model.ubj')))
  const trees = new TreePredictor(booster, columns, model.model.objective, threads)
  const stored = new Map(storedColumns(dataset.manifest).map(each => [each.column.name, each]))
  const used = [...columns.map(({ name }) => name), ...(offset === null ? [] : [offset])].map(
    name => stored.get(name) ?? null,
  )
  const target = stored.get(model.target)
  const scored = scoredBy(model, target)
  const fieldsOf = (values: Float32Array, outputs: number) => {
    const { fields, top } = rowFields(model, { values, outputs }, selection)
    return withTop(fields, top)
  }
  const batchRows = rowsAtOnce(used.length)
  const readers = used.map((column, at) => cellReader(column, columns[at]?.type ?? 'number'))

  function encode(batch: BatchRows, first: number) {
    const given = used.flatMap((column, at) => {
      if (!column) return []
      const values = batch.values(column)
      return [{ name: column.column.name, value: (row: number) => readers[at]!(values, row) }]
    })
    const rows = { count: batch.rows, batches: [{ firstRow: 0, rows: batch.rows, columns: given }] }
    const options = { unknownCategory: 'missing', unknownColumn: 'error' } as const
    try {
      return encodeModelRows(rows, rowModel, options, noLimits)
    } catch (error) {
      throw badRow(error, firstRow + first, dataset.manifest)
    }
  }

  return {
    // sums of leaves, one row after the other: they do not depend on threads
    engine: { runtime: 'xgboost', precision: 'fp32', threads: null },
    fields: fieldsOf(new Float32Array(0), rowModel.outputs),
    scored,
    *predict({ first, end }, scores, maxRecords): Generator<PredictedRecords> {
      for (let at = first; at < end; ) {
        const until = Math.min(end, at + Math.min(batchRows, maxRecords))
        for (const batch of readBatches(dataset, { first: at, end: until })) {
          const { report, ...input } = encode(batch, at)
          for (const { column, rows } of report.unknownCategories) {
            scores.unknownCategories[column] = (scores.unknownCategories[column] ?? 0) + rows
          }
          const { values, outputs } = trees.predict(input)
          const fields = fieldsOf(values, outputs)
          if (scored && target)
            addScores(scores, model, { values, outputs }, readCells(target, batch))
          scores.notFinite += countNotFinite(fields, batch.rows)
          yield { count: batch.rows, fields }
          at += batch.rows
        }
      }
    },
    [Symbol.dispose]: () => trees[Symbol.dispose](),
  }
}

type Values = ReturnType<BatchRows['values']>

/** Reads stored cells as a request has them, for a column of the model. */
function cellReader(
  column: StoredColumn | null,
  type: FeatureColumn['type'],
): (values: Values, row: number) => Cell {
  const isNumber = type === 'number' || type === 'integer'
  if (!column || !isNumber || column.column.type === 'category') {
    return (values, row) => column && cellOf(column, values[row]!, values instanceof Float32Array)
  }
  // the model reads float32, so a number needs no shortest form; true is 1
  return (values, row) => (Number.isNaN(values[row]!) ? null : values[row]!)
}

function readCells(column: StoredColumn, batch: BatchRows): Cell[] {
  const values = batch.values(column)
  return Array.from(values, value => cellOf(column, value, values instanceof Float32Array))
}

function scoredBy(
  model: BoostingModel,
  target: StoredColumn | undefined,
): RecordPredictor['scored'] {
  if (!target) return null
  if (predictsClasses(model)) return 'classes'
  const isValue = !['ranking', 'quantile'].includes(model.model.objective)
  return isValue && target.column.type !== 'category' ? 'values' : null
}

function addScores(
  scores: Scores,
  model: BoostingModel,
  output: Pick<RowValues, 'values' | 'outputs'>,
  cells: readonly Cell[],
): void {
  const { fields } = rowFields(model, output, { outputs: ['label', 'probabilities'], topK: null })
  const valuesOf = (name: string) => fields.find(field => field.name === name)!.values
  if (!predictsClasses(model)) {
    const targets = Float64Array.from(cells, value => (value === null ? Number.NaN : Number(value)))
    addValues(scores, valuesOf('value'), targets)
    return
  }
  const indices = new Map(model.labels.map((label, index) => [label, index]))
  const labels = Int32Array.from(cells, value =>
    value === null ? -2 : (indices.get(String(value)) ?? -1),
  )
  const probabilities = valuesOf('probabilities') as Float32Array | Float64Array
  addClasses(scores, probabilities, valuesOf('label') as Int32Array, labels)
}

/** Names the row of the table in place of that of the batch. */
function badRow(error: unknown, first: number, { name }: TableManifest): unknown {
  if (!(error instanceof TrainyardError) || error.errors.length === 0) return error
  const [found] = error.errors
  const [, row] = found!.path.split('/')
  // the batch counts its own rows
  const problem = found!.message.replace(/^row \d+:? /, '')
  return new TrainingFailure(
    'bad_sample',
    `row ${first + Number(row)} of data set '${name}', counted from 0: ${problem}`,
    { cause: error },
  )
}

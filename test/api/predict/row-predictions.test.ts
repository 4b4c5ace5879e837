import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '../../../src/api/http/limits.js'
import { toJson } from '../../../src/api/predict/json-answer.js'
import { rowPredictions } from '../../../src/api/predict/row-predictions.js'
import { readRows } from '../../../src/api/predict/rows.js'
import { rowModelOf } from '../../../src/predictions/row-encoding.js'
import { resolveBoostingOptions } from '../../../src/spec/boosting-options.js'
import type { BoostingModel, RowPredictions } from '../../../src/spec/model.js'

const model: BoostingModel = {
  id: 'sales',
  name: 'sales',
  version: 2,
  versions: [1, 2],
  jobId: 'job-01jdzzzzzzzzzzzzzzzzzzzzzz',
  createdAt: '2026-01-01T00:00:00.000Z',
  dataset: { id: 'ds-0123456789abcdef', name: 'table' },
  step: 1,
  labels: [],
  metrics: {},
  model: resolveBoostingOptions({ kind: 'boosting' }, 'regression'),
  target: 'y',
  input: {
    columns: [
      { name: 'firm', type: 'category', categories: ['1.0', '2.0'] },
      { name: 'size', type: 'number', categories: null },
    ],
    unusedColumns: ['id', 'note', 'y', 'weight'],
  },
  featureImportance: [],
}
const query = { unknownCategory: 'missing', unknownColumn: 'error' } as const

/** The answer to a body, from predictions that are the sums of the rows, where a missing value is 0. */
function answer(body: unknown, from = model): RowPredictions & { rows: number[] } {
  const { rows, count, report } = readRows(body, rowModelOf(from), query, defaultLimits)
  const cell = (i: number) => (Number.isNaN(rows[i]) ? 0 : rows[i]!)
  const values = Float32Array.from({ length: count }, (_, i) => cell(2 * i) + cell(2 * i + 1))
  const predictions = rowPredictions(from, { values, outputs: 1, explanations: null }, report)
  return { ...JSON.parse(toJson(predictions)), rows: [...rows] }
}

test('the lines of the uploaded file can be sent to predict, and the answer says what was left out', () => {
  const csv = Buffer.from('id,note,y,weight,firm,size\na7,"long, text",3,0.5,1.0,2\na8,,NA,1,2,4\n')
  const { rows, predictions, unknownCategories, notes } = answer(csv)
  assert.deepEqual(rows, [0, 2, 1, 4])
  assert.deepEqual(predictions, [{ value: 2 }, { value: 5 }])
  assert.deepEqual(unknownCategories, {})
  assert.deepEqual(notes, [
    {
      code: 'columns_passed_over',
      message: "columns that the model does not use are passed over: 'id', 'note', 'y', 'weight'",
      columns: ['id', 'note', 'y', 'weight'],
    },
  ])
})

test('unknown categories are counted by column, and columns that no row has are named', () => {
  const instances = [{ firm: 3 }, { firm: 'x' }, { firm: 1 }]
  const { rows, unknownCategories, notes } = answer({ instances })
  const NA = Number.NaN
  assert.deepEqual(rows, [NA, NA, NA, NA, 0, NA])
  assert.deepEqual(unknownCategories, { firm: 2 })
  assert.deepEqual(
    notes.map(({ message }) => message),
    [
      "categories that training has not seen count as missing: '3', 'x' of 'firm', in 2 rows; unknownCategory=error refuses them",
      "columns that no row has count as missing in all rows: 'size'",
    ],
  )
  assert.deepEqual(answer({ instances: [[1, 2]] }).notes, [])
})

test('a foreign column is refused unless the body says to ignore it', () => {
  const instances = [{ firm: 1, size: 2, colour: 'red' }]
  assert.throws(() => answer({ instances }), /row 0: there is no column "colour"/)
  assert.deepEqual(answer({ instances, unknownColumn: 'ignore' }).predictions, [{ value: 2 }])
  assert.throws(() => answer({ instances, unknownColumn: 'error' }), /unknownColumn=ignore/)
  assert.throws(
    () => answer({ instances, unknownColumn: true }),
    /unknownColumn is expected to be one of error, ignore/,
  )
})

test('a model from before the other columns were listed passes over its target', () => {
  const { columns } = model.input
  const { predictions } = answer(
    { instances: [{ firm: 1, size: 2, y: 9 }] },
    { ...model, input: { columns } },
  )
  assert.deepEqual(predictions, [{ value: 2 }])
})

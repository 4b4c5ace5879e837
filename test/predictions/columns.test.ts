import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classFields } from '../../src/predictions/class-fields.js'
import { columnNames, withTop } from '../../src/predictions/fields.js'
import { rowFields } from '../../src/predictions/row-fields.js'
import { resolveBoostingOptions } from '../../src/spec/boosting-options.js'
import { freeNames, predictionColumns } from '../../src/spec/prediction-columns.js'

const none = new Float32Array(0)

for (const objective of ['binary', 'multiclass', 'regression', 'ranking', 'quantile'] as const) {
  test(`the columns that a plan lists are those of the predictions: ${objective}`, () => {
    const labels = { binary: ['n', 'y'], multiclass: ['a', 'b', 'c'] }[objective as string] ?? []
    const quantile = objective === 'quantile' ? [0.1, 0.9] : []
    const model = resolveBoostingOptions({ kind: 'boosting', quantile }, objective)
    const outputs = Math.max(1, objective === 'binary' ? 1 : labels.length, quantile.length)
    for (const topK of [null, 2]) {
      const selection = { outputs: ['label', 'probabilities'] as const, topK }
      const { fields, top } = rowFields({ model, labels }, { values: none, outputs }, selection)
      const found = withTop(fields, top).flatMap(columnNames)
      const hasClasses = labels.length > 0
      const planned = predictionColumns(
        { model, labels },
        { outputs: hasClasses ? [...selection.outputs] : null, topK },
      )
      assert.deepEqual(planned, found)
    }
  })
}

test('the columns that a plan lists are those of the predictions: a network', () => {
  const labels = ['cat', 'dog', 'owl']
  const outputs = ['label', 'probability', 'probabilities', 'logits'] as const
  const values = { classes: 3, labels, probabilities: none, logits: none }
  const { fields, top } = classFields(values, { outputs, topK: 5 })
  const model = {
    kind: 'vgg' as const,
    depth: 11 as const,
    batchNorm: false,
    dropout: 0.5,
    dense: 'gap' as const,
  }
  const planned = predictionColumns({ model, labels }, { outputs: [...outputs], topK: 5 })
  assert.deepEqual(planned, withTop(fields, top).flatMap(columnNames))
})

test('a name that is taken gets the next number that is free', () => {
  assert.deepEqual(freeNames(['a', 'b', 'a'], ['a', 'a_2']), ['a_3', 'b', 'a_4'])
})

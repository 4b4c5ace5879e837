import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowExplanations } from '../../../src/api/predict/row-explanations.js'
import type { RowValues } from '../../../src/spec/ipc-messages.js'
import type { BoostingModel } from '../../../src/spec/model.js'

const model = (objective: string, labels: string[], quantile: number[] = []) =>
  ({
    ...{ id: 'trees', name: 'trees', version: 1, labels, model: { objective, quantile } },
    input: { columns: ['a', 'b'].map(name => ({ name, type: 'number', categories: null })) },
  }) as unknown as BoostingModel
const report = { unknownCategories: [], passedOver: [], absent: [] }

const explain = (of: BoostingModel, values: RowValues, target?: string) => {
  const table = rowExplanations(of, values, report, target)
  return Array.from({ length: table.count }, (_, row) => table.explanation(row))
}

test('of two classes, the first has the numbers of the second with the opposite sign', () => {
  const values: RowValues = {
    values: Float32Array.of(0.75, 0.25),
    outputs: 1,
    explanations: {
      margins: Float32Array.of(1.5, -1.5),
      contributions: Float32Array.of(1, 0.25, 0.25, -2, 0.25, 0.25),
    },
  }
  const binary = model('binary', ['no', 'yes'])
  const yes = { label: 'yes', index: 1, probability: 0.75 }
  const no = { label: 'no', index: 0, probability: 0.75 }
  const forYes = { margin: 1.5, bias: 0.25, contributions: { a: 1, b: 0.25 } }
  const forNo = { margin: 1.5, bias: -0.25, contributions: { a: 2, b: -0.25 } }
  assert.deepEqual(explain(binary, values), [
    { target: yes, predicted: yes, ...forYes },
    { target: no, predicted: no, ...forNo },
  ])
  assert.deepEqual(explain(binary, values, 'no')[0], {
    target: { label: 'no', index: 0, probability: 0.25 },
    predicted: yes,
    ...{ margin: -1.5, bias: -0.25, contributions: { a: -1, b: -0.25 } },
  })
})

test('of quantiles, the middle one is explained, or the one that is asked for', () => {
  const values: RowValues = {
    values: Float32Array.of(1, 2, 3),
    outputs: 3,
    explanations: {
      margins: Float32Array.of(1, 2, 3),
      contributions: Float32Array.of(0.5, 0.25, 0.25, 1, 0.5, 0.5, 2, 0.5, 0.5),
    },
  }
  const quantiles = model('quantile', [], [0.1, 0.5, 0.9])
  const middle = {
    ...{ target: { label: '0.5', index: 1 }, predicted: null, value: 2 },
    ...{ margin: 2, bias: 0.5, contributions: { a: 1, b: 0.5 } },
  }
  assert.deepEqual(explain(quantiles, values), [middle])
  const highest = explain(quantiles, values, '0.9')
  assert.deepEqual([highest[0]!.target, highest[0]!.value], [{ label: '0.9', index: 2 }, 3])
  assert.throws(() => explain(quantiles, values, '0.7'), {
    code: 'INVALID_QUERY',
    message: "'trees' has no quantile '0.7'; it has '0.1', '0.5', '0.9'",
  })
})

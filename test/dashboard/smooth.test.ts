import assert from 'node:assert/strict'
import { test } from 'node:test'
import { smooth } from '../../src/dashboard/charts/smooth.js'
import { groupMetrics, metricsInOrder, metricTitle } from '../../src/presentation/metric-groups.js'

test('a smoothed curve is a weighted mean of the values before, of which the newest counts most', () => {
  const values = [4, 1, null, 7, 3]
  const weight = 0.6
  const known = values.filter(value => value !== null)
  const expected = known.map((_, i) => {
    const weights = known.slice(0, i + 1).map((_, j) => weight ** (i - j))
    const sum = known.slice(0, i + 1).reduce((total, value, j) => total + value * weights[j]!, 0)
    return sum / weights.reduce((total, each) => total + each, 0)
  })
  const smoothed = smooth(values, weight)
  assert.equal(smoothed[2], null)
  for (const [i, value] of smoothed.filter(value => value !== null).entries()) {
    assert.ok(Math.abs(value - expected[i]!) < 1e-12)
  }
})

test('smoothing leaves curves of equal values and those without a weight as they are', () => {
  assert.deepEqual(smooth([0.1, null, 0.1], 0.9), [0.1, null, 0.1])
  assert.deepEqual(smooth([1, 2], 0), [1, 2])
  assert.deepEqual(smooth([null], 0.5), [null])
})

test('a chart shows the metrics of training and validation that measure the same, results first', () => {
  const groups = groupMetrics([
    ...['learningRate', 'validationTop5Accuracy', 'validationLoss', 'loss', 'validationAccuracy'],
    ...['accuracy', 'loss', 'validationRmse', 'rmse'],
  ])
  assert.deepEqual(
    groups.map(({ name, metrics }) => [name, metrics.map(metric => metric.name)]),
    [
      ['loss', ['loss', 'validationLoss']],
      ['accuracy', ['accuracy', 'validationAccuracy', 'validationTop5Accuracy']],
      ['rmse', ['rmse', 'validationRmse']],
      ['learningRate', ['learningRate']],
    ],
  )
  assert.equal(metricTitle('validationTop5Accuracy'), 'Validation top-5 accuracy')
  assert.deepEqual(
    metricsInOrder(['l2Penalty', 'weightedLoss', 'learningRate', 'validationLoss', 'auc', 'loss']),
    ['loss', 'weightedLoss', 'validationLoss', 'auc', 'learningRate', 'l2Penalty'],
  )
})

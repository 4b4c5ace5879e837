import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluatePredictions, evaluationOf } from '../../src/training-control/evaluation.js'

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}, expected ${expected}`)

test('an evaluation of two classes has the curves that scikit-learn computes', () => {
  // the example of sklearn.metrics.roc_auc_score and average_precision_score
  const evaluation = evaluatePredictions(
    ['no', 'yes'],
    [0, 0, 1, 1],
    Float32Array.of(0.1, 0.4, 0.35, 0.8),
  )
  const { roc, pr, ...counts } = evaluation
  assert.deepEqual(counts, {
    records: 4,
    accuracy: 0.75,
    confusionMatrix: [
      [2, 0],
      [1, 1],
    ],
    perClass: [
      { label: 'no', records: 2, recall: 1, precision: 2 / 3 },
      { label: 'yes', records: 2, recall: 0.5, precision: 1 },
    ],
  })
  close(roc!.auc, 0.75)
  close(pr!.averagePrecision, 5 / 6)
  assert.deepEqual(
    roc!.points.map(point => [point.falsePositiveRate, point.truePositiveRate]),
    [
      [0, 0.5],
      [0.5, 0.5],
      [0.5, 1],
      [1, 1],
    ],
  )
  assert.deepEqual(
    pr!.points.map(point => [point.recall, point.precision]),
    [
      [0.5, 1],
      [0.5, 0.5],
      [1, 2 / 3],
      [1, 0.5],
    ],
  )
})

test('two columns of probabilities are evaluated as the one of the second class', () => {
  const truth = [0, 0, 1, 1]
  const second = Float32Array.of(0.25, 0.75, 0.75, 0.875)
  const both = Float32Array.from({ length: 8 }, (_, i) => {
    const probability = second[i >> 1]!
    return i % 2 === 1 ? probability : 1 - probability
  })
  const evaluation = evaluatePredictions(['a', 'b'], truth, both)
  assert.deepEqual(evaluation, evaluatePredictions(['a', 'b'], truth, second))
  // equal probabilities of both classes count half
  assert.equal(evaluation.roc!.auc, 0.875)
})

test('an evaluation without records of a class has no curves and no recall', () => {
  const evaluation = evaluatePredictions(['no', 'yes'], [0, 0], Float32Array.of(0.1, 0.2))
  assert.equal(evaluation.roc, undefined)
  assert.deepEqual(evaluation.perClass[1], {
    label: 'yes',
    records: 0,
    recall: null,
    precision: null,
  })
})

test('the five most probable classes count from six classes on, and a matrix up to a hundred', () => {
  const identity = (classes: number) =>
    Float32Array.from({ length: classes ** 2 }, (_, i) => (i % (classes + 1) === 0 ? 1 : 0))
  const evaluate = (classes: number) => {
    const indices = Array.from({ length: classes }, (_, i) => i)
    // each record has the probability 1 for its own class, but belongs to the next one
    const truth = indices.map(i => (i + 1) % classes)
    return evaluatePredictions(indices.map(String), truth, identity(classes))
  }
  assert.equal(evaluate(5).top5Accuracy, undefined)
  // after the predicted class come the first classes, whose zeros are equal: 4 of them are in the five
  assert.equal(evaluate(8).top5Accuracy, 0.625)
  assert.equal(evaluate(100).confusionMatrix!.length, 100)
  assert.equal(evaluate(101).confusionMatrix, undefined)
  assert.equal(evaluate(101).perClass.length, 101)
})

test('long curves are thinned to 100 points, and their areas are of all points', () => {
  const count = 10_000
  const truth = Array.from({ length: count }, (_, i) => Number(i >= count / 2))
  const probabilities = Float32Array.from({ length: count }, (_, i) => i / count)
  const { roc, pr } = evaluatePredictions(['a', 'b'], truth, probabilities)
  assert.equal(roc!.auc, 1)
  close(pr!.averagePrecision, 1)
  assert.equal(roc!.points.length, 100)
  assert.deepEqual(roc!.points.at(-1), {
    threshold: 0,
    falsePositiveRate: 1,
    truePositiveRate: 1,
  })
})

test('counts alone make an evaluation', () => {
  const evaluation = evaluationOf({
    labels: ['a', 'b'],
    records: [3, 1],
    predicted: [2, 2],
    correct: [2, 1],
    confusion: null,
    top5: null,
  })
  assert.deepEqual(evaluation, {
    records: 4,
    accuracy: 0.75,
    perClass: [
      { label: 'a', records: 3, recall: 2 / 3, precision: 1 },
      { label: 'b', records: 1, recall: 1, precision: 0.5 },
    ],
  })
})

test('probabilities that are no numbers end the curves too', () => {
  const { records, roc } = evaluatePredictions(
    ['no', 'yes'],
    [0, 1, 1],
    Float32Array.of(0.2, Number.NaN, Number.NaN),
  )
  assert.equal(records, 3)
  assert.equal(roc!.points.length, 3)
})

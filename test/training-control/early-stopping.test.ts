import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromLoggedRow, type MetricRow, toLoggedRow } from '../../src/spec/metrics.js'
import type { EarlyStopping } from '../../src/spec/training-options.js'
import {
  type BestCriterion,
  boostingCriterion,
  EarlyStoppingTracker,
  networkCriterion,
} from '../../src/training-control/early-stopping.js'

type Values = MetricRow['values']

const byAccuracy = networkCriterion({ metric: 'validationAccuracy' })
const byLoss = networkCriterion({ metric: 'validationLoss' })
const byAuc = boostingCriterion({ metric: 'validationAuc', patience: 1, minDelta: 0 })

const rowsOf = (evaluations: readonly Values[]): MetricRow[] =>
  evaluations.map((values, i) => ({ step: i + 1, time: '', values }))

/** The best step after each evaluation, for a job that is resumed after `resumedAfter` of them. */
function bests(evaluations: readonly Values[], criterion: BestCriterion, resumedAfter = 0) {
  const rows = rowsOf(evaluations)
  const tracker = new EarlyStoppingTracker(criterion, null)
  const replayed = rows.slice(0, resumedAfter).map(row => fromLoggedRow(toLoggedRow(row)))
  return [...replayed, ...rows.slice(resumedAfter)].map(row => {
    tracker.update(row)
    return tracker.bestStep
  })
}

/** The evaluation after which early stopping ends the job; 0 if it does not. */
function stops(values: readonly number[], options: EarlyStopping): number {
  const tracker = new EarlyStoppingTracker(null, options)
  const stopped = rowsOf(values.map(value => ({ [options.metric]: value }))).map(row => {
    tracker.update(row)
    return tracker.shouldStop
  })
  return stopped.indexOf(true) + 1
}

/** Evaluations of a network as pairs of accuracy and loss. */
const evaluations = (...pairs: [validationAccuracy: number, validationLoss: number][]) =>
  pairs.map(([validationAccuracy, validationLoss]) => ({ validationAccuracy, validationLoss }))

const { NaN: nan, POSITIVE_INFINITY: inf } = Number

const cases: [string, BestCriterion, Values[], (number | null)[]][] = [
  ['the highest accuracy', byAccuracy, evaluations([0.5, 2], [0.7, 3], [0.6, 1]), [1, 2, 2]],
  ['the lowest loss', byLoss, evaluations([0.5, 2], [0.4, 1], [0.9, 1.5]), [1, 2, 2]],
  [
    'the lower loss of equal accuracies',
    byAccuracy,
    evaluations([0.7, 2], [0.7, 3], [0.7, 1], [0.7, 1.5]),
    [1, 1, 3, 3],
  ],
  ['the higher accuracy of equal losses', byLoss, evaluations([0.7, 2], [0.6, 2]), [1, 1]],
  [
    'the later one of equal evaluations',
    byAccuracy,
    evaluations([0.7, 2], [0.7, 2], [0.6, 2]),
    [1, 2, 2],
  ],
  [
    'never one whose loss is NaN or infinite, whatever its accuracy',
    byAccuracy,
    evaluations([0.9, nan], [0.1, 5], [0.9, nan], [0.9, inf], [0.9, -inf], [0.2, 4]),
    [null, 2, 2, 2, 2, 6],
  ],
  [
    'never an infinite loss by the loss itself',
    byLoss,
    evaluations([0.9, -inf], [0.9, inf], [0.9, nan], [0.9, 1]),
    [null, null, null, 4],
  ],
  ['none if all are NaN', byAccuracy, evaluations([0.1, nan], [0.1, nan]), [null, null]],
  [
    'never one without a loss, such as a row of training',
    byAccuracy,
    [{ validationAccuracy: 1 }, { loss: 1, accuracy: 1 }, { validationLoss: 1 }],
    [null, null, null],
  ],
  [
    'the highest AUC, the first of equal ones, and never NaN',
    byAuc,
    [nan, 0.7, 0.9, nan, 0.9, 0.8].map(validationAuc => ({ validationAuc })),
    [null, 2, 3, 3, 3, 3],
  ],
]

for (const [what, criterion, values, expected] of cases) {
  test(`the best evaluation is ${what}, also after a resume`, () => {
    for (let resumedAfter = 0; resumedAfter <= values.length; resumedAfter++) {
      assert.deepEqual(bests(values, criterion, resumedAfter), expected)
    }
  })
}

test('patience counts evaluations that are not better by more than minDelta', () => {
  const metric = 'validationLoss'
  assert.equal(stops([3, 2, 2.5, 2.4, 1], { metric, patience: 2, minDelta: 0 }), 4)
  assert.equal(stops([3, 2, 2.5, 1.9, 2, 2], { metric, patience: 2, minDelta: 0 }), 6)
  assert.equal(stops([3, 2.8, 2.7], { metric, patience: 2, minDelta: 0.5 }), 3)
  assert.equal(stops([3, 2, 1], { metric, patience: 1, minDelta: 0 }), 0)
})

test('NaN and infinity are never an improvement, and count towards patience', () => {
  const metric = 'validationLoss'
  assert.equal(stops([nan, nan, nan], { metric, patience: 2, minDelta: 0 }), 2)
  assert.equal(stops([3, nan, inf, 2], { metric, patience: 3, minDelta: 0 }), 0)
  assert.equal(stops([3, -inf, 2, nan, nan], { metric, patience: 2, minDelta: 0 }), 5)
})

test('rows without the metric do not count as evaluations', () => {
  const tracker = new EarlyStoppingTracker(null, {
    metric: 'validationLoss',
    patience: 1,
    minDelta: 0,
  })
  for (let step = 1; step < 9; step++) tracker.update({ step, time: '', values: { loss: 1 } })
  assert.equal(tracker.shouldStop, false)
})

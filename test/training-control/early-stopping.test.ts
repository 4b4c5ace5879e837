import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EarlyStopping, KeepBest } from '../../src/spec/training-options.js'
import { EarlyStoppingTracker } from '../../src/training-control/early-stopping.js'

/** The best step so far and `shouldStop`, after each evaluation. */
function evaluate(
  values: number[],
  metric: KeepBest['metric'],
  earlyStopping: EarlyStopping | null = null,
) {
  const earlyStoppingTracker = new EarlyStoppingTracker({ metric }, earlyStopping)
  return values.map((value, i) => {
    earlyStoppingTracker.update({ step: i + 1, time: '', values: { [metric]: value } })
    return { best: earlyStoppingTracker.bestStep, stop: earlyStoppingTracker.shouldStop }
  })
}

const bests = (values: number[], metric: KeepBest['metric']) =>
  evaluate(values, metric).map(({ best }) => best)
const stops = (values: number[], options: EarlyStopping) =>
  evaluate(values, options.metric, options).findIndex(({ stop }) => stop) + 1

test('of equal evaluations the later one is the best', () => {
  assert.deepEqual(bests([0.5, 0.7, 0.6, 0.7], 'validationAccuracy'), [1, 2, 2, 4])
  assert.deepEqual(bests([2, 1, 1.5, 0.5], 'validationLoss'), [1, 2, 2, 4])
})

test('a loss of NaN is never better', () => {
  assert.deepEqual(bests([2, Number.NaN, 1], 'validationLoss'), [1, 1, 3])
})

test('patience counts evaluations that are not better by more than minDelta', () => {
  const metric = 'validationLoss'
  assert.equal(stops([3, 2, 2.5, 2.4, 1], { metric, patience: 2, minDelta: 0 }), 4)
  assert.equal(stops([3, 2, 2.5, 1.9, 2, 2], { metric, patience: 2, minDelta: 0 }), 6)
  assert.equal(stops([3, 2.8, 2.7], { metric, patience: 2, minDelta: 0.5 }), 3)
  assert.equal(stops([3, 2, 1], { metric, patience: 1, minDelta: 0 }), 0)
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

test("with onTie 'earlier', the earlier of equal evaluations is the best", () => {
  const tracker = new EarlyStoppingTracker({ metric: 'validationAuc', onTie: 'earlier' }, null)
  for (const [i, value] of [0.7, 0.9, 0.9, 0.8].entries()) {
    tracker.update({ step: i + 1, time: '', values: { validationAuc: value } })
  }
  assert.equal(tracker.bestStep, 2)
})

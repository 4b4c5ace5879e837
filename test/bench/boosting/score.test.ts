import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scoreOf } from '../../../bench/boosting/score.js'

test('AUC is the share of correctly ordered pairs, where a tie counts half', () => {
  const labels = Float32Array.of(0, 1, 0, 1)
  assert.equal(scoreOf(Float32Array.of(0.1, 0.9, 0.2, 0.8), labels).auc, 1)
  assert.equal(scoreOf(Float32Array.of(0.5, 0.5, 0.5, 0.5), labels).auc, 0.5)
  assert.equal(scoreOf(Float32Array.of(0.1, 0.9, 0.4, 0.3), labels).auc, 0.75)
  const { logLoss } = scoreOf(Float32Array.of(0.5, 0.5, 0.5, 0.5), labels)
  assert.ok(Math.abs(logLoss - Math.log(2)) < 1e-9)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FromTrainer } from '../../../src/spec/ipc-messages.js'
import { attemptLineFormatter, isStartupBanner } from '../../../workers/supervision/attempt-log.js'

const phase = (phase: 'preparing' | 'training' | 'saving', step = 0): FromTrainer => ({
  type: 'phase',
  phase,
  step,
})
const evaluated = (step: number): FromTrainer => ({
  type: 'metrics',
  row: { step, time: new Date().toISOString(), values: { validationLogloss: 1 / step } },
})

test('the log has each phase once, and no training rows', () => {
  const format = attemptLineFormatter()
  const lines = [phase('preparing'), phase('preparing'), phase('training'), phase('saving', 9)].map(
    format,
  )
  assert.deepEqual(lines, ['preparing', null, null, 'saving'])
  const row = { step: 1, time: '', values: { loss: 2 } }
  assert.equal(format({ type: 'metrics', row }), null)
})

test('the log has only the first of many evaluations within a second', () => {
  const format = attemptLineFormatter()
  const lines = [1, 2, 3, 4].map(step => format(evaluated(step)))
  assert.deepEqual(lines, ['step 1: validationLogloss 1', null, null, null])
})

test("TensorFlow's start-up lines are left out, its errors are not", () => {
  assert.ok(
    isStartupBanner('I0000 00:00:17 1 port.cc:153] oneDNN custom operations are on. You may'),
  )
  assert.ok(!isStartupBanner('E0000 00:00:17 1 cuda.cc:12] failed call to cuInit'))
})

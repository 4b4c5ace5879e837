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

test('a phase is told once, training steps not at all', () => {
  const tell = attemptLineFormatter()
  const told = [phase('preparing'), phase('preparing'), phase('training'), phase('saving', 9)].map(
    tell,
  )
  assert.deepEqual(told, ['preparing', null, null, 'saving'])
  const row = { step: 1, time: '', values: { loss: 2 } }
  assert.equal(tell({ type: 'metrics', row }), null)
})

test('of evaluations that come in a burst the log has the first', () => {
  const tell = attemptLineFormatter()
  const told = [1, 2, 3, 4].map(step => tell(evaluated(step)))
  assert.deepEqual(told, ['step 1: validationLogloss 1', null, null, null])
})

test("the engine's greetings are no news of a job, its errors are", () => {
  assert.ok(
    isStartupBanner('I0000 00:00:17 1 port.cc:153] oneDNN custom operations are on. You may'),
  )
  assert.ok(!isStartupBanner('E0000 00:00:17 1 cuda.cc:12] failed call to cuInit'))
})

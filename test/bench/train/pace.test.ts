import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StepController } from '../../../bench/train/pace.js'

test('a loop runs the requested number of steps, then waits', async () => {
  const pace = new StepController()
  let steps = 0
  const loop = async () => {
    do {
      steps++
      pace.recordStep()
    } while (await pace.shouldContinue())
  }
  const first = pace.run(1)
  void loop()
  assert.equal((await first).length, 1)
  assert.equal(steps, 1)
  assert.equal((await pace.run(3)).length, 3)
  assert.equal(steps, 4)
  assert.equal((await pace.run(1)).length, 1)
  assert.equal(steps, 5)
})

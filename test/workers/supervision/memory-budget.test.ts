import assert from 'node:assert/strict'
import { totalmem } from 'node:os'
import { test } from 'node:test'
import { machineMemory } from '../../../src/engine/machine-memory.js'
import { MemoryBudget } from '../../../workers/supervision/memory-budget.js'

const GiB = 2 ** 30

test('a job beyond the memory of the machine never fits, and the reason has both sizes and the cure', () => {
  const budget = new MemoryBudget(7.8 * GiB)
  const shortage = budget.reserve('large', 48.2 * GiB)
  assert.equal(shortage?.fits, false)
  assert.match(shortage.reason, /^needs about 48\.2 GiB of memory, and this worker has 7\.8 GiB: /)
  assert.match(shortage.reason, /smaller batchSize and accumulateSteps.*more memory/)
  // it takes nothing from others
  assert.equal(budget.reserve('other', 7.8 * GiB), null)
})

test('an estimate may be a quarter too high', () => {
  const budget = new MemoryBudget(8 * GiB)
  assert.equal(budget.reserve('a', 10 * GiB), null)
  assert.equal(budget.reserve('a', 10 * GiB + 1)?.fits, false)
})

test('jobs share the memory, and those that wait get it in the order in which they asked', () => {
  const budget = new MemoryBudget(8 * GiB)
  assert.equal(budget.reserve('first', 6 * GiB), null)
  const shortage = budget.reserve('large', 9 * GiB)
  assert.equal(shortage?.fits, true)
  assert.match(
    shortage.reason,
    /^needs about 9\.0 GiB of memory, and this worker has 8\.0 GiB, of which its other jobs take 6\.0 GiB; it starts when they end/,
  )
  // it would fit beside the first, but the large one was there before
  assert.equal(budget.reserve('small', 1 * GiB)?.fits, true)
  budget.release('first')
  assert.equal(budget.reserve('small', 1 * GiB)?.fits, true)
  assert.equal(budget.reserve('large', 9 * GiB), null)
  assert.equal(budget.reserve('small', 1 * GiB), null)
})

test('a job may ask again, and one that has gone keeps nobody waiting', () => {
  const budget = new MemoryBudget(8 * GiB)
  for (let attempt = 0; attempt < 5; attempt++) assert.equal(budget.reserve('a', 6 * GiB), null)
  assert.equal(budget.reserve('b', 6 * GiB)?.fits, true)
  assert.equal(budget.reserve('c', 2 * GiB)?.fits, true)
  budget.release('b')
  assert.equal(budget.reserve('c', 2 * GiB), null)
})

test('without a limit every job gets its memory', () => {
  const budget = new MemoryBudget(Number.POSITIVE_INFINITY)
  assert.equal(budget.reserve('a', 1e15), null)
  assert.equal(budget.reserve('b', 1e15), null)
})

test('the machine has some memory, and not more than is built in', () => {
  assert.ok(machineMemory() > 2 ** 28)
  assert.ok(machineMemory() <= totalmem())
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedCalls } from '../../../src/jobs/record/shared-calls.js'

test('calls that wait share one call, which starts after all of them have asked', async () => {
  const shared = new SharedCalls<number>()
  let value = 0
  let calls = 0
  const read = async () => {
    calls++
    const seen = value
    await new Promise(setImmediate)
    return seen
  }
  const first = shared.run('key', read)
  value = 1
  const others = Array.from({ length: 100 }, () => shared.run('key', read))
  assert.equal(await first, 0)
  // what was written before a question is in its answer
  assert.deepEqual(await Promise.all(others), Array(100).fill(1))
  assert.equal(calls, 2)
  value = 2
  assert.equal(await shared.run('key', read), 2)
  assert.equal(calls, 3)
})

test('keys are independent, and an error reaches only those that share the call', async () => {
  const shared = new SharedCalls<string>()
  const failing = shared.run('a', () => Promise.reject(new Error('gone')))
  const other = shared.run('b', async () => 'b')
  const next = shared.run('a', async () => 'a')
  await assert.rejects(failing, /gone/)
  assert.deepEqual(await Promise.all([other, next]), ['b', 'a'])
})

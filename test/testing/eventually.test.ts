import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, within } from '../../testing/eventually.js'

const brief = { timeoutMs: 50, intervalMs: 1 }

test('the first truthy value is returned', async () => {
  const values = [0, null, 'ready']
  assert.equal(await eventually('a value', () => values.shift()), 'ready')
  assert.deepEqual(values, [])
})

test('a check that fails an assertion is repeated', async () => {
  let calls = 0
  await eventually('the third call', async () => {
    calls++
    assert.equal(calls, 3)
    return true
  })
  assert.equal(calls, 3)
})

test('any other error ends the wait at once', async () => {
  let calls = 0
  const check = () => {
    calls++
    throw new TypeError('not a function')
  }
  await assert.rejects(eventually('nothing', check), new TypeError('not a function'))
  assert.equal(calls, 1)
})

test('a wait that fails says what it waited for, how long, and the last value', async () => {
  await assert.rejects(
    eventually('two workers', () => 0, brief),
    new Error('waited 50 ms for two workers: the last value was 0'),
  )
})

test('a wait that fails shows the last failed assertion', async () => {
  await assert.rejects(
    eventually('two workers', () => assert.equal(1, 2, 'one worker runs'), brief),
    /^Error: waited 50 ms for two workers: one worker runs/,
  )
})

test('a check that never ends does not outlast the deadline', async () => {
  await assert.rejects(
    eventually('an answer', () => new Promise<boolean>(() => {}), brief),
    new Error('waited 50 ms for an answer: the first check did not end'),
  )
})

test('a promise that settles in time passes its result on', async () => {
  assert.equal(await within('a value', Promise.resolve(3)), 3)
  await assert.rejects(within('a value', Promise.reject(new TypeError('no'))), new TypeError('no'))
})

test('a promise that does not settle in time fails with what it was for', async () => {
  await assert.rejects(
    within('the event', new Promise(() => {}), brief),
    new Error('waited 50 ms for the event'),
  )
})

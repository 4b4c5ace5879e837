import assert from 'node:assert/strict'
import { test } from 'node:test'
import { summary } from '../../bench/statistics.js'

test('the median of an odd number of times is the middle one', () => {
  assert.deepEqual(summary([30, 10, 20]), { medianMs: 20, minMs: 10, maxMs: 30 })
})

test('the median of an even number of times lies between the middle two', () => {
  assert.deepEqual(summary([40, 10, 30, 20]), { medianMs: 25, minMs: 10, maxMs: 40 })
})

test('one time is its own median', () => {
  assert.deepEqual(summary([7]), { medianMs: 7, minMs: 7, maxMs: 7 })
})

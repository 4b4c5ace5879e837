import assert from 'node:assert/strict'
import { test } from 'node:test'
import { summarize } from '../../bench/statistics.js'

test('the median of an odd number of times is the middle time', () => {
  assert.deepEqual(summarize([30, 10, 20]), { medianMs: 20, minMs: 10, maxMs: 30 })
})

test('the median of an even number of times is the mean of the middle two', () => {
  assert.deepEqual(summarize([40, 10, 30, 20]), { medianMs: 25, minMs: 10, maxMs: 40 })
})

test('a single time is its own median, minimum and maximum', () => {
  assert.deepEqual(summarize([7]), { medianMs: 7, minMs: 7, maxMs: 7 })
})

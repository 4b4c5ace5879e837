import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleFraction } from '../../../workers/attempts/sample-rows.js'

const sampledCount = (of: Uint8Array) => of.reduce((sum, one) => sum + one, 0)

test('the sample has exactly the requested size for every seed', () => {
  for (let seed = 0; seed < 50; seed++) {
    for (const [count, share, expected] of [
      [1000, 0.1, 100],
      [7, 0.5, 4],
      [3, 0.1, 0],
      [5, 0, 0],
      [0, 0.5, 0],
    ] as const) {
      assert.equal(sampledCount(sampleFraction(count, share, seed)), expected)
    }
  }
})

test('the same seed selects the same rows, another seed others', () => {
  assert.deepEqual(sampleFraction(1000, 0.2, 3), sampleFraction(1000, 0.2, 3))
  assert.notDeepEqual(sampleFraction(1000, 0.2, 3), sampleFraction(1000, 0.2, 4))
})

test('every row is equally likely to be selected', () => {
  const [count, seeds] = [50, 4000]
  const times = new Array<number>(count).fill(0)
  for (let seed = 0; seed < seeds; seed++) {
    sampleFraction(count, 0.2, seed).forEach((one, i) => {
      times[i]! += one
    })
  }
  // 800 expected, with a deviation of 25
  for (const [i, found] of times.entries()) assert.ok(Math.abs(found - 800) < 125, `${i}: ${found}`)
})

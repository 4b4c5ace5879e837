import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mostProbable } from '../../src/predictions/most-probable.js'
import { mulberry32 } from '../../testing/random.js'

test('the most probable classes come first, of equal ones the first, and NaN never', () => {
  const random = mulberry32(3)
  for (const classes of [1, 2, 31, 200]) {
    for (const k of [1, 2, 32, 33, 200].filter(each => each <= classes)) {
      // few different values, so that many are equal, some negative
      const values = Float32Array.from({ length: 3 * classes }, () =>
        random() < 0.1 ? Number.NaN : Math.floor(random() * 20) / 10 - 1,
      )
      const expected = [0, 1, 2].flatMap(row => {
        const own = [...values.subarray(row * classes, (row + 1) * classes)]
        const ranked = own
          .map((value, index) => ({ value, index }))
          .filter(({ value }) => !Number.isNaN(value))
          .sort((a, b) => b.value - a.value || a.index - b.index)
        return Array.from({ length: k }, (_, rank) => ranked[rank]?.index ?? -1)
      })
      assert.deepEqual([...mostProbable(values, classes, k)], expected, `${k} of ${classes}`)
    }
  }
})

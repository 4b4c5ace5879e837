import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeClassCoverage } from '../../../workers/attempts/class-coverage.js'

test('classes that only the training rows or only the validation rows have are named', () => {
  const labels = ['a', 'b', 'c', 'd']
  const describe = (training: number[], validation: number[]) =>
    describeClassCoverage(
      { labels: Float32Array.from(training) },
      { labels: Float32Array.from(validation) },
      labels,
    )
  assert.deepEqual(describe([0, 1, 1], [1, 0]), [])
  const found = describe([0, 1, 1], [1, 2])
  assert.equal(found.length, 2)
  assert.match(found[0]!, /cannot be learnt: 'c'$/)
  assert.match(found[1]!, /nothing is measured of them: 'a'$/)
})

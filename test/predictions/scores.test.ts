import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addClasses, addValues, noScores, scoreRemarks } from '../../src/predictions/scores.js'

test('records that metrics leave out are counted', () => {
  const scores = noScores()
  const labels = Int32Array.of(0, -1, -2, -2, 1)
  addClasses(scores, new Float32Array(10).fill(0.5), new Int32Array(5), labels)
  assert.deepEqual(scoreRemarks(scores, 'classes', 5), [
    '1 of 5 records have a class that the model does not have; metrics leave them out',
    '2 of 5 records have no label or target; metrics leave them out',
  ])
})

test('rows without a target are counted', () => {
  const scores = noScores()
  addValues(scores, [1, 2, 3], Float64Array.of(1, Number.NaN, 2))
  assert.deepEqual(scoreRemarks(scores, 'values', 3), [
    '1 of 3 records have no label or target; metrics leave them out',
  ])
})

test('what the values cannot say is said, and nothing if all were scored', () => {
  const scores = { ...noScores(), notFinite: 2, unknownCategories: { city: 3 } }
  assert.deepEqual(scoreRemarks(scores, null, 4), [
    "3 rows have a category of 'city' that training has not seen: it counts as missing",
    '2 of 4 predictions have a number that is NaN or infinite; NaN is stored as missing',
    'the data set has no labels or targets of the model, so there are no metrics',
  ])
  assert.deepEqual(scoreRemarks({ ...noScores(), scored: 4 }, 'classes', 4), [])
})

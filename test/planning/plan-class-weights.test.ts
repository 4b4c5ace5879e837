import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FieldErrors } from '../../src/errors.js'
import { planClassWeights } from '../../src/planning/plan-class-weights.js'
import type { ClassWeights } from '../../src/spec/class-weights.js'

function plan(requested: ClassWeights, labels: string[], counts: number[]) {
  const errors = new FieldErrors()
  const weights = planClassWeights(requested, labels, counts, errors)
  return { weights, errors: errors.all }
}

test("balanced weights are scikit-learn's", () => {
  const { weights, errors } = plan('balanced', ['a', 'b', 'c'], [90, 9, 1])
  assert.deepEqual(errors, [])
  // compute_class_weight('balanced', classes=[0, 1, 2], y=[0] * 90 + [1] * 9 + [2])
  const expected = { a: 0.37037037037037035, b: 3.7037037037037037, c: 33.333333333333336 }
  assert.deepEqual(weights, expected)
  // a class without records does not count
  assert.deepEqual(plan('balanced', ['a', 'b', 'c'], [3, 0, 1]).weights, { a: 2 / 3, b: 1, c: 2 })
})

test('weights are given by the names of classes', () => {
  assert.deepEqual(plan({ b: 2.5, a: 0 }, ['a', 'b', 'c'], [1, 1, 1]).weights, {
    a: 0,
    b: 2.5,
    c: 1,
  })
  // names of objects' own methods are classes like others
  assert.deepEqual(plan({ b: 2 }, ['constructor', 'b'], [1, 1]).weights, { constructor: 1, b: 2 })
})

test('a name that is no class, and weights that leave nothing to learn, are refused', () => {
  const of = (requested: ClassWeights, counts = [1, 1]) =>
    plan(requested, ['a', 'b'], counts).errors.map(({ path, code }) => `${path} ${code}`)
  assert.deepEqual(of({ a: 1, 'b/c': 2 }), ['/training/classWeights/b~1c unknown_class'])
  assert.deepEqual(of({ toString: 1 }), ['/training/classWeights/toString unknown_class'])
  assert.deepEqual(of({ a: 0, b: 0 }), ['/training/classWeights contradiction'])
  assert.deepEqual(of({ a: 0 }, [5, 0]), ['/training/classWeights contradiction'])
  assert.deepEqual(of({ a: 0 }), [])
})

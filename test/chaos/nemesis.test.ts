import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actions } from '../../chaos/actions.js'
import { plan } from '../../chaos/nemesis.js'
import { Random } from '../../chaos/random.js'

const describePlan = (seed: number, count: number) =>
  plan(new Random(seed), count, actions).map(({ at, action, random }) => [
    at,
    action.name,
    random.next(),
  ])

test('the same seed gives the same plan, and another seed a different one', () => {
  assert.deepEqual(describePlan(7, 50), describePlan(7, 50))
  assert.notDeepEqual(describePlan(7, 50), describePlan(8, 50))
})

test('a plan is sorted, lies within the training, and uses each action as often as its weight says', () => {
  const planned = plan(new Random(1), 2000, actions)
  const moments = planned.map(({ at }) => at)
  assert.deepEqual(
    moments,
    moments.toSorted((a, b) => a - b),
  )
  assert.ok(moments[0]! > 0 && moments.at(-1)! < 1)
  const total = actions.reduce((sum, { weight }) => sum + weight, 0)
  for (const { name, weight } of actions) {
    const share = planned.filter(({ action }) => action.name === name).length / planned.length
    const expected = weight / total
    assert.ok(
      share > expected / 2 && share < expected * 2,
      `${name}: share ${share}, expected ${expected}`,
    )
  }
})

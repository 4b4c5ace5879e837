import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apportion, type HoldOut, holdOutRows } from '../../../workers/attempts/hold-out.js'

const heldOut = (options: Partial<HoldOut> & Pick<HoldOut, 'rows'>): number[] => {
  const mask = holdOutRows({ fraction: 0.2, seed: 1, by: 'random', queries: null, ...options })
  assert.equal(mask.length, options.rows)
  return [...mask.keys()].filter(row => mask[row] === 1)
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

test('by class holds out the same share of each class, and all together the share of the rows', () => {
  const cases: [counts: number[], fraction: number, expected: number[]][] = [
    [[90, 10], 0.1, [9, 1]],
    // one of a rare class, so that the AUC exists
    [[97, 3], 0.1, [9, 1]],
    [[2, 998], 0.1, [1, 99]],
    // a class of one row stays in training
    [[1, 99], 0.1, [0, 10]],
    [[1, 1, 1], 0.5, [0, 0, 0]],
    [[33, 33, 34], 0.1, [3, 3, 4]],
    // more classes than rows to hold out: the largest shares first
    [[4, 4, 4, 20], 0.1, [1, 0, 0, 2]],
    [[10, 10], 0, [0, 0]],
    [[], 0.1, []],
  ]
  for (const [counts, fraction, expected] of cases) {
    assert.deepEqual(apportion(counts, fraction), expected, `${fraction} of ${counts}`)
  }
})

test('the rows of each class are chosen by the seed', () => {
  const targets = range(0, 100).map(row => (row % 10 === 0 ? 7 : 3))
  const chosen = heldOut({ rows: 100, by: 'class', targets })
  assert.equal(chosen.filter(row => targets[row] === 7).length, 2)
  assert.equal(chosen.length, 20)
  assert.deepEqual(heldOut({ rows: 100, by: 'class', targets }), chosen)
  assert.notDeepEqual(heldOut({ rows: 100, by: 'class', targets, seed: 2 }), chosen)
})

test('by group holds out all rows of a group or none, wherever they lie', () => {
  // ids that float32 cannot tell apart
  const column = range(0, 60).map(row => 20_180_131 + (row % 10))
  const chosen = heldOut({ rows: 60, by: 'group', column })
  const groups = new Set(chosen.map(row => column[row]))
  assert.equal(groups.size, 2)
  assert.equal(chosen.length, 12)
  // at least one group, and never all
  assert.equal(new Set(heldOut({ rows: 2, by: 'group', column: [1, 2] })).size, 1)
  assert.deepEqual(heldOut({ rows: 2, by: 'group', column: [1, 1] }), [])
  assert.deepEqual(heldOut({ rows: 2, by: 'group', column: [1, 1], fraction: 0.5 }), [])
})

test('by time holds out the last rows, and does not separate rows of one time', () => {
  const cases: [what: string, column: number[] | undefined, rows: number, expected: number[]][] = [
    ['the order of the rows', undefined, 10, [8, 9]],
    ['a column', [9, 8, 7, 6, 5, 4, 3, 2, 1, 0], 10, [0, 1]],
    ['times that float32 cannot tell apart', range(0, 10).map(i => 1.7e12 + i), 10, [8, 9]],
    ['the nearer of two days', [1, 1, 1, 1, 1, 1, 2, 2, 2, 3], 10, [9]],
    ['a whole day', [1, 1, 1, 1, 1, 1, 1, 2, 2, 2], 10, [7, 8, 9]],
    ['a day that is most of the rows', [1, 2, 2, 2, 2], 5, [1, 2, 3, 4]],
    ['one time', [5, 5, 5, 5, 5], 5, []],
    ['two rows', [2, 1], 2, [0]],
  ]
  for (const [what, column, rows, expected] of cases) {
    assert.deepEqual(heldOut({ rows, by: 'time', column }), expected, what)
  }
})

test('a ranking holds out whole queries, at random or the last ones', () => {
  const queries = Uint32Array.from(range(0, 50), row => Math.floor(row / 5))
  for (const by of [undefined, 'group'] as const) {
    const chosen = heldOut({ rows: 50, by, queries })
    assert.equal(chosen.length, 10)
    assert.equal(new Set(chosen.map(row => queries[row])).size, 2)
  }
  assert.deepEqual(heldOut({ rows: 50, by: 'time', queries }), range(40, 50))
  const column = range(0, 50).map(row => (row === 2 ? 99 : row === 31 ? 98 : 0))
  assert.deepEqual(heldOut({ rows: 50, by: 'time', queries, column }), [
    ...range(0, 5),
    ...range(30, 35),
  ])
})

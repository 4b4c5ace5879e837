import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JobRuns } from '../../../bench/workers/job-runs.js'

/** Each line is when it happened, the process that told it, what, and of which job. */
function heard(...lines: readonly (readonly [number, number, 'taken' | 'ended', string])[]) {
  const runs = new JobRuns()
  for (const id of new Set(lines.map(([, , , id]) => id))) runs.add(id, 0)
  for (const [at, host, type, id] of lines) runs.hear(host, { type, id, at })
  return runs
}

test('jobs that a killed process ran are held until others take them', () => {
  const runs = heard([5, 0, 'taken', 'a'], [8, 1, 'taken', 'b'], [9, 1, 'taken', 'c'])
  runs.hear(1, { type: 'ended', id: 'c', at: 2000 })
  assert.deepEqual(runs.claimMs, [5, 8, 9])
  assert.deepEqual(runs.heldBy(1), ['b'])
  runs.markKilled(1, 2100)
  runs.hear(0, { type: 'ended', id: 'a', at: 2200 })
  assert.deepEqual(runs.summary(), { jobs: 3, held: 1, retaken: 0, lost: 1, doubled: 0 })
  assert.equal(runs.areAllEnded, false)
  runs.hear(0, { type: 'taken', id: 'b', at: 2300 })
  runs.hear(0, { type: 'ended', id: 'b', at: 4300 })
  assert.deepEqual(runs.summary(), { jobs: 3, held: 1, retaken: 1, lost: 0, doubled: 0 })
  assert.deepEqual(runs.claimMs, [5, 8, 9])
})

test('a job that ends twice is doubled, unless its first worker died before it could tell Redis', () => {
  const runs = heard([1, 0, 'taken', 'a'], [1, 1, 'taken', 'b'], [1, 1, 'taken', 'c'])
  for (const [at, host, id] of [
    [2000, 0, 'a'],
    [2000, 1, 'b'],
    [9000, 1, 'c'],
  ] as const)
    runs.hear(host, { type: 'ended', id, at })
  runs.markKilled(1, 9010)
  for (const id of ['a', 'b', 'c']) {
    runs.hear(2, { type: 'taken', id, at: 9500 })
    runs.hear(2, { type: 'ended', id, at: 11_500 })
  }
  assert.deepEqual(runs.summary(), { jobs: 3, held: 0, retaken: 0, lost: 0, doubled: 2 })
})

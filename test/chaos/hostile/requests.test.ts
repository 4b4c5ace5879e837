import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HostileReport, missedGoals } from '../../../chaos/hostile/report.js'
import { requestKinds } from '../../../chaos/hostile/requests/kinds.js'
import { loadFiles } from '../../../chaos/hostile/world.js'
import { Random } from '../../../chaos/random.js'

test('a seed makes the same request again, of every kind', async () => {
  const target = {
    key: 'key-of-the-test',
    job: 'job-1',
    images: 'images',
    table: 'table',
    model: 'model',
    files: await loadFiles(),
  }
  for (const { name, make } of requestKinds) {
    const different = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      const text = JSON.stringify(make(new Random(seed), target))
      assert.ok(JSON.stringify(make(new Random(seed), target)) === text, `${name}, seed ${seed}`)
      different.add(text)
    }
    assert.ok(different.size > 1, `${name} has one request only`)
  }
})

test('each goal that is missed is named with its figure', () => {
  const good: Omit<HostileReport, 'missed'> = {
    seed: 1,
    requests: 100,
    errors5xx: 0,
    longestLoopMs: 400,
    longestLoopWaitedMs: 250,
    loopProcessorMs: 150,
    peakRssMb: 500,
    predictorGrowthMb: 20,
    unanswered: 0,
    leftOver: 0,
    wrong: 0,
    violations: 0,
    slowestConnectionMs: 900,
    healMs: { 'kill api': 3000 },
    overloaded: 5,
    cutShort: 1,
    interrupted: 2,
    jobs: 3,
    predictions: 4,
    kinds: {},
    statuses: {},
    seconds: 60,
  }
  assert.deepEqual(missedGoals(good), [])
  const bad = {
    ...good,
    errors5xx: 2,
    unanswered: 1,
    leftOver: 1,
    wrong: 1,
    violations: 1,
    loopProcessorMs: 201,
    peakRssMb: 1025,
    predictorGrowthMb: 21,
    slowestConnectionMs: 1001,
    healMs: { 'kill api': 5001 },
  }
  assert.equal(missedGoals(bad).length, 10)
  assert.ok(missedGoals(bad).includes('healMs of kill api: 5001, more than 5000'))
  // a busy machine excuses times, and nothing else
  assert.equal(missedGoals(bad, 3).length, 7)
})

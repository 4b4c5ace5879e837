import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rankOf } from '../../src/jobs/queue.js'

const minute = 60_000
const noon = Date.UTC(2026, 10, 24, 12)
const at = (minutes: number, priority = 0) => ({
  createdAt: new Date(noon + minutes * minute).toISOString(),
  priority,
})

test('of two jobs of one moment the one with the higher priority is first', () => {
  for (let priority = -100; priority < 100; priority++) {
    assert.ok(rankOf(at(0, priority + 1)) < rankOf(at(0, priority)), String(priority))
  }
})

test('ten minutes of waiting are worth a point, so no job starves', () => {
  assert.ok(rankOf(at(0, -5)) < rankOf(at(65, 0)))
  assert.ok(rankOf(at(0, -5)) > rankOf(at(35, 0)))
  assert.ok(rankOf(at(0, -100)) < rankOf(at(2010, 100)), 'the lowest, after 33 hours and a half')
})

test('ranks are what BullMQ takes as priorities, until 2045', () => {
  for (const createdAt of ['2026-01-01T00:00:00.000Z', '2045-11-01T00:00:00.000Z']) {
    for (const priority of [-100, 0, 100]) {
      const rank = rankOf({ createdAt, priority })
      assert.ok(Number.isInteger(rank) && rank >= 1 && rank <= 2_097_151, String(rank))
    }
  }
  const later = { createdAt: '2045-11-01T00:00:00.000Z', priority: 0 }
  assert.ok(rankOf({ ...later, priority: 1 }) < rankOf(later), 'they still tell jobs apart')
})

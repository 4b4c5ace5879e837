import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Watchdog } from '../../../workers/supervision/consumer-watchdog.js'

test('jobs that wait beside free slots are trouble; jobs that wait for a slot, or for Redis, are not', async () => {
  const looks: string[] = []
  // each look sees the next of these
  const script = [
    { waiting: 0, free: true },
    { waiting: 3, free: false },
    { waiting: -1, free: true },
    ...Array.from({ length: 50 }, () => ({ waiting: 3, free: true })),
  ]
  let now = script[0]!
  await new Promise<void>(resolve => {
    new Watchdog({
      intervalMs: 5,
      stuckAfterMs: 20,
      async countWaiting() {
        now = script.shift()!
        looks.push(`${now.waiting} ${now.free}`)
        if (now.waiting < 0) throw new Error('Redis is away')
        return now.waiting
      },
      idleSince: () => (now.free ? 0 : null),
      onStuck: resolve,
    })
  })
  assert.deepEqual(looks.slice(0, 4), ['0 true', '3 false', '-1 true', '3 true'])
  assert.ok(looks.length > 4, 'the first sight of a waiting job is no sign yet')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Watchdog } from '../../../workers/supervision/consumer-watchdog.js'

test('a consumer is stuck if jobs wait while a slot is free, not if they wait for a slot or for Redis', async () => {
  const checks: string[] = []
  // what each check finds, in order
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
        checks.push(`${now.waiting} ${now.free}`)
        if (now.waiting < 0) throw new Error('Redis is down')
        return now.waiting
      },
      idleSince: () => (now.free ? 0 : null),
      onStuck: resolve,
    })
  })
  assert.deepEqual(checks.slice(0, 4), ['0 true', '3 false', '-1 true', '3 true'])
  assert.ok(checks.length > 4, 'one check with a waiting job is not enough')
})

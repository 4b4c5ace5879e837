import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missedGoals } from '../../chaos/hostile/report.js'
import { runHostile } from '../../chaos/hostile/run.js'
import { shortRun } from '../../chaos/hostile/sizes.js'

/**
 * The goals for times are for a machine with nothing else to do. Here they only find what hangs; the long form,
 * `npm run chaos -- --api`, checks them as they are.
 */
const busyMachine = 10

test('hostile requests, crowds, damaged files and killed processes leave the server standing', async t => {
  const seed = Date.now() % 1_000_000
  t.diagnostic(`seed ${seed}; again with: npm run chaos -- --api --seed ${seed}`)
  const { missed: _, ...report } = await runHostile({ ...shortRun(seed), seed })
  t.diagnostic(JSON.stringify(report))
  assert.deepEqual(missedGoals(report, busyMachine), [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zombies } from '../../chaos/acceptance/zombies.js'

// each fault once; for the full size: npm run chaos -- --acceptance P7
test('workers and trainers that come back after a takeover change nothing in the job', async t => {
  const { violations, measurements } = await zombies.run(5, line => t.diagnostic(line))
  assert.deepEqual(violations, [])
  assert.ok(measurements.takeovers! >= 2, 'fewer than two jobs were taken over')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneSubmission } from '../../chaos/acceptance/one-submission.js'

// one of the gates in small; at their sizes by hand: npm run chaos -- --acceptance
test('50 requests with one Idempotency-Key are one job, after Redis was wiped and after a restart', async t => {
  const { violations } = await oneSubmission.run(50, line => t.diagnostic(line))
  assert.deepEqual(violations, [])
})

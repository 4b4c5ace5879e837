import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneSubmission } from '../../chaos/acceptance/one-submission.js'

// one acceptance test at a small size; for all at full size: npm run chaos -- --acceptance
test('50 requests with one Idempotency-Key create one job, also after FLUSHALL and after a restart', async t => {
  const { violations } = await oneSubmission.run(50, line => t.diagnostic(line))
  assert.deepEqual(violations, [])
})

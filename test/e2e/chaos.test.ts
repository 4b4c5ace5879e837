import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../chaos/run.js'

// a short chaos run; for other seeds, more jobs and more faults: npm run chaos
test('5 jobs under 10 faults are neither lost, duplicated nor changed, and leave nothing behind', async () => {
  const options = { seed: 2, jobs: 5, kills: 10 }
  const { seconds: _, ...report } = await run({ ...options, keep: false })
  assert.deepEqual(report, {
    ...options,
    lost: 0,
    duplicated: 0,
    diverged: 0,
    staleWrites: 0,
    leaked: 0,
  })
})

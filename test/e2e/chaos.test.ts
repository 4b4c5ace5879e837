import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../../chaos/run.js'

// the gate; other seeds, more jobs and more blows by hand: npm run chaos
test('of 5 jobs under 20 blows none is lost, done twice or changed, and nothing is left over', async () => {
  const options = { seed: 2, jobs: 5, kills: 20 }
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

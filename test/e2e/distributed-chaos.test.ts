import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runDistributed } from '../../chaos/distributed/run.js'
import { ownNetworkProblem } from '../../testing/own-network.js'

// a short run; for other seeds, more jobs and more kills: npm run chaos -- --distributed
test('3 gang jobs whose ranks are killed 6 times end as undisturbed ones, and leave nothing behind', {
  skip: ownNetworkProblem(),
}, async () => {
  const options = { seed: 3, jobs: 3, kills: 6 }
  const {
    seconds: _,
    longestEndMs: __,
    ...report
  } = await runDistributed({
    ...options,
    keep: false,
  })
  assert.deepEqual(report, { ...options, lost: 0, hung: 0, different: 0, left: 0 })
})

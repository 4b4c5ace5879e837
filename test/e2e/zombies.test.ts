import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zombies } from '../../chaos/acceptance/zombies.js'

// each of its faults once; the promise is put to the test by `npm run chaos -- --acceptance P7`
test('workers and trainers that come back to a job that has moved on change nothing of it', async t => {
  const { violations, measurements } = await zombies.run(5, line => t.diagnostic(line))
  assert.deepEqual(violations, [])
  assert.ok(measurements.takeovers! >= 2, 'hardly any job has moved on')
})

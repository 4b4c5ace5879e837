import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zombies } from '../../chaos/acceptance/zombies.js'

// each of its faults once; the promise is put to the test by `npm run chaos -- --gates P7`
test('workers and trainers that come back to a job that has moved on change nothing of it', async t => {
  const { violations, figures } = await zombies.run(5, line => t.diagnostic(line))
  assert.deepEqual(violations, [])
  assert.ok(figures.takeovers! >= 2, 'hardly any job has moved on')
})

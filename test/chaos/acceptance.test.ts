import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AcceptanceTest } from '../../chaos/acceptance/acceptance-test.js'
import { runAcceptanceTests, selectTests } from '../../chaos/acceptance/run.js'
import { acceptanceTests } from '../../chaos/acceptance/table.js'
import { percentile, percentiles } from '../../testing/percentile.js'

const acceptanceTest = (guarantee: string, run: AcceptanceTest['run']): AcceptanceTest => ({
  guarantee,
  description: '',
  rounds: 3,
  run,
})

test('a percentile is the smallest value that the share of values does not exceed', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i)
  assert.equal(percentile(values, 0.5), 100)
  assert.equal(percentile(values, 0.99), 198)
  assert.equal(percentile([7], 0.99), 7)
  assert.deepEqual(percentiles('ms', [3, 1, 2]), { msP50: 2, msP99: 3, msMax: 3 })
  assert.deepEqual(percentiles('ms', []), {})
})

test('acceptance tests are selected by their guarantees, which are unique', () => {
  assert.equal(
    new Set(acceptanceTests.map(({ guarantee }) => guarantee)).size,
    acceptanceTests.length,
  )
  assert.deepEqual(selectTests(acceptanceTests, null), acceptanceTests)
  assert.deepEqual(
    selectTests(acceptanceTests, 'P15,P4').map(({ guarantee }) => guarantee),
    ['P15', 'P4'],
  )
  assert.throws(() => selectTests(acceptanceTests, 'P4,P99'), /unknown name 'P99', expected P4/)
})

test('an acceptance test runs its own or the requested number of rounds, and its violations are counted', async () => {
  const requestedRounds: number[] = []
  const one = acceptanceTest('P1', async rounds => {
    requestedRounds.push(rounds)
    return { rounds, violations: ['lost', 'lost again'], measurements: { worst: 4 } }
  })
  const report = (await runAcceptanceTests([one], null)).P1!
  await runAcceptanceTests([one], 8)
  assert.deepEqual(requestedRounds, [3, 8])
  assert.deepEqual([report.rounds, report.violations, report.worst], [3, 2, 4])
})

test('an acceptance test that throws counts as a violation, and the next one runs', async () => {
  const broken = acceptanceTest('P1', async () => {
    throw new Error('no server')
  })
  const fine = acceptanceTest('P2', async rounds => ({ rounds, violations: [], measurements: {} }))
  const reports = await runAcceptanceTests([broken, fine], null)
  assert.deepEqual([reports.P1?.violations, reports.P2?.violations], [1, 0])
})

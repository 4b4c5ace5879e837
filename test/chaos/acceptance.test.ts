import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Gate } from '../../chaos/acceptance/acceptance-test.js'
import { percentile, spread } from '../../chaos/acceptance/percentile.js'
import { chosen, runGates } from '../../chaos/acceptance/run.js'
import { gates } from '../../chaos/acceptance/table.js'

const gate = (promise: string, run: Gate['run']): Gate => ({ promise, what: '', rounds: 3, run })

test('a percentile is one of the values, and no smaller share has it', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i)
  assert.equal(percentile(values, 0.5), 100)
  assert.equal(percentile(values, 0.99), 198)
  assert.equal(percentile([7], 0.99), 7)
  assert.deepEqual(spread('ms', [3, 1, 2]), { msP50: 2, msP99: 3, msMax: 3 })
  assert.deepEqual(spread('ms', []), {})
})

test('gates are chosen by their promises, which are all different', () => {
  assert.equal(new Set(gates.map(({ promise }) => promise)).size, gates.length)
  assert.deepEqual(chosen(gates, null), gates)
  assert.deepEqual(
    chosen(gates, 'P15,P4').map(({ promise }) => promise),
    ['P15', 'P4'],
  )
  assert.throws(() => chosen(gates, 'P4,P99'), /no gate 'P99'; there are P4/)
})

test('a gate has its own number of rounds or the one asked for, and its violations are counted', async () => {
  const asked: number[] = []
  const one = gate('P1', async rounds => {
    asked.push(rounds)
    return { rounds, violations: ['lost', 'lost again'], figures: { worst: 4 } }
  })
  const report = (await runGates([one], null)).P1!
  await runGates([one], 8)
  assert.deepEqual(asked, [3, 8])
  assert.deepEqual([report.rounds, report.violations, report.worst], [3, 2, 4])
})

test('a gate that cannot end is a violation, and the next one runs', async () => {
  const broken = gate('P1', async () => {
    throw new Error('no server')
  })
  const fine = gate('P2', async rounds => ({ rounds, violations: [], figures: {} }))
  const reports = await runGates([broken, fine], null)
  assert.deepEqual([reports.P1?.violations, reports.P2?.violations], [1, 0])
})

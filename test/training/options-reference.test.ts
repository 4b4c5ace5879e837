import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { MetricRow } from '../../src/spec/metrics.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { runTraining } from '../../src/training/loop.js'
import { assertClose } from '../../testing/assert-close.js'
import { allInput, openProgram, recordingHooks, reference } from './reference-job.js'

interface Case {
  what: string
  plan: Partial<TrainingPlan>
  losses: number[]
  weightedLosses?: number[]
  l2Penalties?: number[]
  validationLoss: number
}

const { model } = reference.cases[0]!
const text = await readFile('test/training/reference/options.json', 'utf8')
const { cases }: { cases: Case[] } = JSON.parse(text)

for (const expected of cases) {
  test(`${expected.what} agrees with Keras and TensorFlow`, async () => {
    const { session, plan } = await openProgram(model, expected.plan)
    const rows: MetricRow[] = []
    const input = { session, plan, ...allInput, resume: null }
    await runTraining(input, recordingHooks(rows))
    session.close()
    const series = {
      loss: expected.losses,
      weightedLoss: expected.weightedLosses ?? [],
      l2Penalty: expected.l2Penalties ?? [],
    }
    for (const [metric, expectedValues] of Object.entries(series)) {
      const values = rows.flatMap(({ values }) => values[metric] ?? [])
      assert.equal(values.length, expectedValues.length, metric)
      for (const [i, value] of values.entries()) {
        assertClose(value, expectedValues[i]!, 2e-4, `${metric} of step ${i + 1}`)
      }
    }
    assertClose(
      rows.at(-1)!.values.validationLoss!,
      expected.validationLoss,
      2e-3,
      'validation loss',
    )
  })
}

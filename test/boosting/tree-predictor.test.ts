import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Booster } from '../../src/boosting/booster.js'
import { exportBoosting } from '../../src/boosting/train.js'
import { TreePredictor } from '../../src/boosting/tree-predictor.js'
import { assertClose } from '../../testing/assert-close.js'
import { boost, boostingOptions } from './boost.js'
import { dense, tableOf } from './tables.js'

const file = new URL('../../../test/boosting/fixtures/quantiles-cross.csv', import.meta.url)

test('each explanation belongs to the quantile at its index, also if the trees of quantiles cross', async () => {
  const [header, ...lines] = readFileSync(file, 'utf8').trim().split('\n')
  const cells = lines.map(line => line.split(',').map(Number))
  const [a, b, y] = header!.split(',').map((_, i) => Float32Array.from(cells, row => row[i]!))
  const training = tableOf(
    [
      { name: 'a', values: a! },
      { name: 'b', values: b! },
    ],
    y!,
  )
  const model = boostingOptions({ objective: 'quantile', quantile: [0.4, 0.5, 0.6], rounds: 20 })
  const { checkpoint } = await boost({ model, training })
  using booster = Booster.load(exportBoosting(checkpoint, 'ubj'))
  using predictor = new TreePredictor(booster, training.columns, 'quantile', 1)
  const rows = dense(training)
  const { values, outputs, explanations } = predictor.predict({
    rows,
    count: training.rows,
    explain: true,
  })
  assert.equal(outputs, 3)
  for (const [i, value] of [26.13, 26.6, 26.94].entries())
    assertClose(values[i]!, value, 0.005, `value ${i}`)
  const { margins, contributions } = explanations!
  assert.deepEqual(margins, values)
  for (const [i, margin] of margins.entries()) {
    const sum = contributions.subarray(i * 3, i * 3 + 3).reduce((total, part) => total + part, 0)
    assertClose(sum, margin, 1e-4, `contributions ${i}`)
  }
  const alone = predictor.predict({ rows: rows.subarray(0, 2), count: 1, explain: true })
  assert.deepEqual(alone.values, values.slice(0, 3))
  assert.deepEqual(alone.explanations?.margins, values.slice(0, 3))
})

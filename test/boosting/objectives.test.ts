import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Booster } from '../../src/boosting/booster.js'
import { DMatrix } from '../../src/boosting/matrix.js'
import { objectiveMetrics } from '../../src/spec/boosting-metrics.js'
import { assertClose } from '../../testing/assert-close.js'
import { boost, boostingOptions } from './boost.js'
import { csvTable, dense, sliceRows, withLabels } from './tables.js'

interface Figures {
  table: string
  /** Of the last round, by XGBoost's names. */
  metrics: Record<string, number>
  /** Predictions of the first 20 rows. */
  values: number[]
}
const url = new URL('../../../test/boosting/reference/objectives.json', import.meta.url)
const reference = JSON.parse(readFileSync(url, 'utf8')) as Record<string, Figures>

const cases: Record<string, Parameters<typeof boostingOptions>[0]> = {
  absoluteError: { objective: 'absoluteError' },
  huber: { objective: 'huber', huberSlope: 50 },
  gamma: { objective: 'gamma' },
  tweedie: { objective: 'tweedie', tweedieVariancePower: 1.2 },
  baseScore: { baseScore: 100 },
  scalePosWeight: { objective: 'binary', scalePosWeight: 3 },
}

for (const [name, options] of Object.entries(cases)) {
  test(`${name}: metrics and predictions are those of XGBoost's Python package`, async () => {
    const { table, metrics, values } = reference[name]!
    const training = csvTable(table)
    const model = boostingOptions({ rounds: 8, maxDepth: 3, ...options })
    const { checkpoint, rows } = await boost({ model, training })
    const last = rows.at(-1)!.values
    const expectedMetrics = Object.values(metrics)
    for (const [i, metric] of objectiveMetrics[model.objective].entries()) {
      const expected = expectedMetrics[i]!
      assertClose(last[metric]!, expected, 1e-5 * expected + 1e-6, metric)
    }
    using booster = Booster.deserialize(checkpoint)
    const some = sliceRows(training, 0, values.length)
    using matrix = DMatrix.fromDense(dense(some), values.length, 1)
    matrix.setFeatureInfo(some.columns)
    const predicted = booster.predict(matrix).values
    for (const [i, value] of values.entries()) {
      assertClose(predicted[i]!, value, 1e-5 * Math.max(1, value), `row ${i}`)
    }
  })
}

test('a target that the gamma loss is not defined for is refused by XGBoost too', async () => {
  const training = sliceRows(csvTable('diabetes'), 0, 50)
  const model = boostingOptions({ objective: 'gamma', rounds: 1 })
  const labels = training.labels.map((value, row) => (row === 7 ? 0 : value))
  await assert.rejects(boost({ model, training: withLabels(training, labels) }), /must be positive/)
})

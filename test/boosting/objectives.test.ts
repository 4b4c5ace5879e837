import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Booster } from '../../src/boosting/booster.js'
import { DMatrix } from '../../src/boosting/matrix.js'
import { exportBoosting } from '../../src/boosting/train.js'
import { TreePredictor } from '../../src/boosting/tree-predictor.js'
import { objectiveMetrics } from '../../src/spec/boosting-metrics.js'
import { assertClose } from '../../testing/assert-close.js'
import { weightedByClass } from '../../workers/attempts/class-weights.js'
import { boost, boostingOptions, modelHash } from './boost.js'
import { csvTable, dense, sliceRows, withLabels } from './tables.js'

interface Figures {
  table: string
  /** Of the last round, by XGBoost's names. */
  metrics: Record<string, number>
  /** Predictions of the first 20 rows. */
  values: number[]
  /** SHAP values of the first 3 rows. */
  contributions: number[]
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

test('class weights multiply the weights of the rows, as those of scikit-learn do in Python', async () => {
  const { table, metrics, values } = reference.weights!
  const unweighted = csvTable(table)
  const classes = { labels: ['malignant', 'benign'], base: 0 }
  const training = weightedByClass(unweighted, { classWeights: 'balanced', classes })
  const model = boostingOptions({ rounds: 8, maxDepth: 3, objective: 'binary' })
  const { checkpoint, rows } = await boost({ model, training })
  for (const [i, metric] of objectiveMetrics.binary.entries()) {
    assertClose(rows.at(-1)!.values[metric]!, Object.values(metrics)[i]!, 1e-5, metric)
  }
  using booster = Booster.deserialize(checkpoint)
  using matrix = DMatrix.fromDense(dense(sliceRows(training, 0, values.length)), values.length, 1)
  matrix.setFeatureInfo(training.columns)
  for (const [i, value] of booster.predict(matrix).values.entries())
    assertClose(value, values[i]!, 1e-5, `row ${i}`)

  // weights by name multiply those of a column
  const twice = { ...unweighted, sampleWeights: unweighted.labels.map(() => 2) }
  const named = weightedByClass(twice, { classWeights: { benign: 3 }, classes })
  assert.deepEqual(
    [...named.sampleWeights!],
    Array.from(twice.labels, label => (label === 1 ? 6 : 2)),
  )
})

test('an offset is added to the margin of each row, in training and in predictions', async () => {
  const { table, metrics, values, contributions } = reference.offset!
  const whole = csvTable(table)
  // the blood pressure
  const offsets = dense(whole)
    .filter((_, i) => i % 10 === 3)
    .map(Math.log)
  const training = { ...whole, offsets }
  const model = boostingOptions({ rounds: 8, maxDepth: 3, objective: 'poisson' })
  const { checkpoint, rows } = await boost({ model, training })
  const [nloglik] = Object.values(metrics)
  assertClose(rows.at(-1)!.values.poissonNloglik!, nloglik!, 1e-4 * nloglik!, 'poissonNloglik')

  const predictor = new TreePredictor(
    Booster.load(exportBoosting(checkpoint, 'ubj')),
    whole.columns,
    'poisson',
    1,
  )
  const count = values.length
  const some = { rows: dense(whole).slice(0, count * 10), offsets: offsets.slice(0, count), count }
  const predicted = predictor.predict({ ...some, explain: true })
  for (const [i, value] of values.entries())
    assertClose(predicted.values[i]!, value, 1e-5 * value, `row ${i}`)
  for (const [i, value] of contributions.entries())
    assertClose(predicted.explanations!.contributions[i]!, value, 1e-4, `contribution ${i}`)
  for (const [i, margin] of predicted.explanations!.margins.entries())
    assertClose(margin, Math.log(values[i]!), 1e-5, `margin ${i}`)
  predictor[Symbol.dispose]()

  const half = await boost({ model, training }, { stopAfter: 4 })
  const resumed = await boost({ model, training, resume: half.checkpoint })
  assert.equal(modelHash(resumed.checkpoint), modelHash(checkpoint))
})

test('of each objective, the margin with an offset becomes the value that XGBoost predicts', async () => {
  const whole = csvTable('diabetes')
  const isHigh = whole.labels.map(value => Number(value > 140))
  const count = 30
  const offsets = whole.labels.map((_, row) => (row % 7) / 10)
  for (const objective of ['regression', 'binary', 'huber', 'absoluteError', 'gamma'] as const) {
    const training = { ...(objective === 'binary' ? withLabels(whole, isHigh) : whole), offsets }
    const model = boostingOptions({ rounds: 3, objective, treeMethod: 'approx', maxDepth: 2 })
    const { checkpoint } = await boost({ model, training })
    using matrix = DMatrix.fromTable(sliceRows(training, 0, count), 1)
    const predictor = new TreePredictor(
      Booster.load(exportBoosting(checkpoint, 'ubj')),
      whole.columns,
      objective,
      1,
    )
    const rows = dense(sliceRows(whole, 0, count))
    const { values } = predictor.predict({
      rows,
      count,
      offsets: offsets.slice(0, count),
      explain: false,
    })
    using booster = Booster.deserialize(checkpoint)
    for (const [i, value] of booster.predict(matrix).values.entries())
      assertClose(values[i]!, value, 1e-5 * Math.max(1, Math.abs(value)), `${objective} ${i}`)
    predictor[Symbol.dispose]()
  }
})

test('a target that the gamma loss is not defined for is refused by XGBoost too', async () => {
  const training = sliceRows(csvTable('diabetes'), 0, 50)
  const model = boostingOptions({ objective: 'gamma', rounds: 1 })
  const labels = training.labels.map((value, row) => (row === 7 ? 0 : value))
  await assert.rejects(boost({ model, training: withLabels(training, labels) }), /must be positive/)
})

test('a job of each of these objectives that resumes ends with the same trees', async () => {
  const training = csvTable('diabetes')
  const objectives = ['absoluteError', 'huber', 'gamma', 'tweedie'] as const
  for (const objective of objectives) {
    for (const treeMethod of ['hist', 'approx', 'exact'] as const) {
      const model = boostingOptions({ objective, rounds: 6, treeMethod, subsample: 0.7 })
      const whole = await boost({ model, training })
      const half = await boost({ model, training }, { stopAfter: 3 })
      const resumed = await boost({ model, training, resume: half.checkpoint })
      const name = `${objective} ${treeMethod}`
      assert.equal(modelHash(resumed.checkpoint), modelHash(whole.checkpoint), name)
    }
  }
})

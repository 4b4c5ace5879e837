import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Booster, type PredictionKind } from '../../src/boosting/booster.js'
import { InPlacePredictor } from '../../src/boosting/inplace-predict.js'
import { DMatrix } from '../../src/boosting/matrix.js'
import { exportBoosting } from '../../src/boosting/train.js'
import { assertClose } from '../../testing/assert-close.js'
import { boost, boostingOptions } from './boost.js'
import { csvTable, dense, makeFriedman1, sliceRows, tableOf } from './tables.js'

const at = (name: string) => new URL(`../../../test/boosting/reference/${name}`, import.meta.url)

interface Figures {
  table: string
  values: number[]
  margins: number[]
  contributions: number[]
}
const { versions: _, ...models } = JSON.parse(readFileSync(at('models.json'), 'utf8')) as Record<
  string,
  Figures
>

for (const [name, figures] of Object.entries(models)) {
  const table = sliceRows(csvTable(figures.table), 0, 20)

  test(`a ${name} model of XGBoost's Python package has the same predictions and contributions`, () => {
    using booster = Booster.load(readFileSync(at(`${name}.ubj`)))
    using matrix = DMatrix.fromDense(dense(table), table.rows, 1)
    const categories = name === 'categorical' ? 17 : null
    matrix.setFeatureInfo(table.columns.map(column => ({ ...column, categories })))
    const kinds: [PredictionKind, number[]][] = [
      ['value', figures.values],
      ['margin', figures.margins],
      ['contributions', figures.contributions],
    ]
    for (const [kind, expected] of kinds)
      assertAllClose(booster.predict(matrix, kind).values, expected, kind)
  })

  test(`a ${name} model of XGBoost's Python package predicts in place`, () => {
    using booster = Booster.load(readFileSync(at(`${name}.ubj`)))
    const inPlace = new InPlacePredictor(booster, table.rows, 1)
    inPlace.input.set(dense(table))
    assertAllClose(inPlace.predict(table.rows), figures.values, 'value')
    assertAllClose(inPlace.predict(table.rows, 'margin'), figures.margins, 'margin')
  })
}

test('an exported model carries its category names as a model of a pandas frame does', async () => {
  const reference = JSON.parse(readFileSync(at('named-categories.json'), 'utf8')) as {
    cats: unknown
    predictions: number[]
  }
  const values = (value: (row: number) => number) =>
    Float32Array.from({ length: 120 }, (_, i) => value(i))
  const training = tableOf(
    [
      { name: 'town', values: values(i => i % 4), categories: ['Aš', 'Köln', 'b c', '樺太'] },
      { name: 'firm', values: values(i => (i % 11 === 0 ? Number.NaN : i % 5)), categories: 5 },
      { name: 'none', values: values(() => Number.NaN), categories: [] },
    ],
    values(i => (i * 7) % 13),
  )
  for (const treeMethod of ['hist', 'approx'] as const) {
    const model = boostingOptions({ rounds: 10, treeMethod })
    const { checkpoint } = await boost({ model, training })
    const exported = JSON.parse(Buffer.from(exportBoosting(checkpoint, 'json')).toString())
    assert.deepEqual(exported.learner.gradient_booster.model.cats, reference.cats)
    if (treeMethod === 'approx') continue
    using booster = Booster.load(exportBoosting(checkpoint, 'ubj'))
    const inPlace = new InPlacePredictor(booster, training.rows, 1)
    inPlace.input.set(dense(training))
    assertAllClose(inPlace.predict(training.rows), reference.predictions, 'value')
  }
})

test('a checkpoint from before categories had names goes on to the same trees', async () => {
  const training = makeFriedman1(300)
  const columns = training.columns.map(column => ({
    ...column,
    categories: column.categories && [],
  }))
  const model = boostingOptions({ rounds: 4 })
  const treesOf = (checkpoint: Uint8Array) =>
    JSON.parse(Buffer.from(exportBoosting(checkpoint, 'json')).toString()).learner.gradient_booster
      .model.trees
  const begun = await boost({ model, training: { ...training, columns } }, { stopAfter: 2 })
  const resumed = await boost({ model, training, resume: begun.checkpoint })
  const whole = await boost({ model, training })
  assert.deepEqual(treesOf(resumed.checkpoint), treesOf(whole.checkpoint))
})

function assertAllClose(actual: Float32Array, expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length)
  for (const [i, value] of expected.entries())
    assertClose(actual[i]!, value, 1e-6 * Math.max(1, Math.abs(value)), `${what} ${i}`)
}

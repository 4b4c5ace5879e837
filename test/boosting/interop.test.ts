import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Booster, type PredictionKind } from '../../src/boosting/booster.js'
import { InPlacePredictor } from '../../src/boosting/inplace-predict.js'
import { DMatrix } from '../../src/boosting/matrix.js'
import { assertClose } from '../../testing/assert-close.js'
import { csvTable, dense, sliceRows } from './tables.js'

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

function assertAllClose(actual: Float32Array, expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length)
  for (const [i, value] of expected.entries())
    assertClose(actual[i]!, value, 1e-6 * Math.max(1, Math.abs(value)), `${what} ${i}`)
}

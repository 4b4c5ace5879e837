// Gradient boosting by hand: a tree of depth 2 fits the target, each further one the residuals. The
// reference predictions are scikit-learn's; see reference.py.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Booster } from '../../src/boosting/booster.js'
import { DMatrix } from '../../src/boosting/matrix.js'
import type { Table } from '../../src/boosting/training-table.js'
import { resolveBoostingOptions } from '../../src/spec/boosting-options.js'
import { boost } from './boost.js'
import { csvTable, dense, tableOf } from './tables.js'

interface Reference {
  parabola: { x: number[]; y: number[]; predictions: number[] }
  diabetes: { predictions: number[] }
}
const file = new URL('../../../test/boosting/reference/hand-made-trees.json', import.meta.url)
const reference = JSON.parse(readFileSync(file, 'utf8')) as Reference

const { x, y } = reference.parabola
const parabola = tableOf([{ name: 'x', values: Float32Array.from(x) }], Float32Array.from(y))

for (const { name, table, predictions } of [
  { name: 'a parabola', table: parabola, ...reference.parabola },
  { name: 'diabetes', table: csvTable('diabetes'), ...reference.diabetes },
]) {
  test(`three boosted trees equal three trees fitted to residuals: ${name}`, async () => {
    const scale = Math.max(...predictions.map(Math.abs))
    const byHand = fitResiduals(table, 3)
    const boosted = await boostedPredictions(table)
    for (const [row, expected] of predictions.entries()) {
      assert.ok(Math.abs(byHand[row]! - expected) < 1e-5 * scale, `by hand, row ${row}`)
      assert.ok(Math.abs(boosted[row]! - expected) < 1e-5 * scale, `boosted, row ${row}`)
    }
  })
}

async function boostedPredictions(table: Table): Promise<Float32Array> {
  const model = resolveBoostingOptions(
    {
      kind: 'boosting',
      rounds: 3,
      maxDepth: 2,
      learningRate: 1,
      treeMethod: 'exact',
      lambda: 0,
      minChildWeight: 0,
    },
    'regression',
  )
  const { checkpoint } = await boost({ model, training: table })
  using booster = Booster.deserialize(checkpoint)
  using matrix = DMatrix.fromDense(dense(table), table.rows, 1)
  matrix.setFeatureInfo(table.columns)
  return booster.predict(matrix).values
}

/** Predictions of the labels' mean plus `trees` trees, each fitted to the residuals. */
function fitResiduals(table: Table, trees: number): number[] {
  const rows = Array.from({ length: table.rows }, (_, row) => row)
  const columns = [...table.columns.keys()]
  const values = dense(table)
  const at = (row: number, column: number) => values[row * columns.length + column]!
  const mean = (subset: readonly number[], of: readonly number[]) =>
    subset.reduce((sum, row) => sum + of[row]!, 0) / subset.length

  const predictions: number[] = rows.map(() => mean(rows, [...table.labels]))
  for (let tree = 0; tree < trees; tree++) {
    const residuals = rows.map(row => table.labels[row]! - predictions[row]!)
    grow(rows, 2, residuals)
  }
  return predictions

  function grow(subset: readonly number[], depth: number, residuals: readonly number[]): void {
    const split = depth > 0 ? bestSplit(subset, residuals) : null
    if (split) {
      grow(split.below, depth - 1, residuals)
      grow(split.above, depth - 1, residuals)
    } else {
      const leaf = mean(subset, residuals)
      for (const row of subset) predictions[row]! += leaf
    }
  }

  /** The split with the smallest sum of squared residuals. */
  function bestSplit(subset: readonly number[], residuals: readonly number[]) {
    let best: { gain: number; column: number; value: number } | null = null
    const total = subset.reduce((sum, row) => sum + residuals[row]!, 0)
    for (const column of columns) {
      const sorted = [...subset].sort((a, b) => at(a, column) - at(b, column))
      let sum = 0
      for (let below = 1; below < sorted.length; below++) {
        sum += residuals[sorted[below - 1]!]!
        const value = at(sorted[below]!, column)
        if (at(sorted[below - 1]!, column) === value) continue
        const gain = sum ** 2 / below + (total - sum) ** 2 / (sorted.length - below)
        if (!best || gain > best.gain) best = { gain, column, value }
      }
    }
    if (!best) return null
    const { column, value } = best
    return {
      below: subset.filter(row => at(row, column) < value),
      above: subset.filter(row => at(row, column) >= value),
    }
  }
}

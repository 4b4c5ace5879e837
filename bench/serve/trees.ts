import { Booster } from '../../src/boosting/booster.js'
import { DMatrix } from '../../src/boosting/matrix.js'
import type { Table } from '../../src/boosting/training-table.js'
import {
  columnNames,
  generateRows,
  missingValue,
  resolution,
  width,
} from '../boosting/synthetic.js'
import type { TreesCase } from './cases.js'

const trainingRows = 20_000
export const rounds = 100

/** Boosted trees that every server serves. */
export interface ServedTrees {
  ubj: Uint8Array
  json: Uint8Array
  /** Rows to predict: null is a missing value. */
  row(index: number): (number | null)[]
  /** What XGBoost predicts for the first rows. */
  expected: Float32Array
}

/** What a server of the trees needs. */
export interface TreesInput extends Pick<TreesCase, 'rows' | 'format'> {
  trees: ServedTrees
}

/** Rows with a header. */
export const csvOf = (trees: ServedTrees, rows: number): string =>
  [columnNames, ...Array.from({ length: rows }, (_, i) => trees.row(i))]
    .map(cells => `${cells.join()}\n`)
    .join('')

export function trainTrees(threads: number): ServedTrees {
  const { units, labels } = generateRows(trainingRows, 1)
  const valueAt = (i: number) => (units[i] === missingValue ? Number.NaN : units[i]! / resolution)
  const columns = columnNames.map((_, column) =>
    Float32Array.from({ length: trainingRows }, (_, row) => valueAt(row * width + column)),
  )
  const table: Table = {
    rows: trainingRows,
    columns: columnNames.map(name => ({ name, categories: null })),
    labels: Float32Array.from(labels),
    sampleWeights: null,
    groups: null,
    offsets: null,
    *batches() {
      yield { rows: trainingRows, columns }
    },
  }
  using matrix = DMatrix.fromTable(table, threads)
  using booster = Booster.create([matrix])
  booster.set({ objective: 'binary:logistic', max_depth: 6, eta: 0.3, nthread: threads, seed: 1 })
  for (let round = 0; round < rounds; round++) booster.update(round, matrix)
  return {
    ubj: booster.save('ubj'),
    json: booster.save('json'),
    row: index =>
      columns.map(column => (Number.isNaN(column[index]) ? null : shortest(column[index]!))),
    expected: booster.predict(matrix).values.slice(0, 1000),
  }
}

/** The shortest text of the number that the units stand for. */
const shortest = (value: number) => Math.round(value * resolution) / resolution

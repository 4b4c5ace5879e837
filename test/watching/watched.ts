import type { BoostingModel } from '../../src/spec/model.js'
import type { Reference, WatchRequest } from '../../src/spec/model-watch.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import { type CountedColumn, referencePart } from '../../src/watching/bins.js'
import { ModelWatch, type ModelWatchDeps } from '../../src/watching/model-watch.js'
import { inputColumns, scoreColumns, scoreTable } from '../../src/watching/scores.js'

/** Trees on an area and a city, which predict a price. */
export const houses = {
  ...{ id: 'houses', name: 'houses', version: 1, versions: [1] },
  ...{ jobId: 'job-01jdzzzzzzzzzzzzzzzzzzzzzz', createdAt: '2026-01-01T00:00:00.000Z' },
  ...{ dataset: { id: 'ds-0123456789abcdef', name: 'houses' }, step: 10 },
  ...{ labels: [], metrics: {}, target: 'price', featureImportance: [] },
  model: { kind: 'boosting', objective: 'regression', quantile: [] },
  input: {
    columns: [
      { name: 'area', type: 'number', categories: null },
      { name: 'city', type: 'category', categories: ['ulm', 'bonn', 'jena'] },
    ],
  },
} as unknown as BoostingModel

export const rowsOf = (count: number, area: (row: number) => number): Float32Array =>
  Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? area(i >> 1) : (i >> 1) % 3))

/** What the trees would answer. */
export const pricesOf = (rows: Float32Array): Float32Array =>
  Float32Array.from({ length: rows.length / 2 }, (_, row) => 1000 * rows[2 * row]!)

export function housesReference(): Reference {
  const rows = rowsOf(2000, row => row % 200)
  const { columns, width } = inputColumns(houses)
  const scores: { columns: readonly CountedColumn[]; rows: Float32Array; width: number } = {
    columns: scoreColumns(houses),
    ...scoreTable(houses, pricesOf(rows), 1),
  }
  return {
    format: 1,
    inputs: referencePart('training', 2000, { rows, width, columns }),
    scores: referencePart('validation', 2000, scores),
  }
}

export async function openWatch(
  folder: string,
  options: Partial<ModelWatchDeps> & { onWarn?: (message: string) => void } = {},
): Promise<ModelWatch> {
  const { onWarn = () => {}, ...deps } = options
  return new ModelWatch({
    store: await openFolderStore(folder),
    disk: { status: async () => ({ problem: null }) },
    reference: async () => housesReference(),
    versions: async () => [1],
    log: { warn: (_details: object, message: string) => onWarn(message), info: () => {} },
    ...deps,
  })
}

/** Answers a request of rows. */
export function predict(
  watch: ModelWatch,
  rows: Float32Array,
  unknownCategories: { column: string; rows: number }[] = [],
  model = houses,
): void {
  const count = rows.length / 2
  const values = pricesOf(rows)
  const answer = { values, outputs: 1, explanations: null }
  watch.rows(model, { rows, count, explain: false }, answer, unknownCategories)
}

/** Answers a request of so many rows with these areas. */
export const predictAreas = (
  watch: ModelWatch,
  count: number,
  area: (row: number) => number,
  version = houses.version,
): void => predict(watch, rowsOf(count, area), [], { ...houses, version })

export const allSamples: WatchRequest = { samples: { share: 1 } }

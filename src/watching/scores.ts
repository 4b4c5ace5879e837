import type { BoostingManifest, ModelManifest } from '../spec/model.js'
import type { CountedColumn } from './bins.js'

/** Answers as rows of numbers to count. */
export interface ScoreTable {
  rows: Float32Array
  width: number
}

type ScoredModel = Pick<ModelManifest, 'model' | 'labels'>

/** Whether the answers are probabilities of classes. */
const hasClasses = ({ labels }: Pick<ModelManifest, 'labels'>): boolean => labels.length > 0

/** What of answers is counted: the most probable class and its probability, or the values. */
export function scoreColumns(model: ScoredModel): CountedColumn[] {
  if (hasClasses(model)) {
    return [
      { name: 'class', index: 0, categories: model.labels },
      { name: 'probability', index: 1, categories: null },
    ]
  }
  const options = model.model
  const quantiles = options.kind === 'boosting' ? options.quantile : []
  if (quantiles.length > 0)
    return quantiles.map((quantile, index) => ({
      name: `value.${quantile}`,
      index,
      categories: null,
    }))
  const isRanking = options.kind === 'boosting' && options.objective === 'ranking'
  return [{ name: isRanking ? 'score' : 'value', index: 0, categories: null }]
}

/** Answers [count, outputs] → what `scoreColumns` counts. Of two classes, trees answer one value: the probability of the second. */
export function scoreTable(model: ScoredModel, values: Float32Array, outputs: number): ScoreTable {
  if (!hasClasses(model)) return { rows: values, width: outputs }
  const count = values.length / outputs
  const rows = new Float32Array(2 * count)
  for (let i = 0; i < count; i++) writeTopClass(rows, 2 * i, values, i * outputs, outputs)
  return { rows, width: 2 }
}

/** Writes the class and its probability; of equal ones, the first class. NaN, which no class has, is missing. */
function writeTopClass(
  to: Float32Array,
  at: number,
  values: Float32Array,
  from: number,
  outputs: number,
): void {
  if (outputs === 1) {
    const positive = values[from]!
    const isSecond = positive > 0.5
    to[at] = Number.isNaN(positive) ? Number.NaN : Number(isSecond)
    to[at + 1] = isSecond ? positive : 1 - positive
    return
  }
  let best = Number.NaN
  let probability = Number.NaN
  for (let i = 0; i < outputs; i++) {
    const value = values[from + i]!
    if (value <= probability || Number.isNaN(value)) continue
    best = i
    probability = value
  }
  to[at] = best
  to[at + 1] = probability
}

/** The columns of trees that are counted, and the width of a row. Of very many columns, those count that the trees use most. */
export function inputColumns({
  input: { columns },
  featureImportance,
}: Pick<BoostingManifest, 'input' | 'featureImportance'>): {
  columns: CountedColumn[]
  width: number
} {
  const ranks = new Map(featureImportance.map(({ column }, rank) => [column, rank]))
  const rankOf = ({ name }: CountedColumn) => ranks.get(name) ?? columns.length
  const counted = columns
    .map(({ name, categories }, index) => ({ name, index, categories }))
    .sort((a, b) => rankOf(a) - rankOf(b) || a.index - b.index)
  return { columns: counted, width: columns.length }
}

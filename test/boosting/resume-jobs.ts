import type { BoostingInput } from '../../src/boosting/train.js'
import { boostingOptions } from './boost.js'
import { makeFriedman1, sliceRows, withLabels } from './tables.js'

type Job = Partial<BoostingInput> & Pick<BoostingInput, 'model' | 'training'>

const sampling = { subsample: 0.7, columnSample: 0.6 } as const
// not divisible, so that the ranks of a gang have unequal shares
const [trainingRows, rows] = [601, 901]
const table = () => makeFriedman1(rows)
const numbersOnly = () => {
  const { columns, batches, ...rest } = table()
  return {
    ...rest,
    columns: columns.slice(0, -1),
    *batches() {
      for (const batch of batches()) yield { ...batch, columns: batch.columns.slice(0, -1) }
    },
  }
}
const split = (all: ReturnType<typeof table>) => ({
  training: sliceRows(all, 0, trainingRows),
  validation: sliceRows(all, trainingRows, rows),
})

/** Jobs that depend on random sampling, all column types and earlier metrics. */
export const jobs = {
  'hist, categories, two threads': (): Job => ({
    model: boostingOptions({ rounds: 15, ...sampling }),
    threads: 2,
    ...split(table()),
  }),
  'hist, binary': (): Job => {
    const all = table()
    return {
      model: boostingOptions({ objective: 'binary', rounds: 15, ...sampling }),
      ...split(
        withLabels(
          all,
          all.labels.map(value => (value > 15 ? 1 : 0)),
        ),
      ),
    }
  },
  'hist, multiclass, early stopping': (): Job => {
    const all = table()
    return {
      model: boostingOptions({
        objective: 'multiclass',
        rounds: 60,
        learningRate: 0.8,
        ...sampling,
      }),
      classes: 4,
      earlyStopping: { metric: 'validationMlogloss', patience: 3, minDelta: 0.001 },
      ...split(
        withLabels(
          all,
          all.labels.map(value => Math.min(3, Math.floor(value / 8))),
        ),
      ),
    }
  },
  'approx, with bins of the first round': (): Job => ({
    model: boostingOptions({ treeMethod: 'approx', rounds: 12, maxBins: 32, ...sampling }),
    ...split(table()),
  }),
  exact: (): Job => ({
    model: boostingOptions({ treeMethod: 'exact', rounds: 12, ...sampling }),
    ...split(numbersOnly()),
  }),
}

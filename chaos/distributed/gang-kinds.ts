// The kinds of gang jobs that a run trains. To add one, add an entry to the table.
import type { Configuration } from '../job-kinds.js'

interface GangKind {
  name: string
  workers: number
  model: object
  training?: object
}

const rounds = 120

export const gangKinds: readonly GangKind[] = [
  {
    name: 'hist',
    workers: 2,
    model: { objective: 'multiclass', maxDepth: 3, subsample: 0.7, columnSample: 0.6 },
  },
  {
    name: 'approx',
    workers: 2,
    model: { objective: 'regression', treeMethod: 'approx', maxDepth: 4, maxBins: 32 },
  },
  {
    name: 'early',
    workers: 2,
    model: { objective: 'multiclass', maxDepth: 2, learningRate: 1, columnSample: 0.6 },
    training: { earlyStopping: { patience: 100 } },
  },
  {
    name: 'three',
    workers: 3,
    model: { objective: 'multiclass', maxDepth: 3, subsample: 0.7 },
  },
]

export const gangKindAt = (i: number): GangKind => gangKinds[i % gangKinds.length]!

/** Cycles through the kinds, with one seed, so that one reference serves all jobs of a kind. */
export function gangConfigurationAt(i: number): Configuration {
  const { name, workers, model, training } = gangKindAt(i)
  return {
    key: `gang-${name}`,
    steps: rounds,
    dataset: 'digits-table',
    template: {
      model: { kind: 'boosting', rounds, ...model },
      training: { target: 'target', checkpointEvery: 4, seed: 1, ...training },
      resources: { workers },
    },
  }
}

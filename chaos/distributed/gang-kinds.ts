// The kinds of gang jobs that a run trains. To add one, add an entry to the table.
import type { Configuration } from '../job-kinds.js'

interface GangKind {
  name: string
  workers: number
  dataset: Configuration['dataset']
  template: object
  /** Ranks of the undisturbed job. Default: as many. */
  referenceWorkers?: number
}

const rounds = 120

const boosting = (model: object, training: object = {}) => ({
  dataset: 'digits-table' as const,
  template: {
    model: { kind: 'boosting', rounds, ...model },
    training: { target: 'target', checkpointEvery: 4, seed: 1, ...training },
  },
})

/** One process alone must have the same bytes. */
const network = (shards: number, training: object = {}) => ({
  dataset: 'digits' as const,
  template: {
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    training: {
      ...{ steps: rounds, batchSize: 16, shards, seed: 1, ...training },
      ...{ logEvery: 1, checkpointEvery: 4, validateEvery: 60 },
    },
  },
  referenceWorkers: 1,
})

export const gangKinds: readonly GangKind[] = [
  {
    name: 'hist',
    workers: 2,
    ...boosting({ objective: 'multiclass', maxDepth: 3, subsample: 0.7, columnSample: 0.6 }),
  },
  {
    name: 'network',
    workers: 2,
    ...network(2, { augment: { padCrop: 2, mixup: 0.2 }, ema: {} }),
  },
  {
    name: 'early',
    workers: 2,
    ...boosting(
      { objective: 'multiclass', maxDepth: 2, learningRate: 1, columnSample: 0.6 },
      { earlyStopping: { patience: 100 } },
    ),
  },
  {
    name: 'approx',
    workers: 2,
    ...boosting({ objective: 'regression', treeMethod: 'approx', maxDepth: 4, maxBins: 32 }),
  },
  {
    name: 'streamed',
    workers: 3,
    ...network(3, { batchSize: 15, input: 'streaming', shuffleBuffer: 500 }),
  },
  {
    name: 'three',
    workers: 3,
    ...boosting({ objective: 'multiclass', maxDepth: 3, subsample: 0.7 }),
  },
]

export const gangKindAt = (i: number): GangKind => gangKinds[i % gangKinds.length]!

/** Cycles through the kinds, with one seed, so that one reference serves all jobs of a kind. */
export function gangConfigurationAt(i: number, isReference = false): Configuration {
  const { name, workers, dataset, template, referenceWorkers = workers } = gangKindAt(i)
  return {
    key: `gang-${name}`,
    steps: rounds,
    dataset,
    template: {
      ...template,
      resources: { workers: isReference ? referenceWorkers : workers },
    } as Configuration['template'],
  }
}

// The kinds of jobs that a chaos run trains. To add one, add an entry to the table.
import type { BoostingJobRequest, JobRequest, NetworkJobRequest } from '../src/spec/job.js'
import type { DatasetName } from './samples.js'

export interface JobKind {
  name: string
  /** Steps of a network, rounds of boosting. */
  steps: number
  dataset: DatasetName
  request(seed: number): RequestTemplate
}

/** A request without a name and a data set, which are added at submission. */
type RequestTemplate =
  | Omit<NetworkJobRequest, 'name' | 'dataset'>
  | Omit<BoostingJobRequest, 'name' | 'dataset'>

const model = { kind: 'resnet', blocks: 1, filters: 4 } as const
const frequentCheckpoints = { batchSize: 16, checkpointEvery: 25, validateEvery: 75 } as const

export const jobKinds: readonly JobKind[] = [
  {
    name: 'adam',
    steps: 250,
    dataset: 'digits',
    request: seed => ({ model, training: { ...frequentCheckpoints, steps: 250, seed } }),
  },
  {
    name: 'augmented',
    steps: 200,
    dataset: 'digits',
    request: seed => ({
      model,
      training: {
        ...frequentCheckpoints,
        steps: 200,
        seed,
        optimizer: { kind: 'sgd' },
        learningRate: { schedule: 'oneCycle' },
        accumulateSteps: 2,
        ema: {},
        augment: { padCrop: 2, mixup: 0.2 },
        keepCheckpoints: 1,
      },
    }),
  },
  {
    name: 'streamed',
    steps: 200,
    dataset: 'digits',
    request: seed => ({
      model,
      training: {
        ...frequentCheckpoints,
        steps: 200,
        seed,
        input: 'streaming',
        shuffleBuffer: 500,
      },
    }),
  },
  {
    name: 'bottleneck',
    steps: 200,
    dataset: 'digits',
    request: seed => ({
      model: { kind: 'resnet', block: 'bottleneck', blocks: 1, filters: 8 },
      training: {
        ...frequentCheckpoints,
        steps: 200,
        seed,
        optimizer: { kind: 'rmsprop' },
        learningRate: 0.001,
        exportBest: false,
      },
    }),
  },
  {
    name: 'boosting',
    steps: 300,
    dataset: 'digits-table',
    request: seed => ({
      model: {
        kind: 'boosting',
        objective: 'multiclass',
        rounds: 300,
        maxDepth: 3,
        subsample: 0.7,
        columnSample: 0.6,
      },
      training: { target: 'target', checkpointEvery: 25, seed },
    }),
  },
]

export interface Configuration {
  /** Configurations with the same key train the same model. */
  key: string
  steps: number
  dataset: DatasetName
  template: RequestTemplate
}

export const requestOf = ({ template, dataset }: Configuration, name: string): JobRequest =>
  ({ ...template, dataset, name }) as JobRequest

/** Cycles through the kinds. Two cycles share a seed, so that two jobs need only one reference. */
export function configurationAt(i: number): Configuration {
  const kind = jobKinds[i % jobKinds.length]!
  const seed = 1 + Math.floor(i / (2 * jobKinds.length))
  const { name, steps, dataset } = kind
  return { key: `${name}-${seed}`, steps, dataset, template: kind.request(seed) }
}

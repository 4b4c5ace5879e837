// The jobs that are disturbed. A new kind is an entry of the table.
import type { JobRequest } from '../src/spec/job.js'

export interface JobKind {
  name: string
  /** What progress counts up to. */
  steps: number
  request(seed: number): Omit<JobRequest, 'name' | 'dataset'>
}

const model = { kind: 'resnet', blocks: 1, filters: 4 } as const
const often = { batchSize: 16, snapshotEvery: 25, validateEvery: 75 } as const

export const jobKinds: readonly JobKind[] = [
  {
    name: 'adam',
    steps: 250,
    request: seed => ({ model, training: { ...often, steps: 250, seed } }),
  },
  {
    name: 'augmented',
    steps: 200,
    request: seed => ({
      model,
      training: {
        ...often,
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
    request: seed => ({
      model,
      training: { ...often, steps: 200, seed, input: 'streamed', shuffleBuffer: 500 },
    }),
  },
  {
    name: 'bottleneck',
    steps: 200,
    request: seed => ({
      model: { kind: 'resnet', block: 'bottleneck', blocks: 1, filters: 8 },
      training: {
        ...often,
        steps: 200,
        seed,
        optimizer: { kind: 'rmsprop' },
        learningRate: 0.001,
        exportBest: false,
      },
    }),
  },
]

export interface Configuration {
  /** Equal keys, equal results. */
  key: string
  steps: number
  request: Omit<JobRequest, 'name' | 'dataset'>
}

/** Kinds by turns, each configuration twice before another seed: it needs one reference only. */
export function configuration(i: number): Configuration {
  const kind = jobKinds[i % jobKinds.length]!
  const seed = 1 + Math.floor(i / (2 * jobKinds.length))
  return { key: `${kind.name}-${seed}`, steps: kind.steps, request: kind.request(seed) }
}

import { type Static, Type } from 'typebox'
import { closed } from './closed.js'
import { Name } from './identifiers.js'

export const OptimizerOptions = closed({
  kind: Type.Enum(['adam']),
  beta1: Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.9 })),
  beta2: Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.999 })),
  epsilon: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 1e-7 })),
})
export type OptimizerOptions = Required<Static<typeof OptimizerOptions>>

const rate = { exclusiveMinimum: 0, maximum: 100 }

/** A number is a constant rate. */
export const LearningRate = Type.Union([
  Type.Number(rate),
  closed({
    schedule: Type.Enum(['constant', 'cosine']),
    peak: Type.Optional(
      Type.Number({ ...rate, default: 0.002, description: 'the rate after the warm-up' }),
    ),
    warmupSteps: Type.Optional(
      Type.Integer({ minimum: 0, default: 0, description: 'steps of linear rise to the peak' }),
    ),
  }),
])
export type LearningRate = { schedule: 'constant' | 'cosine'; peak: number; warmupSteps: number }

export const Validation = Type.Union([
  Type.Number({ minimum: 0, maximum: 0.5, description: 'share of the data set held out' }),
  closed({ dataset: Name }),
])
export type Validation = Static<typeof Validation>

export const TrainingOptions = closed({
  epochs: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: 10 })),
  steps: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100_000_000, description: 'instead of epochs' }),
  ),
  batchSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536, default: 64 })),
  optimizer: Type.Optional(OptimizerOptions),
  learningRate: Type.Optional(LearningRate),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 1 })),
  validation: Type.Optional(Validation),
  shuffleBuffer: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000, default: 2000, description: 'records' }),
  ),
  input: Type.Optional(
    Type.Enum(['auto', 'resident', 'streamed'], {
      default: 'auto',
      description:
        'resident: decoded once and kept in memory; streamed: read from disk; auto: resident up to 1 GiB of pixels',
    }),
  ),
  displayEvery: Type.Optional(
    Type.Integer({ minimum: 1, default: 1, description: 'steps between two metric points' }),
  ),
  snapshotEvery: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'steps between two checkpoints; one epoch, at most 500 steps, if absent',
    }),
  ),
  keepCheckpoints: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 3 })),
})
export type TrainingRequest = Static<typeof TrainingOptions>

/** Every choice made: what a trainer gets. Steps count from 1 to `steps`. */
export interface TrainingPlan {
  steps: number
  stepsPerEpoch: number
  batchSize: number
  optimizer: OptimizerOptions
  learningRate: LearningRate
  seed: number
  /** Records held out at the end of the data set, or the whole of another one. */
  validation: { holdOut: number } | { dataset: string }
  shuffleBuffer: number
  /** Absent in jobs from before there was a choice: streamed. */
  input?: 'resident' | 'streamed'
  displayEvery: number
  snapshotEvery: number
  keepCheckpoints: number
}

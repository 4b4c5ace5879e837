import { type Static, Type } from 'typebox'
import { Augmentation } from './augmentation.js'
import { closed } from './closed.js'
import { Name } from './identifiers.js'
import { LearningRate } from './learning-rate.js'
import { OptimizerOptions } from './optimizer-options.js'

export const Validation = Type.Union(
  [
    Type.Number({ minimum: 0, maximum: 0.5, description: 'share of the data set held out' }),
    closed({ dataset: Name }),
  ],
  { default: 0.1 },
)
export type Validation = Static<typeof Validation>

export const Precision = Type.Enum(['fp32', 'bf16', 'fp16'], {
  default: 'fp32',
  description:
    'of convolutions and matrix products; bf16 is fp32 where the processor would imitate it, fp16 needs a GPU',
})
export type Precision = Static<typeof Precision>

export const validationMetrics = ['validationLoss', 'validationAccuracy'] as const
export type ValidationMetric = (typeof validationMetrics)[number]
const metric = Type.Optional(
  Type.Enum([...validationMetrics], {
    default: 'validationAccuracy',
    description: 'a loss should fall, an accuracy rise',
  }),
)

/** Ends the job where it no longer gets better. */
export const EarlyStopping = closed({
  metric,
  patience: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 5,
      description: 'evaluations without a better value',
    }),
  ),
  minDelta: Type.Optional(
    Type.Number({ minimum: 0, default: 0, description: 'how much better counts as better' }),
  ),
})
export type EarlyStopping = Required<Static<typeof EarlyStopping>>

export const KeepBest = closed({ metric }, { default: {} })
export type KeepBest = Required<Static<typeof KeepBest>>

/** Each number by itself, or all of them by the length of the whole; by value first where both are given. */
export const ClipGradients = closed(
  {
    value: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'largest size of one' })),
    norm: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'largest length of all' })),
  },
  { default: {} },
)
export type ClipGradients = Static<typeof ClipGradients>

/** The average of the weights over the steps, which is then what is evaluated and published. */
export const Ema = closed({
  decay: Type.Optional(
    Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.999,
      description: 'what a step keeps of the average; less at the start',
    }),
  ),
})
export type Ema = Required<Static<typeof Ema>>

export const TrainingOptions = closed({
  epochs: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: 10 })),
  steps: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100_000_000, description: 'instead of epochs' }),
  ),
  batchSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536, default: 64 })),
  optimizer: Type.Optional(OptimizerOptions),
  learningRate: Type.Optional(LearningRate),
  labelSmoothing: Type.Optional(
    Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description: 'share of the probability that all classes split',
    }),
  ),
  clipGradients: Type.Optional(ClipGradients),
  accumulateSteps: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1024,
      default: 1,
      description: 'batches whose mean gradient makes one step',
    }),
  ),
  ema: Type.Optional(Ema),
  augment: Type.Optional(Augmentation),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 1 })),
  validation: Type.Optional(Validation),
  validateEvery: Type.Optional(
    Type.Integer({ minimum: 1, description: 'steps between two evaluations; an epoch if absent' }),
  ),
  earlyStopping: Type.Optional(EarlyStopping),
  keepBest: Type.Optional(KeepBest),
  exportBest: Type.Optional(
    Type.Boolean({
      default: true,
      description: 'the model is of the best checkpoint; else, or without validation, the last',
    }),
  ),
  shuffleBuffer: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000_000, default: 2000, description: 'records' }),
  ),
  input: Type.Optional(
    Type.Enum(['auto', 'in-memory', 'streaming'], {
      default: 'auto',
      description:
        'in-memory: decoded once and kept in memory; streaming: read from disk; auto: in-memory up to 1 GiB of pixels',
    }),
  ),
  logEvery: Type.Optional(
    Type.Integer({ minimum: 1, default: 1, description: 'steps between two metric points' }),
  ),
  checkpointEvery: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        'steps between two checkpoints; if neither this nor checkpointSeconds is given, an epoch or 60 seconds, and longer where checkpoints would take over 2 % of the time',
    }),
  ),
  checkpointSeconds: Type.Optional(
    Type.Number({ minimum: 1, maximum: 86_400, description: 'seconds between two checkpoints' }),
  ),
  keepCheckpoints: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 3 })),
  precision: Type.Optional(Precision),
})
export type TrainingRequest = Static<typeof TrainingOptions>

/** Options that are computed from the data or stay off unless requested. */
export type TrainingOptionWithoutDefault =
  | 'steps'
  | 'ema'
  | 'validateEvery'
  | 'earlyStopping'
  | 'checkpointEvery'
  | 'checkpointSeconds'

/** Every choice made: what a trainer gets. Steps count from 1 to `steps`. */
export interface TrainingPlan {
  steps: number
  stepsPerEpoch: number
  batchSize: number
  optimizer: OptimizerOptions
  learningRate: LearningRate
  labelSmoothing: number
  clipGradients: ClipGradients
  accumulateSteps: number
  ema: Ema | null
  augment: Augmentation
  seed: number
  /** Records held out at the end of the data set, or the whole of another one. */
  validation: { holdOut: number } | { dataset: string }
  validateEvery: number
  earlyStopping: EarlyStopping | null
  /** Null where nothing is held out. */
  keepBest: KeepBest | null
  exportBest: boolean
  shuffleBuffer: number
  /** Absent in jobs from before there was a choice: streaming. */
  input?: 'in-memory' | 'streaming'
  logEvery: number
  /** Where both are null, or in jobs from before there were seconds the first alone: see CheckpointSchedule. */
  checkpointEvery: number | null
  checkpointSeconds?: number | null
  keepCheckpoints: number
  precision: Precision
}

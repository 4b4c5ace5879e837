import { type Static, Type } from 'typebox'
import { Augmentation } from './augmentation.js'
import { ClassWeights, type ClassWeightsPlan } from './class-weights.js'
import { LearningRate } from './learning-rate.js'
import { OptimizerOptions } from './optimizer-options.js'
import { maxShards } from './shards.js'
import { strictObject } from './strict-object.js'
import { type ImageSplitPlan, ImageValidation, TrainingSplits } from './validation-split.js'

/** The largest number of a step. */
export const maxSteps = 100_000_000

export const Precision = Type.Enum(['fp32', 'bf16', 'fp16'], {
  default: 'fp32',
  description:
    'number format of convolutions and matrix products. bf16 falls back to fp32 on processors without bf16 instructions; fp16 needs a GPU',
})
export type Precision = Static<typeof Precision>

/** Keeps small gradients of fp16 from becoming 0, and large ones from becoming infinite. */
export const LossScale = Type.Union(
  [
    Type.Literal('dynamic'),
    Type.Number({ exclusiveMinimum: 0, maximum: 2 ** 24, description: 'the same in all steps' }),
  ],
  {
    description:
      'of precision fp16: by what the loss is multiplied before, and the gradients are divided after, the backward pass. dynamic, the default: halved after a step whose gradients are not finite, which changes no weights, and doubled after 2000 others',
  },
)
export type LossScale = Static<typeof LossScale>

export const validationMetrics = ['validationLoss', 'validationAccuracy'] as const
export type ValidationMetric = (typeof validationMetrics)[number]
const metric = Type.Optional(
  Type.Enum([...validationMetrics], {
    default: 'validationAccuracy',
    description: 'lower is better for validationLoss, higher for validationAccuracy',
  }),
)

/** Ends the job if the metric stops improving. */
export const EarlyStopping = strictObject({
  metric,
  patience: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 5,
      description: 'evaluations without improvement before the job ends',
    }),
  ),
  minDelta: Type.Optional(
    Type.Number({ minimum: 0, default: 0, description: 'an improvement must be larger than this' }),
  ),
})
export type EarlyStopping = Required<Static<typeof EarlyStopping>>

/** Keeps the checkpoint with the best value of the metric. The other metric decides between equal values. */
export const KeepBest = strictObject({ metric }, { default: {} })
export type KeepBest = Required<Static<typeof KeepBest>>

/** Limits the gradient: first each element by `value`, then the norm of all elements together by `norm`. */
export const ClipGradients = strictObject(
  {
    value: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'largest absolute value of an element of the gradient; if absent, no limit',
      }),
    ),
    norm: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'largest L2 norm of the whole gradient; if absent, no limit',
      }),
    ),
  },
  { default: {} },
)
export type ClipGradients = Static<typeof ClipGradients>

/** An exponential moving average of the weights, which is evaluated and published in place of the weights. */
export const Ema = strictObject({
  decay: Type.Optional(
    Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.999,
      description: 'share of the moving average that a step keeps; smaller in the first steps',
    }),
  ),
})
export type Ema = Required<Static<typeof Ema>>

/** The L2 penalty by kind of network; of VGG as in the paper (Simonyan & Zisserman 2014, arXiv:1409.1556). */
export const defaultL2 = { resnet: 0, vgg: 5e-4 } as const

export const TrainingOptions = strictObject({
  epochs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 10,
      description: 'length of the training, in passes over the data',
    }),
  ),
  steps: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxSteps,
      description: 'length of the training in steps, instead of epochs',
    }),
  ),
  batchSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_536,
      default: 64,
      description:
        'images per batch; if absent and there are fewer images to train on, all of them',
    }),
  ),
  optimizer: Type.Optional(OptimizerOptions),
  learningRate: Type.Optional(LearningRate),
  l2: Type.Optional(
    Type.Number({
      minimum: 0,
      description: `adds this times half the sum of squares of the weights, without biases, batch norm and frozen weights, to what is minimized; the metric l2Penalty, not part of loss. If absent, ${defaultL2.vgg} for vgg and 0 for resnet`,
    }),
  ),
  classWeights: Type.Optional(ClassWeights),
  labelSmoothing: Type.Optional(
    Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description: 'share of the target probability that is spread evenly over all classes',
    }),
  ),
  clipGradients: Type.Optional(ClipGradients),
  accumulateSteps: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1024,
      default: 1,
      description: 'batches per step; a step uses the mean of their gradients',
    }),
  ),
  shards: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxShards,
      description:
        'micro-batches that each batch is divided into, whatever computes them: a step uses the mean of their gradients, and batch norm sees one at a time. If absent, resources.devices times resources.workers. A job with 4 has the same weights on 1, 2 and 4 devices, of one worker or several',
    }),
  ),
  ema: Type.Optional(Ema),
  augment: Type.Optional(Augmentation),
  seed: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 2_147_483_647,
      default: 1,
      description: 'seed of everything random',
    }),
  ),
  split: Type.Optional(TrainingSplits),
  validation: Type.Optional(ImageValidation),
  validateEvery: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxSteps,
      description:
        'steps between two evaluations; if absent, one epoch. The last step is evaluated too',
    }),
  ),
  earlyStopping: Type.Optional(EarlyStopping),
  keepBest: Type.Optional(KeepBest),
  exportBest: Type.Optional(
    Type.Boolean({
      default: true,
      description:
        'whether the model is the best checkpoint instead of the last step; without validation data, it is the last step',
    }),
  ),
  shuffleBuffer: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 2000,
      description: 'records in the shuffle buffer of streaming input',
    }),
  ),
  input: Type.Optional(
    Type.Enum(['auto', 'in-memory', 'streaming'], {
      default: 'auto',
      description:
        'in-memory: decodes all images once and keeps them in memory; streaming: reads them from disk; auto: in-memory up to 1 GiB of pixels',
    }),
  ),
  logEvery: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxSteps,
      default: 1,
      description: 'steps between two metric points; the last step has one too',
    }),
  ),
  checkpointEvery: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxSteps,
      description:
        'steps between two checkpoints. If neither this nor checkpointSeconds is given, there is one every 60 seconds and after each epoch, or less often if they would take more than 2 % of the time',
    }),
  ),
  checkpointSeconds: Type.Optional(
    Type.Number({ minimum: 1, maximum: 86_400, description: 'seconds between two checkpoints' }),
  ),
  keepCheckpoints: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 3,
      description: 'how many of the newest checkpoints to keep, beside the best',
    }),
  ),
  precision: Type.Optional(Precision),
  lossScale: Type.Optional(LossScale),
  memory: Type.Optional(
    Type.Enum(['normal', 'low'], {
      default: 'normal',
      description:
        'low: a step keeps about half of its activations and computes the others again for the gradients, which takes longer',
    }),
  ),
})
export type TrainingRequest = Static<typeof TrainingOptions>

/** Optional fields whose schemas have no default: they depend on the data, or are off if absent. */
export type TrainingOptionWithoutDefault =
  | 'steps'
  | 'split'
  | 'l2'
  | 'classWeights'
  | 'shards'
  | 'ema'
  | 'validateEvery'
  | 'earlyStopping'
  | 'checkpointEvery'
  | 'checkpointSeconds'
  | 'lossScale'

/** The options with all defaults filled in, as a trainer gets them. Steps are counted from 1 to `steps`. */
export interface TrainingPlan {
  steps: number
  stepsPerEpoch: number
  batchSize: number
  optimizer: OptimizerOptions
  learningRate: LearningRate
  /** Jobs that are older than this option have that of `defaultL2`. */
  l2?: number
  /** Null or absent: all classes count the same. */
  classWeights?: ClassWeightsPlan | null
  labelSmoothing: number
  clipGradients: ClipGradients
  accumulateSteps: number
  /** Absent: 1, a batch is computed at once. */
  shards?: number
  ema: Ema | null
  augment: Augmentation
  seed: number
  /** The splits that are trained on. Absent: all records. */
  split?: string[]
  validation: ImageSplitPlan
  /**
   * The training class of each class of a validation data set whose classes are in another order. If
   * absent, the orders are equal; in old jobs, they were taken to be.
   */
  validationClasses?: number[]
  validateEvery: number
  earlyStopping: EarlyStopping | null
  /** Null without validation data. */
  keepBest: KeepBest | null
  exportBest: boolean
  shuffleBuffer: number
  /** Absent in jobs that are older than this option: `streaming`. */
  input?: 'in-memory' | 'streaming'
  logEvery: number
  /** If both are null, CheckpointSchedule has a default. Jobs that are older than `checkpointSeconds` lack it. */
  checkpointEvery: number | null
  checkpointSeconds?: number | null
  keepCheckpoints: number
  precision: Precision
  /** Only with fp16. Absent in jobs that are older than this option: 1024. */
  lossScale?: LossScale
  /** Absent in jobs that are older than this option: `normal`. */
  memory?: 'normal' | 'low'
}

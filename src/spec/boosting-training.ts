import { type Static, Type } from 'typebox'
import {
  type BoostingMetricName,
  boostingMetrics,
  validationMetricName,
} from './boosting-metrics.js'
import { ClassWeights, type ClassWeightsPlan } from './class-weights.js'
import { ColumnName, maxColumns } from './feature-column.js'
import { strictObject } from './strict-object.js'
import { maxSteps } from './training-options.js'
import { type TableSplitPlan, TableValidation, TrainingSplits } from './validation-split.js'

const validationMetrics = (Object.keys(boostingMetrics) as BoostingMetricName[]).map(
  validationMetricName,
)

/** Ends the job if the metric stops improving. */
export const BoostingEarlyStopping = strictObject({
  metric: Type.Optional(
    Type.Enum(validationMetrics, {
      description: "one of the objective's metrics; if absent, its first",
    }),
  ),
  patience: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 10,
      description:
        'evaluations without improvement before the job ends; there is one every logEvery rounds',
    }),
  ),
  minDelta: Type.Optional(
    Type.Number({ minimum: 0, default: 0, description: 'an improvement must be larger than this' }),
  ),
})
export type BoostingEarlyStopping = Required<Static<typeof BoostingEarlyStopping>>

export const BoostingTrainingOptions = strictObject({
  target: Type.Optional({
    ...ColumnName,
    description: "column to predict; if absent, the data set's target",
  }),
  features: Type.Optional(
    Type.Array(ColumnName, {
      minItems: 1,
      maxItems: maxColumns,
      uniqueItems: true,
      description: 'columns to learn from; if absent, all that are not text and have no other use',
    }),
  ),
  sampleWeight: Type.Optional({
    ...ColumnName,
    description: 'column with the weight of each row, 0 or more',
  }),
  classWeights: Type.Optional(ClassWeights),
  offset: Type.Optional({
    ...ColumnName,
    description:
      'column of numbers that are added to the margin of each row, before it becomes a probability or a mean; such as the logarithm of the exposure, for counts. Rows to predict need it too',
  }),
  group: Type.Optional({
    ...ColumnName,
    description:
      'required with objective ranking: column whose value is the same for all rows of a query',
  }),
  split: Type.Optional(TrainingSplits),
  validation: Type.Optional(TableValidation),
  earlyStopping: Type.Optional(BoostingEarlyStopping),
  exportBest: Type.Optional(
    Type.Boolean({
      default: true,
      description:
        'with earlyStopping: whether the model ends with the best round instead of the last',
    }),
  ),
  seed: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 2_147_483_647,
      default: 1,
      description: 'seed of all sampling',
    }),
  ),
  logEvery: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxSteps,
      default: 1,
      description:
        'rounds between two evaluations, which are the metric points; the last round has one too',
    }),
  ),
  checkpointEvery: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxSteps,
      description:
        'rounds between two checkpoints. If neither this nor checkpointSeconds is given, there is one every 10 seconds, or less often if they would take more than 2 % of the time',
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
})
export type BoostingTrainingRequest = Static<typeof BoostingTrainingOptions>

/** Optional fields whose schemas have no default: they depend on the table, or are off if absent. */
export type BoostingOptionWithoutDefault =
  | 'target'
  | 'features'
  | 'sampleWeight'
  | 'group'
  | 'split'
  | 'classWeights'
  | 'offset'
  | 'earlyStopping'
  | 'checkpointEvery'
  | 'checkpointSeconds'

/**
 * The classes of a target. The label of a target value (for a category: its code) is
 * `labels[(value - base) / step]`.
 */
export interface Classes {
  labels: string[]
  base: number
  /** The distance of two numbers that are the classes, such as 2 for -1 and 1. Absent for whole numbers in a row. */
  step?: number
}

/**
 * Index of the class that a target value stands for, perhaps with a fraction or outside the classes.
 * Values are float32, so with a `step`, both numbers that are classes are rounded in the same way.
 */
export function classIndex(value: number, { base, step }: Classes): number {
  if (step === undefined) return value - base
  const first = Math.fround(base)
  return (value - first) / (Math.fround(base + step) - first)
}

/** The options with all defaults filled in, as a trainer gets them. Steps are rounds, counted from 1. */
export interface BoostingPlan {
  steps: number
  target: string
  features: string[]
  sampleWeight: string | null
  group: string | null
  /** Balanced: of the rows that are trained on. Absent in jobs that are older than these options. */
  classWeights?: ClassWeightsPlan | 'balanced' | null
  offset?: string | null
  /** Null unless the objective is binary or multiclass. */
  classes: Classes | null
  /** The splits that are trained on. Absent: all rows. */
  split?: string[]
  validation: TableSplitPlan
  earlyStopping: BoostingEarlyStopping | null
  exportBest: boolean
  seed: number
  logEvery: number
  /** If both are null, CheckpointSchedule has a default. */
  checkpointEvery: number | null
  checkpointSeconds: number | null
  keepCheckpoints: number
  /** Approximate number of training rows, from which rows per second are converted to rounds per second. */
  rows: number
}

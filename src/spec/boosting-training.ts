import { type Static, Type } from 'typebox'
import {
  type BoostingMetricName,
  boostingMetrics,
  validationMetricName,
} from './boosting-metrics.js'
import { closed } from './closed.js'
import { Validation } from './training-options.js'

const ColumnName = Type.String({ minLength: 1, maxLength: 1000 })

const validationMetrics = (Object.keys(boostingMetrics) as BoostingMetricName[]).map(
  validationMetricName,
)

/** Ends the job where it no longer gets better. */
export const BoostingEarlyStopping = closed({
  metric: Type.Optional(
    Type.Enum(validationMetrics, {
      description: "one of the objective's; its first if absent",
    }),
  ),
  patience: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 10,
      description: 'evaluations without a better value; there is one each logEvery rounds',
    }),
  ),
  minDelta: Type.Optional(
    Type.Number({ minimum: 0, default: 0, description: 'how much better counts as better' }),
  ),
})
export type BoostingEarlyStopping = Required<Static<typeof BoostingEarlyStopping>>

export const BoostingTrainingOptions = closed({
  target: Type.Optional({
    ...ColumnName,
    description: "the column to predict; the data set's target if absent",
  }),
  features: Type.Optional(
    Type.Array(ColumnName, {
      minItems: 1,
      uniqueItems: true,
      description: 'columns to learn from; if absent, all others that hold no text',
    }),
  ),
  sampleWeight: Type.Optional({ ...ColumnName, description: 'column of how much each row counts' }),
  group: Type.Optional({
    ...ColumnName,
    description: 'with objective ranking: column that rows of one query share; they lie together',
  }),
  validation: Type.Optional(Validation),
  earlyStopping: Type.Optional(BoostingEarlyStopping),
  exportBest: Type.Optional(
    Type.Boolean({
      default: true,
      description: 'with earlyStopping, the model is that of the best round; else of the last',
    }),
  ),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647, default: 1 })),
  logEvery: Type.Optional(
    Type.Integer({ minimum: 1, default: 1, description: 'rounds between two metric points' }),
  ),
  checkpointEvery: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        'rounds between two checkpoints; if neither this nor checkpointSeconds is given, 10 seconds, and longer where checkpoints would take over 2 % of the time',
    }),
  ),
  checkpointSeconds: Type.Optional(
    Type.Number({ minimum: 1, maximum: 86_400, description: 'seconds between two checkpoints' }),
  ),
  keepCheckpoints: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 3 })),
})
export type BoostingTrainingRequest = Static<typeof BoostingTrainingOptions>

/** Options that are computed from the table or stay off unless requested. */
export type BoostingOptionWithoutDefault =
  | 'target'
  | 'features'
  | 'sampleWeight'
  | 'group'
  | 'earlyStopping'
  | 'checkpointEvery'
  | 'checkpointSeconds'

/** What a class's number is and what it is called: labels[value - base]; a category's value is its code. */
export interface Classes {
  labels: string[]
  base: number
}

/** Every choice made: what a trainer gets. Steps are rounds, and count from 1. */
export interface BoostingPlan {
  steps: number
  target: string
  features: string[]
  sampleWeight: string | null
  group: string | null
  /** Of binary and multiclass. */
  classes: Classes | null
  /** Share of the rows, or of the groups, or the whole of another data set. */
  validation: { fraction: number } | { dataset: string }
  earlyStopping: BoostingEarlyStopping | null
  exportBest: boolean
  seed: number
  logEvery: number
  /** Where both are null: see CheckpointSchedule. */
  checkpointEvery: number | null
  checkpointSeconds: number | null
  keepCheckpoints: number
  /** About how many are trained on: by this a pace in rows becomes one in rounds. */
  rows: number
}

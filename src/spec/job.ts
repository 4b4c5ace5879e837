import { type Static, Type } from 'typebox'
import { PredictionPlan, PredictRequest } from './batch-prediction.js'
import { BestMetrics } from './best-metrics.js'
import { BoostingOptions, type ResolvedBoostingOptions } from './boosting-options.js'
import { type BoostingPlan, BoostingTrainingOptions } from './boosting-training.js'
import { RemovedCheckpoints } from './checkpoint.js'
import {
  type FailureCode,
  failureCodes,
  type OldFailureCode,
  oldFailureCodes,
} from './failure-codes.js'
import { DatasetId, JobId, Name, Timestamp } from './identifiers.js'
import { Freeze, InitFrom, InitReport, InitSource } from './init-from.js'
import { LabelChanges, Labels, Priority } from './labels.js'
import { MemoryEstimate } from './memory-estimate.js'
import { MetricValue } from './metrics.js'
import {
  type ModelOptions,
  type NetworkOptions,
  NetworkRequest,
  ResolvedModel,
} from './model-options.js'
import { Normalization } from './normalization.js'
import { type Note, NoteList } from './note.js'
import { nullable } from './nullable.js'
import { openObject } from './open-object.js'
import { ResourceChanges, Resources } from './resources.js'
import { ServingOptions, type ServingPlan } from './serving-options.js'
import { strictObject } from './strict-object.js'
import { TrainingOptions, type TrainingPlan } from './training-options.js'

const commonFields = {
  name: Type.Optional(Name),
  dataset: Name,
  priority: Type.Optional(Priority),
  labels: Type.Optional(Labels),
  resources: Type.Optional(Resources),
}

export const NetworkJobRequest = strictObject({
  ...commonFields,
  model: NetworkRequest,
  training: Type.Optional(TrainingOptions),
  serving: Type.Optional(ServingOptions),
  initFrom: Type.Optional(InitFrom),
  freeze: Type.Optional(Freeze),
})
export type NetworkJobRequest = Static<typeof NetworkJobRequest>

export const BoostingJobRequest = strictObject({
  ...commonFields,
  model: BoostingOptions,
  training: Type.Optional(BoostingTrainingOptions),
})
export type BoostingJobRequest = Static<typeof BoostingJobRequest>

export const PredictionJobRequest = strictObject({ ...commonFields, predict: PredictRequest })
export type PredictionJobRequest = Static<typeof PredictionJobRequest>

/** A job that trains, or one that predicts: `predict` tells them apart, and `model.kind` the two kinds that train. */
export const JobRequest = Type.Union([NetworkJobRequest, BoostingJobRequest, PredictionJobRequest])
export type TrainingJobRequest = NetworkJobRequest | BoostingJobRequest
export type JobRequest = TrainingJobRequest | PredictionJobRequest

export const isPredictionRequest = (request: JobRequest): request is PredictionJobRequest =>
  'predict' in request
export const isBoostingRequest = (request: JobRequest): request is BoostingJobRequest =>
  !isPredictionRequest(request) && request.model.kind === 'boosting'

/** What a client changes of a job; fields that are not given stay. */
export const JobPatch = strictObject(
  {
    name: Type.Optional(Name),
    priority: Type.Optional(Priority),
    labels: Type.Optional(LabelChanges),
    resources: Type.Optional(nullable(ResourceChanges)),
  },
  { minProperties: 1 },
)
export type JobPatch = Static<typeof JobPatch>

/** The manifest of a job, which is stored before the job is queued: the request with all defaults and ids filled in. */
interface BaseJob {
  id: string
  name: string
  createdAt: string
  dataset: { id: string; name: string }
  initFrom?: InitSource
  freeze?: string[]
  priority?: number
  labels?: Labels
  notes?: Note[]
  /** Of a boosting job. A network's graph takes seconds to build, so the first attempt estimates it. */
  memory?: MemoryEstimate
  /** Name of the record of the request's Idempotency-Key. */
  idempotency?: string
  /** What the job asks of its worker; absent if nothing, and in jobs that are older than it. */
  resources?: Resources
  /** Version of the server that planned the job; absent in jobs that are older than it. */
  plannedBy?: string
  /** Options that a worker must know to run the job (`features.ts`); absent if none. */
  requires?: string[]
  /** What the client sent. Absent in jobs that are older than it. */
  request?: JobRequest
  /**
   * Number of the newest change of name, labels, priority or resources, which the fields above have; absent before the first.
   * Not stored.
   */
  revision?: number
}

export interface NetworkJob extends BaseJob {
  model: NetworkOptions
  training: TrainingPlan
  /** Absent in jobs that are older than it: that of the data set. */
  normalization?: Normalization
  /** Absent in jobs that are older than it: `fp32Serving`. */
  serving?: ServingPlan
}

export interface BoostingJob extends BaseJob {
  model: ResolvedBoostingOptions
  training: BoostingPlan
}

/** A job that predicts all records of its data set. */
export interface PredictionJob extends BaseJob {
  /** The options of the version that predicts. */
  model: ModelOptions
  predict: PredictionPlan
}

export type TrainingJob = NetworkJob | BoostingJob
export type JobManifest = TrainingJob | PredictionJob

export const isPrediction = (job: JobManifest): job is PredictionJob => 'predict' in job
export const isBoosting = (job: JobManifest): job is BoostingJob =>
  !isPrediction(job) && job.model.kind === 'boosting'

/** The training of a job, as answers have it: without fields if the job predicts. */
export const trainingOf = (job: JobManifest): TrainingPlan | BoostingPlan =>
  isPrediction(job) ? ({} as TrainingPlan) : job.training

/** Number of the last step: of a job that predicts, of its records. */
export const stepsOf = (job: JobManifest): number =>
  isPrediction(job) ? job.predict.steps : job.training.steps

/** What a job's images are normalized with; null for boosting, and if the job is older than the field. */
export const normalizationOf = (job: JobManifest): Normalization | null =>
  'normalization' in job ? (job.normalization ?? null) : null

/** How a job's network is served; null for boosting, and if the job is older than the field. */
export const servingOf = (job: JobManifest): ServingPlan | null =>
  'serving' in job ? (job.serving ?? null) : null

export const JobStatus = Type.Enum([
  'queued',
  'running',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
])
export type JobStatus = Static<typeof JobStatus>

export const Phase = Type.Enum(['preparing', 'training', 'evaluating', 'predicting', 'saving'])
export type Phase = Static<typeof Phase>

const failureCode = Type.Enum(
  Object.keys({ ...failureCodes, ...oldFailureCodes }) as (FailureCode | OldFailureCode)[],
)

export const Failure = Type.Object({ code: failureCode, message: Type.String() })
export type Failure = Static<typeof Failure>
/** A failure in the answer of a job. */
export const ExplainedFailure = Type.Object({
  ...Failure.properties,
  help: Type.String({ description: 'what to do about it; docs/errors.md has it by code' }),
})
export type ExplainedFailure = Static<typeof ExplainedFailure>
/** A failure that this version of the server reports. */
export type NewFailure = Failure & { code: FailureCode }

export const Metrics = Type.Record(Type.String(), MetricValue)
export type Metrics = Static<typeof Metrics>

export const Transition = Type.Object({
  status: JobStatus,
  at: Timestamp,
  attempt: Type.Integer({
    description: 'number of the latest attempt at this time; 0 before the first',
  }),
  failure: Type.Optional(Failure),
})
export type Transition = Static<typeof Transition>

export const ModelRef = Type.Object({ id: Name, version: Type.Integer() })
export type ModelRef = Static<typeof ModelRef>

export const DatasetRef = Type.Object({ id: DatasetId, name: Name })
export type DatasetRef = Static<typeof DatasetRef>

/** A job as the API shows it. */
export const Job = Type.Object({
  id: JobId,
  name: Name,
  status: JobStatus,
  requested: nullable(
    Type.Enum(['pause', 'cancel']),
    'what a running job was asked to do and has not done yet',
  ),
  phase: nullable(Phase, 'null unless the job is running'),
  queue: nullable(
    Type.Object({
      position: Type.Integer({
        description: '1 is next, of the jobs that need the same of a worker',
      }),
      startsInSeconds: nullable(
        Type.Number(),
        'estimated time until a worker takes the job; null if unknown',
      ),
    }),
    'null if the job is not queued, if its position is unknown, and in the answer to its submission',
  ),
  waitingFor: nullable(
    Type.String(),
    'what a queued or running job waits for beside a free slot, such as a worker that has what it needs, memory or room on the disk; null if nothing, and in the answer to its submission',
  ),
  attempt: Type.Integer({ description: 'number of the latest attempt; 0 before the first' }),
  progress: Type.Object({
    step: Type.Integer({
      description:
        'the last step that was done; for a job that has ended or waits, by its latest attempt',
    }),
    steps: Type.Integer({
      description: 'total number of steps; for boosting, of rounds; for a prediction, of records',
    }),
    fraction: Type.Number({
      description:
        'step / steps, from 0 to 1; 1 for a job that succeeded, also if it stopped early',
      minimum: 0,
      maximum: 1,
    }),
    etaSeconds: nullable(
      Type.Number({ minimum: 0 }),
      'estimated time until the job ends if it does not stop early: steps, evaluations and saving. ' +
        'Null if the job is not running, and until its pace is known',
    ),
    resumedFrom: nullable(
      Type.Integer(),
      'step of the checkpoint from which the latest attempt resumed; steps after it are done again. ' +
        '0 if it started from the beginning; null before the first attempt, and for a moment as an attempt begins',
    ),
  }),
  model: ResolvedModel,
  dataset: DatasetRef,
  training: Type.Unsafe<TrainingPlan | BoostingPlan>(
    Type.Object(
      {},
      {
        additionalProperties: true,
        description:
          'every training option, with defaults filled in; has no fields if the job predicts',
      },
    ),
  ),
  predict: nullable(PredictionPlan, 'what a job predicts; null if it trains'),
  initFrom: nullable(InitSource),
  initialized: nullable(InitReport, 'null without initFrom, and until the first attempt begins'),
  request: nullable(
    Type.Unsafe<JobRequest>(openObject('JobRequest')),
    'the body of POST /jobs as it came: send it again, with changes or without, for another job. ' +
      'Null for jobs of older versions',
  ),
  normalization: nullable(
    Normalization,
    'what images are normalized with; null for boosting, and for jobs of older versions',
  ),
  serving: nullable(
    ServingOptions,
    'how its network is served; null for boosting, and for jobs of older versions',
  ),
  freeze: Type.Array(Type.String()),
  priority: Priority,
  labels: Labels,
  resources: nullable(
    Resources,
    'what the job asks of its worker, from its next attempt on if it does not run; null if nothing',
  ),
  memory: nullable(
    MemoryEstimate,
    'estimated memory of the trainer; for a network, null until the first attempt has built its graph',
  ),
  notes: NoteList,
  removedCheckpoints: nullable(
    RemovedCheckpoints,
    'checkpoints that were removed to free space, some days after the job had ended (the setting TRAINYARD_CHECKPOINT_DAYS); null if there are none',
  ),
  createdAt: Timestamp,
  startedAt: nullable(Timestamp, 'start of the first attempt'),
  finishedAt: nullable(Timestamp),
  transitions: Type.Array(Transition, { description: 'changes of the status, oldest first' }),
  metrics: Type.Record(Type.String(), MetricValue, {
    description:
      'latest value of each metric by the latest attempt, however the job ended; after success, the values at the step of the model',
  }),
  best: {
    ...BestMetrics,
    description:
      'best value of each metric by the attempts in effect, and its step: the lowest loss, the highest accuracy; metrics without a better direction, such as learningRate, are not in it, and NaN and Infinity do not count',
  },
  failure: nullable(ExplainedFailure),
  result: nullable(
    Type.Object({
      model: {
        ...ModelRef,
        description: 'the version that the job published; of a job that predicts, its `predict`',
      },
      dataset: nullable(DatasetRef, 'the data set of predictions; null if the job trained'),
      stoppedEarly: Type.Boolean({
        description: 'whether training.earlyStopping ended the job, at progress.step',
      }),
    }),
  ),
})
export type Job = Static<typeof Job>

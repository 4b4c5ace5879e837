import { type Static, Type } from 'typebox'
import { BoostingOptions, type ResolvedBoostingOptions } from './boosting-options.js'
import { type BoostingPlan, BoostingTrainingOptions } from './boosting-training.js'
import { closed } from './closed.js'
import { type FailureCode, failureCodes } from './failure-codes.js'
import { DatasetId, JobId, Name, Timestamp } from './identifiers.js'
import { Freeze, InitFrom, InitReport, InitSource } from './init-from.js'
import { Labels, Priority } from './labels.js'
import { MetricValue } from './metrics.js'
import { type NetworkOptions, NetworkRequest, ResolvedModel } from './model-options.js'
import { TrainingOptions, type TrainingPlan } from './training-options.js'

const commonFields = {
  name: Type.Optional(Name),
  dataset: Name,
  priority: Type.Optional(Priority),
  labels: Type.Optional(Labels),
}

export const NetworkJobRequest = closed({
  ...commonFields,
  model: NetworkRequest,
  training: Type.Optional(TrainingOptions),
  initFrom: Type.Optional(InitFrom),
  freeze: Type.Optional(Freeze),
})
export type NetworkJobRequest = Static<typeof NetworkJobRequest>

export const BoostingJobRequest = closed({
  ...commonFields,
  model: BoostingOptions,
  training: Type.Optional(BoostingTrainingOptions),
})
export type BoostingJobRequest = Static<typeof BoostingJobRequest>

/** What a client asks for, told apart by `model.kind`. */
export const JobRequest = Type.Union([NetworkJobRequest, BoostingJobRequest])
export type JobRequest = NetworkJobRequest | BoostingJobRequest

export const isBoostingRequest = (request: JobRequest): request is BoostingJobRequest =>
  request.model.kind === 'boosting'

/** What is stored before a job is queued: the request with every default and id filled in. */
interface BaseJob {
  id: string
  name: string
  createdAt: string
  dataset: { id: string; name: string }
  initFrom?: InitSource
  freeze?: string[]
  priority?: number
  labels?: Labels
  /** The record of the Idempotency-Key that it came with. */
  idempotency?: string
}

export interface NetworkJob extends BaseJob {
  model: NetworkOptions
  training: TrainingPlan
}

export interface BoostingJob extends BaseJob {
  model: ResolvedBoostingOptions
  training: BoostingPlan
}

export type JobManifest = NetworkJob | BoostingJob

export const isBoosting = (job: JobManifest): job is BoostingJob => job.model.kind === 'boosting'

export const JobStatus = Type.Enum([
  'queued',
  'running',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
])
export type JobStatus = Static<typeof JobStatus>

export const Phase = Type.Enum(['preparing', 'training', 'evaluating', 'saving'])
export type Phase = Static<typeof Phase>

const failureCode = Type.Enum(Object.keys(failureCodes) as FailureCode[])

export const Failure = Type.Object({ code: failureCode, message: Type.String() })
export type Failure = Static<typeof Failure>

export const Metrics = Type.Record(Type.String(), MetricValue)
export type Metrics = Static<typeof Metrics>

export const Transition = Type.Object({
  status: JobStatus,
  at: Timestamp,
  attempt: Type.Integer({ description: '0 until a worker has taken the job' }),
  failure: Type.Optional(Failure),
})
export type Transition = Static<typeof Transition>

export const ModelRef = Type.Object({ id: Name, version: Type.Integer() })
export type ModelRef = Static<typeof ModelRef>

const nullable = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Union([schema, Type.Null()])

/** What the API answers. */
export const Job = Type.Object({
  id: JobId,
  name: Name,
  status: JobStatus,
  requested: Type.Union([Type.Enum(['pause', 'cancel']), Type.Null()], {
    description: 'of a running job, which it has yet to obey',
  }),
  phase: nullable(Phase),
  queue: Type.Union(
    [
      Type.Object({
        position: Type.Integer({ description: '1 is next' }),
        startsInSeconds: Type.Union([Type.Number(), Type.Null()], {
          description: 'an estimate, where what runs now says enough',
        }),
      }),
      Type.Null(),
    ],
    { description: 'of a queued job; null in the answer to its submission' },
  ),
  attempt: Type.Integer(),
  progress: Type.Object({
    step: Type.Integer(),
    steps: Type.Integer(),
    fraction: Type.Number(),
    etaSeconds: nullable(Type.Number()),
  }),
  model: ResolvedModel,
  dataset: Type.Object({ id: DatasetId, name: Name }),
  training: Type.Unsafe<TrainingPlan | BoostingPlan>(
    Type.Object(
      {},
      { additionalProperties: true, description: 'every training option, defaults filled in' },
    ),
  ),
  initFrom: nullable(InitSource),
  initialized: nullable(InitReport),
  freeze: Type.Array(Type.String()),
  priority: Priority,
  labels: Labels,
  createdAt: Timestamp,
  startedAt: nullable(Timestamp),
  finishedAt: nullable(Timestamp),
  transitions: Type.Array(Transition),
  metrics: Metrics,
  failure: nullable(Failure),
  result: nullable(
    Type.Object({
      model: ModelRef,
      stoppedEarly: Type.Boolean({ description: 'by training.earlyStopping, at progress.step' }),
    }),
  ),
})
export type Job = Static<typeof Job>

// What a job's files must hold to be used. They are lenient where older versions wrote less.
import { Type } from 'typebox'
import { PredictionPlan } from '../../spec/batch-prediction.js'
import { BestMetrics } from '../../spec/best-metrics.js'
import {
  CheckpointFormat,
  type CheckpointManifest,
  RemovedCheckpoints,
} from '../../spec/checkpoint.js'
import { ConvKernelTable } from '../../spec/conv-kernels.js'
import { Evaluation } from '../../spec/evaluation.js'
import { JobId, Name, Timestamp } from '../../spec/identifiers.js'
import { InitReport, InitSource } from '../../spec/init-from.js'
import {
  DatasetRef,
  Failure,
  type JobManifest,
  type Metrics,
  ModelRef,
  Phase,
} from '../../spec/job.js'
import { Labels, Priority } from '../../spec/labels.js'
import { MetricValue } from '../../spec/metrics.js'
import { ResolvedModel } from '../../spec/model-options.js'
import { Normalization } from '../../spec/normalization.js'
import { NoteList } from '../../spec/note.js'
import { nullable } from '../../spec/nullable.js'
import { Resources } from '../../spec/resources.js'
import { ServingOptions } from '../../spec/serving-options.js'
import { type TrainingKernels, trainingKernels } from '../../spec/training-kernels.js'
import { shapeOf } from '../../store/shape.js'
import type { AttemptRecord } from './attempt-record.js'
import type { JournalEntry } from './lifecycle.js'
import { jobActions } from './states.js'

const Count = Type.Integer({ minimum: 0 })
const AttemptNumber = Type.Integer({ minimum: 1 })
export const StoredMemory = Type.Object({ totalBytes: Type.Number() })
/** Of a newer version they may have more, which `requires` names. */
export const StoredResources = Type.Object({ ...Resources.properties })

const manifestFields = {
  id: JobId,
  name: Name,
  createdAt: Timestamp,
  dataset: Type.Object({ id: Type.String(), name: Type.String() }),
  model: ResolvedModel,
  initFrom: Type.Optional(InitSource),
  normalization: Type.Optional(Normalization),
  serving: Type.Optional(ServingOptions),
  freeze: Type.Optional(Type.Array(Type.String())),
  priority: Type.Optional(Priority),
  labels: Type.Optional(Labels),
  notes: Type.Optional(NoteList),
  memory: Type.Optional(StoredMemory),
  idempotency: Type.Optional(Type.String()),
  resources: Type.Optional(StoredResources),
  requires: Type.Optional(Type.Array(Type.String())),
  plannedBy: Type.Optional(Type.String()),
  request: Type.Optional(Type.Object({})),
}

const trainingManifest = Type.Object({
  ...manifestFields,
  training: Type.Object({
    steps: AttemptNumber,
    validation: Type.Object({}),
    seed: Type.Number(),
    keepCheckpoints: Type.Number(),
    logEvery: Type.Number(),
    exportBest: Type.Boolean(),
  }),
})
const predictionManifest = Type.Object({ ...manifestFields, predict: PredictionPlan })

export const jobManifestSchema = Type.Union([trainingManifest, predictionManifest])

export const jobManifest = shapeOf<JobManifest>(jobManifestSchema)

/** Old records have null in place of NaN and Infinity. */
const StoredMetrics = Type.Record(Type.String(), nullable(MetricValue))

const StoredResult = Type.Object({
  status: Type.Enum(['succeeded', 'failed', 'cancelled']),
  finishedAt: Timestamp,
  attempt: Count,
  failure: nullable(Failure),
  model: nullable(ModelRef),
  dataset: Type.Optional(DatasetRef),
  metrics: StoredMetrics,
  step: Type.Optional(Count),
})

export const journalEntry = shapeOf<JournalEntry>(
  Type.Union([
    Type.Object({ event: Type.Enum([...jobActions]), at: Timestamp }),
    Type.Object({ event: Type.Enum(['start', 'stop']), at: Timestamp, attempt: Count }),
    Type.Object({
      event: Type.Enum(['succeed', 'fail']),
      at: Timestamp,
      attempt: Count,
      result: StoredResult,
    }),
  ]),
)

export const attemptRecord = shapeOf<AttemptRecord>(
  Type.Object({
    attempt: AttemptNumber,
    startedAt: Timestamp,
    resumedFrom: Count,
    phase: Phase,
    progress: Type.Optional(
      Type.Object({ step: Count, metrics: StoredMetrics, best: Type.Optional(BestMetrics) }),
    ),
    memory: Type.Optional(StoredMemory),
    resources: Type.Optional(nullable(StoredResources)),
    cause: Type.Optional(nullable(Type.String())),
    endedAt: Type.Optional(nullable(Timestamp)),
    end: Type.Optional(nullable(Type.String())),
    outputTail: Type.Optional(nullable(Type.String())),
  }),
)

export const initReport = shapeOf<InitReport>(InitReport)

export const removedCheckpoints = shapeOf<RemovedCheckpoints>(RemovedCheckpoints)

/** Which data set an attempt makes of its predictions, before it does. */
export interface AnnouncedPredictions {
  dataset: DatasetRef
  metrics: Metrics
  at: string
}

export const announcedPredictions = shapeOf<AnnouncedPredictions>(
  Type.Object({
    dataset: DatasetRef,
    metrics: Type.Record(Type.String(), MetricValue),
    at: Timestamp,
  }),
)

export const agreedModelName = shapeOf<{ name: string }>(Type.Object({ name: Name }))

export const agreedKernels = shapeOf<{ kernels: TrainingKernels }>(
  Type.Object({ kernels: Type.Enum([...trainingKernels]) }),
)
export const convKernelTable = shapeOf<ConvKernelTable>(ConvKernelTable)

export const agreedThreads = shapeOf<{ threads: number }>(Type.Object({ threads: AttemptNumber }))

export const checkpointManifest = shapeOf<CheckpointManifest>(
  Type.Object({
    step: Count,
    attempt: AttemptNumber,
    createdAt: Timestamp,
    format: Type.Optional(CheckpointFormat),
    best: Type.Optional(Type.Boolean()),
    evaluation: Type.Optional(Evaluation),
  }),
)

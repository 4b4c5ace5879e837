// What processes say to each other over IPC (advanced serialisation: typed arrays pass as they are).
import type { DatasetManifest, ImagesManifest } from './dataset.js'
import type { ErrorCode } from './error-codes.js'
import type { FailureCode } from './failure-codes.js'
import type { JobManifest, Metrics, ModelRef, NetworkJob, Phase } from './job.js'
import type { MetricRow } from './metrics.js'

export interface TrainerTask<J extends JobManifest = JobManifest> {
  job: J
  dataset: DatasetManifest
  validation: DatasetManifest | null
  /** The attempt number, already claimed in the store; it is also the fencing token. */
  attempt: number
  /** The checkpoint to go on from. */
  resumeFrom: number | null
}

/** `cancel` and `pause`: a client asked. `drain`: the worker makes room for a shutdown. */
export type StopReason = 'cancel' | 'pause' | 'drain'

export type ToTrainer =
  | { type: 'start'; task: TrainerTask }
  /** The worker lives; a trainer that hears nothing for `leaseMs` ends itself. */
  | { type: 'lease' }
  | { type: 'stop'; reason: StopReason }

export type FromTrainer =
  | { type: 'ready' }
  | { type: 'phase'; phase: Phase; step: number }
  | { type: 'metrics'; row: MetricRow }
  | { type: 'checkpoint'; step: number }
  | { type: 'stopped' }
  /** `step`: the last one trained, before the job's last where it stopped early. */
  | { type: 'finished'; model: ModelRef; metrics: Metrics; step: number }
  | { type: 'failed'; code: FailureCode; message: string }

export interface PlannerTask {
  job: NetworkJob
  dataset: ImagesManifest
  records: { training: number; validation: number }
}

export interface JobSize {
  /** How many numbers training adjusts. */
  parameters: number
  /** Weights, what the optimiser keeps of each, averages, and records that stay in memory. */
  stateBytes: number
  /** The most that a step takes beside them: activations, gradients, the batch. */
  stepBytes: number
}

/** `error`: the job's graph cannot be built, and why. */
export type FromPlanner = { size: JobSize } | { error: string }

export interface PredictRequest {
  id: number
  /** Folder of the SavedModel; its content never changes. */
  folder: string
  input:
    | { kind: 'pixels'; data: Float32Array; shape: [n: number, h: number, w: number, c: number] }
    | { kind: 'images'; files: Uint8Array[] }
}

export type ToPredictor = PredictRequest

export interface Probabilities {
  /** One row of `classes` numbers for each image. */
  probabilities: Float32Array
  classes: number
}

/** What a predictor of any kind says; `A` is its answer. */
export type PredictorMessage<A> =
  | { type: 'ready' }
  | ({ type: 'answer'; id: number } & A)
  | { type: 'error'; id: number; code: ErrorCode; message: string }

export type FromPredictor = PredictorMessage<Probabilities>

export interface RowsInput {
  /** Row-major [count, columns], NaN where missing. */
  rows: Float32Array
  count: number
  explain: boolean
}

export interface RowsRequest {
  id: number
  /** Folder of the model; its content never changes. */
  folder: string
  input: RowsInput
}

export interface RowValues {
  /** [count, outputs]. */
  values: Float32Array
  outputs: number
  /** Margins [count, outputs], and SHAP values [count, outputs, columns + 1] with the bias last. */
  explanations: { margins: Float32Array; contributions: Float32Array } | null
}

/** What a worker tells the followers of a job: a notification, never the content. */
export type JobNotification = 'metrics' | 'checkpoint' | 'changed' | 'request'

export type ToApi =
  /** Carries the listening socket of the public address. */
  | { type: 'listenSocket' }
  /** Carries a connection accepted on that socket. */
  | { type: 'connection'; id: number }
  /** No more connections will follow. */
  | { type: 'noMoreConnections' }
  | { type: 'shutdown' }

export type FromApi =
  /** It answers; `url`: where it listens, which is another address where the supervisor holds the known one. */
  | { type: 'listening'; url: string }
  /** It has received this connection. */
  | { type: 'accepted'; id: number }
  /** It takes no new connections. */
  | { type: 'closing' }

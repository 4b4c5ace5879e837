// Messages between processes, over Node's IPC channel with advanced serialization, which passes typed
// arrays without conversion.
import type { DatasetManifest, ImagesManifest } from './dataset.js'
import type { ErrorCode } from './error-codes.js'
import type {
  Baseline,
  Completeness,
  FeatureMapLayer,
  ImageExplanationMethod,
  Picture,
  SourceImage,
} from './explanation.js'
import type { FailureCode } from './failure-codes.js'
import type { FieldErrorCode } from './field-error-codes.js'
import type { InitReport } from './init-from.js'
import type { DatasetRef, JobManifest, Metrics, ModelRef, NetworkJob, Phase } from './job.js'
import type { MemoryEstimate } from './memory-estimate.js'
import type { MetricRow } from './metrics.js'
import type { BoostingManifest, ImagePreprocessing, NetworkManifest, Serving } from './model.js'
import type { ServedPrecision } from './serving-options.js'
import type { WeightsTensor } from './weights.js'

/** An error as a message to another process (`src/ipc/wire-error.ts`). */
export interface WireError {
  name: string
  message: string
  stack?: string
  /** The code of an error that is not a TrainyardError, such as `ENOENT`. */
  code?: string
  trainyard?: { code: ErrorCode; errors: { path: string; code: FieldErrorCode; message: string }[] }
  /** Of a DamagedError: the file, relative to the data folder, and what is wrong with it. */
  damage?: { file: string; reason: string }
  cause?: WireError
}

export interface TrainerTask<J extends JobManifest = JobManifest> {
  job: J
  dataset: DatasetManifest
  validation: DatasetManifest | null
  /** The attempt number, already claimed in the store; it is also the fencing token. */
  attempt: number
  /** The step of the checkpoint to resume from; null to start from the beginning. */
  resumeFrom: number | null
  /** Threads with which earlier attempts of a network computed; null if there are none. */
  threads: number | null
}

/** `cancel` and `pause`: a client requested it. `drain`: the worker shuts down. */
/** `drain`: its worker ends soon; `move`: it stays, and another one is to go on. */
export type StopReason = 'cancel' | 'pause' | 'drain' | 'move'

export type ToTrainer =
  | { type: 'start'; task: TrainerTask }
  /** A heartbeat of the worker. A trainer ends itself if it gets no message for `leaseMs` (workers/trainer.ts). */
  | { type: 'lease' }
  | { type: 'stop'; reason: StopReason }
  /** The job may take the memory that it asked for. */
  | { type: 'memoryGranted' }
  /** To the ranks of a gang beside rank 0: where rank 0 waits for them. */
  | { type: 'leader'; address: string }
  /** To all ranks of a gang: what each of them said by `gather`, by rank. */
  | { type: 'gathered'; values: string[] }

/** The error that ends a trainer, in one line. */
export interface TrainerError {
  message: string
  /** The code of the job's failure if every attempt ends like this; null if the error says nothing about it. */
  cause: FailureCode | null
  /** It only follows from the end of another rank of the gang. */
  lostRank?: boolean
}

export type FromTrainer =
  | { type: 'ready' }
  /** From rank 0 of a gang: where it waits for the other ranks, as `host:port`. */
  | { type: 'leader'; address: string }
  /** From each rank of a gang: what the others are to know. When all have said something, all are told. */
  | { type: 'gather'; value: string }
  /** From another rank: it still computes for rank 0, and says nothing else. */
  | { type: 'serving' }
  /** From another rank: it has done its part, and rank 0 does the rest alone. */
  | { type: 'left' }
  | { type: 'phase'; phase: Phase; step: number }
  /** The job needs so much memory. The trainer waits for `memoryGranted`; the worker may kill it instead. */
  | { type: 'memory'; memory: MemoryEstimate }
  | { type: 'metrics'; row: MetricRow }
  | { type: 'checkpoint'; step: number }
  | { type: 'stopped' }
  /** `step`: the last step that was trained. It is below the job's `steps` after early stopping. */
  | {
      type: 'finished'
      model: ModelRef
      /** The data set of predictions. */
      dataset?: DatasetRef
      metrics: Metrics
      step: number
    }
  | { type: 'failed'; code: FailureCode; message: string }
  /** The trainer ends with an error that another attempt may not meet. */
  | ({ type: 'error' } & TrainerError)

export interface PlannerTask {
  job: NetworkJob
  dataset: ImagesManifest
  records: { training: number; validation: number }
  /** The tensors of the checkpoint that the job starts from. */
  checkpointTensors?: readonly WeightsTensor[] | undefined
}

export interface JobSize {
  /** Number of trainable parameters. */
  parameters: number
  /** Weights, optimizer state, moving averages and in-memory records. */
  stateBytes: number
  /** Peak memory of a step beside the state: activations, gradients and the batch. */
  stepBytes: number
  /** Null without initial weights. */
  initialized: InitReport | null
  /** Variables that `freeze` keeps at random values. */
  frozenRandom: string[]
}

/** Images to predict: pixels 0 to 255, or files. */
export type ImagesInput =
  | { kind: 'pixels'; data: Float32Array; shape: [n: number, h: number, w: number, c: number] }
  | { kind: 'images'; files: Uint8Array[] }

/** Images of one request that run in a batch with those of others. */
export interface BatchPart {
  input: ImagesInput
  /** The position of its first image in the request. */
  first: number
}

/** The size of a network's images. */
export type ImageShape = readonly [height: number, width: number, channels: number]

export type ToPredictor =
  /** Loads the SavedModel in a folder, whose content never changes, and runs it once. */
  | { type: 'load'; folder: string; image: ImageShape; precision: ServedPrecision }
  | { type: 'unload'; folder: string }
  /** Runs images on a loaded model. The batch is padded to `size`. */
  | { type: 'run'; id: number; folder: string; size: number; parts: BatchPart[] }

export interface Probabilities {
  /** Row-major [images, classes]; `probabilities` is their softmax. */
  logits: Float32Array
  probabilities: Float32Array
  classes: number
  /** What is counted of each image (src/watching/image-features.ts), row-major. */
  features?: Float32Array
}

export interface LoadedModel {
  /** Memory that the process takes for it. */
  bytes: number
  serving: Serving
  /** How long warm runs took, by the size of the batch. */
  times: { size: number; ms: number }[]
}

export interface BatchAnswer {
  /** For each part of the batch, in order. */
  parts: ({ output: Probabilities } | { error: WireError })[]
  /** Spent on decoding files, on the network, and on taking its output apart. */
  decodeMs: number
  runMs: number
  outputMs: number
  /** Of the batch as it ran, padding included. */
  size: number
}

export type FromPredictor =
  | { type: 'ready'; rssBytes: number }
  | { type: 'loaded'; folder: string; model: LoadedModel; rssBytes: number }
  | { type: 'loadFailed'; folder: string; error: WireError }
  | { type: 'answer'; id: number; answer: BatchAnswer; rssBytes: number }
  /** The whole batch failed. */
  | { type: 'failed'; id: number; error: WireError }

/** A message of the predictor of rows. `A` is the type of its answers. */
export type PredictorMessage<A> =
  | { type: 'ready' }
  | ({ type: 'answer'; id: number } & A)
  | { type: 'error'; id: number; error: WireError }

export interface RowsInput {
  /** Row-major [count, columns]; missing values are NaN. */
  rows: Float32Array
  count: number
  /** Added to the margin of each row, for a model with an offset. */
  offsets?: Float32Array
  explain: boolean
}

export interface RowsRequest {
  id: number
  /** Folder of the model; its content never changes. */
  folder: string
  input: RowsInput
}

export interface RowValues {
  /** Row-major [count, outputs]. */
  values: Float32Array
  outputs: number
  /** Margins [count, outputs] and SHAP values [count, outputs, columns + 1], of which the last is the bias. */
  explanations: { margins: Float32Array; contributions: Float32Array } | null
}

/** Explains what a network predicts for images. */
export interface ImageExplanationTask {
  /** Folder of the version or checkpoint, whose content never changes. */
  folder: string
  model: NetworkManifest['model']
  input: NetworkManifest['input']
  /** How image files are resized. */
  resize: ImagePreprocessing['resize']
  classes: number
  images: ImagesInput
  method: ImageExplanationMethod
  /** null: what the network predicts for each image. */
  target: number | null
  /** null: the last one. */
  layer: string | null
  steps: number
  baseline: Baseline
  picture: Picture | null
}

export interface ExplainedImage {
  /** [classes]. */
  logits: Float32Array
  probabilities: Float32Array
  target: number
  source: SourceImage | null
  completeness: Completeness | null
  /** [height, width], divided by `scale`. */
  values: Float32Array
  scale: number
  /** A PNG, if the task asks for one. */
  picture: Uint8Array | null
}

export interface ImageExplanationAnswer {
  layers: FeatureMapLayer[]
  /** Of Grad-CAM; null if the network has no layer of the name that the task has, so that nothing is explained. */
  layer: FeatureMapLayer | null
  images: ExplainedImage[]
}

/** Makes a checkpoint predict. */
export interface CheckpointExportTask {
  job: JobManifest
  dataset: DatasetManifest
  /** The folder of the checkpoint. */
  checkpoint: string
  step: number
  /** An empty folder, which is then like that of a model. */
  folder: string
}

/** What a checkpoint takes and predicts. */
export type CheckpointContract =
  | Pick<NetworkManifest, 'input' | 'labels'>
  | Pick<BoostingManifest, 'target' | 'input' | 'labels'>

/** Published in Redis when a job changes. It only says what changed; readers get the content from the store. */
export type JobNotification = 'metrics' | 'checkpoint' | 'changed' | 'request'

/** From the supervisor to the API and to the worker. */
export type FromSupervisor =
  /** Asks for a `pong` from the child's event loop. */
  | { type: 'ping' }
  /** How often each process has been started again. */
  | { type: 'restarts'; counts: Record<string, number> }

export type ToApi = FromSupervisor | { type: 'shutdown' }

export type FromApi =
  /** The API is ready, at its public address. */
  { type: 'listening'; url: string }

/** The answer to a `ping`. */
export interface Pong {
  type: 'pong'
}

import { type Static, Type } from 'typebox'
import { Evaluation } from './evaluation.js'
import { Timestamp } from './identifiers.js'
import { nullable } from './nullable.js'

export const StoredFile = Type.Object({
  name: Type.String(),
  bytes: Type.Integer(),
  sha256: Type.String(),
})
export type StoredFile = Static<typeof StoredFile>

/**
 * The manifest of a checkpoint folder. The folder of a network has two TensorFlow checkpoints:
 * `model.ckpt-<step>`, and `input.ckpt-<step>` with the state of the input pipeline. The folder of a
 * boosting job has `booster.ubj`, the full state of the training, and `model.ubj`, which any XGBoost
 * reads. A network whose step has an evaluation has `evaluation.arrow` (evaluation-records.ts). That of a job that predicts has the predictions of the records since the checkpoint before
 * (src/predictions/part-file.ts).
 */
export interface CheckpointManifest {
  step: number
  /** `tensorflow` if absent. */
  format?: CheckpointFormat
  /** Number of the attempt that wrote it. */
  attempt: number
  createdAt: string
  /** This step had the best evaluation so far. So the newest checkpoint with this mark is the best. */
  best?: boolean
  /** The evaluation of this step, if there is one with a finite loss. */
  evaluation?: Evaluation
}

export const CheckpointFormat = Type.Enum(['tensorflow', 'xgboost', 'predictions'])
export type CheckpointFormat = Static<typeof CheckpointFormat>

export const Checkpoint = Type.Object({
  step: Type.Integer({ description: 'number of steps that were done' }),
  createdAt: Timestamp,
  attempt: Type.Integer({ description: 'number of the attempt that wrote it' }),
  latest: Type.Boolean(),
  best: Type.Boolean({
    description:
      'the best so far by the metric of training.keepBest or, for boosting, training.earlyStopping; it is kept beside the newest. ' +
      'An evaluation whose loss is NaN or infinite is never the best',
  }),
  format: CheckpointFormat,
  prefix: nullable(
    Type.String(),
    "name of the TensorFlow checkpoint, for tf.train.load_checkpoint('DIR/model.ckpt-200'); null for XGBoost",
  ),
  evaluation: nullable(
    Evaluation,
    'by class, of a network; null if this step was not evaluated, or by an older version',
  ),
  files: Type.Array(StoredFile),
})
export type Checkpoint = Static<typeof Checkpoint>

export const RemovedCheckpoints = Type.Object({
  at: Timestamp,
  steps: Type.Array(Type.Integer({ minimum: 0 }), { description: 'their steps, in order' }),
})
export type RemovedCheckpoints = Static<typeof RemovedCheckpoints>

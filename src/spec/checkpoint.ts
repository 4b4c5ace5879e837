import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.js'

export const StoredFile = Type.Object({
  name: Type.String(),
  bytes: Type.Integer(),
  sha256: Type.String(),
})
export type StoredFile = Static<typeof StoredFile>

/**
 * A TensorFlow checkpoint `model.ckpt-<step>`, and the input pipeline's `input.ckpt-<step>` beside it; or
 * XGBoost's `booster.ubj`, which holds all state of the training, and `model.ubj`, which any XGBoost reads.
 */
export interface CheckpointManifest {
  step: number
  /** Absent: tensorflow. */
  format?: CheckpointFormat
  attempt: number
  createdAt: string
  /** No evaluation before its step gave a better value, so the newest of these is the best. */
  best?: boolean
}

export const CheckpointFormat = Type.Enum(['tensorflow', 'xgboost'])
export type CheckpointFormat = Static<typeof CheckpointFormat>

export const Checkpoint = Type.Object({
  step: Type.Integer(),
  createdAt: Timestamp,
  attempt: Type.Integer(),
  latest: Type.Boolean(),
  best: Type.Boolean({
    description:
      'by training.keepBest or, of boosting, earlyStopping; never removed for a newer one',
  }),
  format: CheckpointFormat,
  prefix: Type.Union([Type.String(), Type.Null()], {
    description:
      "name of TensorFlow's bundle, as in tf.train.load_checkpoint('DIR/model.ckpt-200'); null of XGBoost's model.ubj",
  }),
  files: Type.Array(StoredFile),
})
export type Checkpoint = Static<typeof Checkpoint>

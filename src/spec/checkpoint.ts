import { type Static, Type } from 'typebox'
import { Timestamp } from './identifiers.js'

export const StoredFile = Type.Object({
  name: Type.String(),
  bytes: Type.Integer(),
  sha256: Type.String(),
})
export type StoredFile = Static<typeof StoredFile>

/** A TensorFlow checkpoint `model.ckpt-<step>`, and the input pipeline's `input.ckpt-<step>` beside it. */
export interface CheckpointManifest {
  step: number
  epoch: number
  createdAt: string
  /** No evaluation before its step gave a better value, so the newest of these is the best. */
  best?: boolean
}

export const Checkpoint = Type.Object({
  step: Type.Integer(),
  createdAt: Timestamp,
  attempt: Type.Integer(),
  latest: Type.Boolean(),
  best: Type.Boolean({ description: 'by training.keepBest; never removed for a newer one' }),
  prefix: Type.String({
    description: "name of the bundle, as in tf.train.load_checkpoint('DIR/model.ckpt-200')",
  }),
  files: Type.Array(StoredFile),
})
export type Checkpoint = Static<typeof Checkpoint>

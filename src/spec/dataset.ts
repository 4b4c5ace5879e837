import { type Static, Type } from 'typebox'
import { DatasetId, Name, Timestamp } from './identifiers.js'

export const Shard = Type.Object({
  name: Type.String(),
  records: Type.Integer(),
  bytes: Type.Integer(),
  sha256: Type.String(),
})
export type Shard = Static<typeof Shard>

/**
 * Images of one size, as TFRecord shards of tf.train.Example with `image` (bytes) and `label` (int64).
 * Records are in a fixed random order, cut into shards of one length: each shard, and the tail that
 * is held out for validation, is a random sample whatever the order of the upload.
 */
export const DatasetManifest = Type.Object({
  id: DatasetId,
  name: Name,
  createdAt: Timestamp,
  kind: Type.Enum(['images']),
  height: Type.Integer(),
  width: Type.Integer(),
  channels: Type.Enum([1, 3, 4]),
  encoding: Type.Enum(['raw', 'encoded'], {
    description: 'raw: height x width x channels bytes; encoded: PNG or JPEG',
  }),
  records: Type.Integer(),
  labels: Type.Array(Type.String(), { description: 'class names, by label' }),
  classCounts: Type.Array(Type.Integer()),
  mean: Type.Array(Type.Number(), { description: 'per channel, pixel values 0 to 255' }),
  std: Type.Array(Type.Number(), { description: 'per channel, pixel values 0 to 255' }),
  shards: Type.Array(Shard),
})
export type DatasetManifest = Static<typeof DatasetManifest>

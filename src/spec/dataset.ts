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
export const ImagesManifest = Type.Object({
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
export type ImagesManifest = Static<typeof ImagesManifest>

const commonColumnFields = {
  name: Type.String(),
  missing: Type.Integer({ description: 'rows without a value' }),
}

const distinct = Type.Union([Type.Integer(), Type.Null()], {
  description: 'how many values there are; null where too many to count',
})

const statistic = Type.Union([Type.Number(), Type.Null()], {
  description: 'null where all values are missing',
})

/** Booleans are 0 and 1. */
export const NumericColumn = Type.Object({
  ...commonColumnFields,
  type: Type.Enum(['number', 'integer', 'boolean']),
  distinct,
  min: statistic,
  max: statistic,
  mean: statistic,
})
export type NumericColumn = Static<typeof NumericColumn>

export const CategoryColumn = Type.Object({
  ...commonColumnFields,
  type: Type.Enum(['category']),
  distinct: Type.Integer(),
  categories: Type.Array(Type.String(), {
    description: 'sorted by code point; a code is an index',
  }),
  counts: Type.Array(Type.Integer(), { description: 'rows of each category' }),
})
export type CategoryColumn = Static<typeof CategoryColumn>

/** Ids and free text: described here, and not stored with the rows. */
export const TextColumn = Type.Object({
  ...commonColumnFields,
  type: Type.Enum(['text']),
  distinct,
})
export type TextColumn = Static<typeof TextColumn>

export const TableColumn = Type.Union([NumericColumn, CategoryColumn, TextColumn])
export type TableColumn = Static<typeof TableColumn>

export const columnTypes = ['number', 'integer', 'boolean', 'category', 'text'] as const
export type ColumnType = (typeof columnTypes)[number]

export const Cell = Type.Union([Type.Number(), Type.Boolean(), Type.String(), Type.Null()])
export type Cell = Static<typeof Cell>

/**
 * A table, as Arrow IPC files that hold all columns but those of text, in the order of the upload: float32
 * or float64 for numbers, integers and booleans, dictionaries with int32 codes for categories. `records`
 * are rows.
 */
export const TableManifest = Type.Object({
  id: DatasetId,
  name: Name,
  createdAt: Timestamp,
  kind: Type.Enum(['table']),
  records: Type.Integer(),
  columns: Type.Array(TableColumn),
  target: Type.Union([Type.String(), Type.Null()], { description: 'the column to predict' }),
  sample: Type.Array(Type.Array(Cell), { description: 'the first rows, texts cut' }),
  shards: Type.Array(Shard),
})
export type TableManifest = Static<typeof TableManifest>

export const DatasetManifest = Type.Union([ImagesManifest, TableManifest])
export type DatasetManifest = Static<typeof DatasetManifest>

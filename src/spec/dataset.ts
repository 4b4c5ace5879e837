import { type Static, Type } from 'typebox'
import { PredictionOrigin } from './batch-prediction.js'
import { Derivation } from './dataset-steps.js'
import { DatasetId, Name, Timestamp } from './identifiers.js'
import { NoteList } from './note.js'
import { nullable } from './nullable.js'
import { SplitName } from './split-name.js'

export { SplitName } from './split-name.js'

export const Shard = Type.Object({
  name: Type.String(),
  records: Type.Integer({ description: 'images, or rows of a table' }),
  bytes: Type.Integer(),
  sha256: Type.String(),
  split: Type.Optional(SplitName),
})
export type Shard = Static<typeof Shard>

export const resizeModes = ['fit', 'fill', 'stretch'] as const

/** How images of other sizes become `height` x `width`, antialiased. */
export const ImageResize = Type.Object({
  height: Type.Integer({ minimum: 1 }),
  width: Type.Integer({ minimum: 1 }),
  mode: Type.Enum([...resizeModes], {
    description:
      'fit: the whole image, with black beside it; fill: the middle of it, without what exceeds the shape; stretch: the whole image, at another aspect ratio',
  }),
})
export type ImageResize = Static<typeof ImageResize>

/** Images or rows of an upload that could not be used, and were left out since its form said so. */
export const SkippedRecords = Type.Object({
  records: Type.Integer({ minimum: 1, description: 'number of images or rows' }),
  problems: Type.Array(
    Type.Object({
      place: Type.String({ description: 'the file, and the place in it' }),
      code: Type.String({ description: 'see docs/errors.md' }),
      reason: Type.String(),
    }),
    { description: 'the first 100' },
  ),
})
export type SkippedRecords = Static<typeof SkippedRecords>

const Extent = Type.Object({
  min: Type.Integer(),
  median: Type.Integer(),
  max: Type.Integer(),
})

/** The heights and widths of the images of an upload, upright and before they were resized. */
export const ImageSizes = Type.Object({
  different: Type.Integer({ description: 'number of different sizes' }),
  height: Extent,
  width: Extent,
  common: Type.Array(
    Type.Object({ height: Type.Integer(), width: Type.Integer(), images: Type.Integer() }),
    { description: 'the 10 most common sizes' },
  ),
})
export type ImageSizes = Static<typeof ImageSizes>

const DuplicateGroups = Type.Object({
  groups: Type.Integer(),
  images: Type.Integer({ description: 'images in these groups' }),
  acrossSplits: Type.Integer({ description: 'groups with images of more than one split' }),
  examples: Type.Array(Type.Array(Type.String()), {
    description: 'the sources of up to 10 images of up to 20 groups, those across splits first',
  }),
})

/** Images that are equal, and images that are nearly equal, such as one photo in two sizes. */
export const ImageDuplicates = Type.Object({
  exact: DuplicateGroups,
  near: nullable(
    DuplicateGroups,
    'null if they were not searched, since the images are too small or too many',
  ),
})
export type ImageDuplicates = Static<typeof ImageDuplicates>

const pixelStatistic = (what: string) =>
  `${what} of each channel, for pixel values 0 to 255; of a set with a split train, of its images`

const imageStatistics = {
  classCounts: Type.Array(Type.Integer(), { description: 'number of records of each class' }),
  mean: Type.Array(Type.Number(), { description: pixelStatistic('mean') }),
  std: Type.Array(Type.Number(), { description: pixelStatistic('standard deviation') }),
}

const splitFields = { name: SplitName, records: Type.Integer({ minimum: 1 }) }

/**
 * A named part of the images: whole shards, which follow those of the part before it. Its statistics are those
 * that a data set of these images alone would have.
 */
export const ImageSplit = Type.Object({ ...splitFields, ...imageStatistics })
export type ImageSplit = Static<typeof ImageSplit>

/**
 * Images of one size, as TFRecord shards of tf.train.Example with `image` (bytes) and `label` (int64).
 * The records of each split are shuffled once, in an order that depends only on them. So each shard, and
 * the tail that is held out for validation, is a random sample, even of a sorted upload.
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
    description: 'raw: height x width x channels bytes per image; encoded: PNG or JPEG',
  }),
  records: Type.Integer(),
  labels: Type.Array(Type.String(), {
    description: 'class names; the label of a record is an index into them',
  }),
  ...imageStatistics,
  resize: Type.Optional(ImageResize),
  splits: Type.Optional(Type.Array(ImageSplit)),
  derivedFrom: Type.Optional(Derivation),
  skipped: Type.Optional(SkippedRecords),
  formats: Type.Optional(
    Type.Record(Type.String(), Type.Integer(), {
      description: 'images of each format in the upload, such as JPEG or pixels',
    }),
  ),
  sizes: Type.Optional(ImageSizes),
  duplicates: Type.Optional(ImageDuplicates),
  notes: Type.Optional(NoteList),
  shards: Type.Array(Shard),
  index: Type.Optional(Shard),
})
export type ImagesManifest = Static<typeof ImagesManifest>

const commonColumnFields = {
  name: Type.String(),
  missing: Type.Integer({ description: 'number of rows without a value' }),
}

const distinctCount = nullable(
  Type.Integer(),
  'number of different values; null if they were not counted, since there are many',
)

const statistic = nullable(Type.Number(), 'null if all values are missing')

/** In `min`, `max` and `mean`, false is 0 and true is 1. */
export const NumericColumn = Type.Object({
  ...commonColumnFields,
  type: Type.Enum(['number', 'integer', 'boolean']),
  distinct: distinctCount,
  whole: Type.Optional(
    Type.Boolean({ description: 'of a number column: true if it has no fractions, such as 1.0' }),
  ),
  firstFraction: Type.Optional(
    Type.Object(
      { value: Type.Number(), row: Type.Integer() },
      { description: 'of a number column: its first value with a fraction; rows count from 1' },
    ),
  ),
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
    description: 'sorted by code point; the code of a category is its index',
  }),
  counts: Type.Array(Type.Integer(), { description: 'number of rows of each category' }),
})
export type CategoryColumn = Static<typeof CategoryColumn>

/** Ids or free text. The column is listed, but its values are not stored. */
export const TextColumn = Type.Object({
  ...commonColumnFields,
  type: Type.Enum(['text']),
  distinct: distinctCount,
})
export type TextColumn = Static<typeof TextColumn>

export const TableColumn = Type.Union([NumericColumn, CategoryColumn, TextColumn])
export type TableColumn = Static<typeof TableColumn>

export const columnTypes = ['number', 'integer', 'boolean', 'category', 'text'] as const
export type ColumnType = (typeof columnTypes)[number]

export const Cell = Type.Union([Type.Number(), Type.Boolean(), Type.String(), Type.Null()])
export type Cell = Static<typeof Cell>

/** How the numbers and the missing values of a CSV are written. */
export const CellFormat = Type.Object({
  decimal: Type.Enum(['.', ',']),
  thousands: nullable(Type.Enum([',', '.', "'", ' ', '_']), 'the sign between groups of digits'),
  missing: Type.Array(Type.String(), { description: 'texts that mean a missing value' }),
})
export type CellFormat = Static<typeof CellFormat>

/**
 * A named part of a table: the rows of whole files, which follow those of the part before it. `columns` says what a
 * job must know of its rows alone; the ranges of numbers are those of the whole table.
 */
export const TableSplit = Type.Object({
  ...splitFields,
  columns: Type.Array(
    Type.Object({
      ...commonColumnFields,
      counts: Type.Optional(
        Type.Array(Type.Integer(), { description: 'number of rows of each category' }),
      ),
    }),
    { description: 'columns of categories, and others with rows without a value' },
  ),
})
export type TableSplit = Static<typeof TableSplit>

/**
 * A table, as Arrow IPC files with all columns except text, and the rows in the order of the upload.
 * Numbers, integers and booleans are float32 or float64; categories are dictionaries with int32 codes.
 */
export const TableManifest = Type.Object({
  id: DatasetId,
  name: Name,
  createdAt: Timestamp,
  kind: Type.Enum(['table']),
  records: Type.Integer({ description: 'number of rows' }),
  columns: Type.Array(TableColumn),
  target: nullable(Type.String(), 'the column that jobs predict by default'),
  sample: Type.Array(Type.Array(Cell), {
    description: 'up to 10 of the first rows; texts are cut to 100 characters',
  }),
  cellFormat: Type.Optional(CellFormat),
  splits: Type.Optional(Type.Array(TableSplit)),
  derivedFrom: Type.Optional(Derivation),
  predictedBy: Type.Optional(PredictionOrigin),
  skipped: Type.Optional(SkippedRecords),
  notes: Type.Optional(NoteList),
  shards: Type.Array(Shard),
})
export type TableManifest = Static<typeof TableManifest>

export const DatasetManifest = Type.Union([ImagesManifest, TableManifest])
export type DatasetManifest = Static<typeof DatasetManifest>

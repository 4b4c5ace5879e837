import { type Static, Type } from 'typebox'
import { Cell, SplitName } from './dataset.js'
import { nullable } from './nullable.js'
import { NextCursor } from './paging.js'

const total = Type.Integer({ description: 'number of items on all pages' })
const index = Type.Integer({ minimum: 0, description: 'place in the data set, from 0' })
const split = nullable(SplitName, 'null if the data set has no splits')

export const ImageSample = Type.Object({
  index,
  label: Type.Integer({ description: 'the number of its class' }),
  class: Type.String(),
  split,
  height: Type.Integer({ description: 'as uploaded, if the data set knows it' }),
  width: Type.Integer({ description: 'as uploaded, if the data set knows it' }),
  source: nullable(
    Type.String(),
    'path in the upload; null in data sets of versions that did not keep it',
  ),
  fields: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'what the upload said of it beside its label, such as its patient',
    }),
  ),
  url: Type.String({ description: 'path of the image on this server' }),
})
export type ImageSample = Static<typeof ImageSample>

export const ImageSamplePage = Type.Object({
  kind: Type.Enum(['images']),
  items: Type.Array(ImageSample),
  total,
  nextCursor: NextCursor,
})

export const RowSample = Type.Object({
  index,
  split,
  row: Type.Record(Type.String(), Cell, { description: 'the values by column' }),
})
export type RowSample = Static<typeof RowSample>

const TextColumns = Type.Array(Type.String(), {
  description: 'columns of text, whose values are not stored',
})

export const RowSamplePage = Type.Object({
  kind: Type.Enum(['table']),
  items: Type.Array(RowSample),
  textColumns: TextColumns,
  total,
  nextCursor: NextCursor,
})

export const SamplePage = Type.Union([ImageSamplePage, RowSamplePage])
export type SamplePage = Static<typeof SamplePage>

export const ContactSheetCell = Type.Object({
  row: Type.Integer(),
  column: Type.Integer(),
  index,
  label: Type.Integer(),
  class: Type.String(),
})
export type ContactSheetCell = Static<typeof ContactSheetCell>

export const ContactSheet = Type.Object({
  rows: Type.Integer(),
  columns: Type.Integer(),
  cell: Type.Integer({ description: 'pixels of a side of a cell' }),
  cells: Type.Array(ContactSheetCell, { description: 'the images, by row and column from 0' }),
})
export type ContactSheet = Static<typeof ContactSheet>

const commonHistogramFields = {
  name: Type.String(),
  missing: Type.Integer({ description: 'number of rows without a value' }),
}

export const NumericHistogram = Type.Object({
  ...commonHistogramFields,
  type: Type.Enum(['number', 'integer']),
  edges: Type.Array(Type.Number(), {
    description:
      'bin i has the values from edges[i] to before edges[i + 1]; the last one has its upper edge, too',
  }),
  counts: Type.Array(Type.Integer(), { description: 'values in each bin' }),
  countedRows: Type.Integer({
    description: 'rows that were counted: of a very large table a part, spread evenly over it',
  }),
})
export type NumericHistogram = Static<typeof NumericHistogram>

export const BooleanHistogram = Type.Object({
  ...commonHistogramFields,
  type: Type.Enum(['boolean']),
  false: Type.Integer(),
  true: Type.Integer(),
})
export type BooleanHistogram = Static<typeof BooleanHistogram>

export const CategoryHistogram = Type.Object({
  ...commonHistogramFields,
  type: Type.Enum(['category']),
  categories: Type.Array(Type.String(), { description: 'the most frequent ones, most first' }),
  counts: Type.Array(Type.Integer(), { description: 'rows of each of them' }),
  others: Type.Object(
    { categories: Type.Integer(), count: Type.Integer() },
    { description: 'the other categories, and the number of their rows' },
  ),
})
export type CategoryHistogram = Static<typeof CategoryHistogram>

export const TextHistogram = Type.Object({
  ...commonHistogramFields,
  type: Type.Enum(['text']),
  distinct: nullable(Type.Integer(), 'null if there are too many to count'),
})
export type TextHistogram = Static<typeof TextHistogram>

export const ColumnHistogram = Type.Union([
  NumericHistogram,
  BooleanHistogram,
  CategoryHistogram,
  TextHistogram,
])
export type ColumnHistogram = Static<typeof ColumnHistogram>

export const HistogramPage = Type.Object({
  items: Type.Array(ColumnHistogram),
  total,
  nextCursor: NextCursor,
})
export type HistogramPage = Static<typeof HistogramPage>

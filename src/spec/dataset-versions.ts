import { type Static, Type } from 'typebox'
import { DatasetId, Name, Timestamp } from './identifiers.js'
import { nullable } from './nullable.js'
import { strictObject } from './strict-object.js'

const DatasetKind = Type.Enum(['images', 'table'])

export const DatasetVersion = Type.Object({
  id: DatasetId,
  at: Type.String({ format: 'date-time', description: 'when the name was given to it' }),
  current: Type.Boolean(),
  kind: nullable(DatasetKind, 'null if its manifest is damaged'),
  records: nullable(Type.Integer(), 'null if its manifest is damaged'),
})
export type DatasetVersion = Static<typeof DatasetVersion>

export const DatasetVersions = Type.Object({
  name: Name,
  items: Type.Array(DatasetVersion, {
    description: 'the data sets that have had the name, newest first, at most 1000',
  }),
})
export type DatasetVersions = Static<typeof DatasetVersions>

export const DatasetNaming = strictObject({
  dataset: { ...Name, description: 'the id or another name of the data set' },
})
export type DatasetNaming = Static<typeof DatasetNaming>

const Side = Type.Object({
  id: DatasetId,
  name: Name,
  createdAt: Timestamp,
  records: Type.Integer(),
  bytes: Type.Integer({ description: 'of its shards' }),
})

const Names = Type.Object({
  added: Type.Array(Type.String()),
  removed: Type.Array(Type.String()),
})

const count = nullable(Type.Integer(), 'null if the data set has none of that name')
const Counts = Type.Array(Type.Object({ name: Type.String(), one: count, other: count }))

/** What differs between two data sets. Added is what only the other has, removed what only the first has. */
export const DatasetDiff = Type.Object({
  equal: Type.Boolean({ description: 'whether both are one data set' }),
  kind: DatasetKind,
  one: Side,
  other: Side,
  records: nullable(
    Type.Object({
      both: Type.Integer(),
      onlyOne: Type.Integer(),
      onlyOther: Type.Integer(),
    }),
    'equal images, whatever their classes, or rows that are equal in all columns that both have; null if there are too many to compare',
  ),
  classes: Names,
  classCounts: { ...Counts, description: 'of images: classes whose numbers of images differ' },
  columns: Names,
  changedColumns: Type.Array(
    Type.Object({
      name: Type.String(),
      changes: Type.Array(
        Type.Object({ field: Type.String(), one: Type.Unknown(), other: Type.Unknown() }),
        { description: 'such as type, missing, min, max, mean, and added and removed categories' },
      ),
    }),
    { description: 'of tables' },
  ),
  fields: Type.Array(
    Type.Object({ field: Type.String(), one: Type.Unknown(), other: Type.Unknown() }),
    { description: 'other facts that differ, such as height, encoding or target' },
  ),
  splits: { ...Counts, description: 'splits whose numbers of records differ' },
  notes: { ...Names, description: 'messages of notes' },
})
export type DatasetDiff = Static<typeof DatasetDiff>

import { type Static, Type } from 'typebox'
import { DatasetId, Name, Timestamp } from './identifiers.js'
import { nullable } from './nullable.js'
import { PageQuery } from './paging.js'
import type { Problem } from './problem.js'
import { strictObject } from './strict-object.js'

const importId = /^imp-[0-9a-z]{26}$/
export const isImportId = (text: string): boolean => importId.test(text)

export const activeStatuses = ['receiving', 'fetching', 'waiting', 'converting'] as const
export const endStatuses = ['succeeded', 'failed', 'cancelled', 'interrupted'] as const
export const ImportStatus = Type.Enum([...activeStatuses, ...endStatuses], {
  description:
    'receiving a form, fetching from a source, waiting for a conversion, converting; then how it ended. interrupted: the server ended meanwhile',
})
export type ImportStatus = Static<typeof ImportStatus>

export const ImportProgress = Type.Object({
  phase: Type.Enum(['receiving', 'fetching', 'reading', 'decoding', 'writing']),
  unit: Type.Enum(['bytes', 'images', 'rows']),
  done: Type.Integer(),
  total: nullable(Type.Integer(), 'null if it is not known'),
  fraction: nullable(Type.Number(), 'of this phase, from 0 to 1'),
  etaSeconds: nullable(Type.Number(), 'until this phase ends at its present rate'),
})
export type ImportProgress = Static<typeof ImportProgress>

export const DatasetImport = Type.Object({
  id: Type.String({ pattern: importId.source }),
  status: ImportStatus,
  source: Type.Array(Type.String(), {
    description: 'where the files come from, without what may be secret; at most 10',
  }),
  name: nullable(Name, 'the name that the data set gets'),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  finishedAt: nullable(Timestamp),
  progress: nullable(ImportProgress, 'null before the first byte and after the end'),
  dataset: nullable(DatasetId, 'the data set, after the import has succeeded'),
  created: nullable(Type.Boolean(), 'false if the same content existed already'),
  problem: nullable(
    Type.Unsafe<Problem>({ $ref: 'Problem#' }),
    'why there is no data set, and what to do',
  ),
})
export type DatasetImport = Static<typeof DatasetImport>

export const ImportListQuery = strictObject(PageQuery)

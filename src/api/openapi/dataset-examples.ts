import type { DeriveRequest } from '../../spec/dataset-steps.js'
import type { DatasetDiff, DatasetNaming, DatasetVersions } from '../../spec/dataset-versions.js'
import type { RequestExamples } from './request-examples.js'

const [older, newer] = ['ds-5f2a9c81d04b7e36', 'ds-0c94e1b7a6d2f385']
const at = (time: string) => `2026-03-02T${time}.000Z`

export const deriveExamples: RequestExamples = {
  'application/json': {
    images: {
      summary: 'two classes, without equal images, in three splits',
      value: {
        name: 'roses-and-tulips',
        steps: [
          { kind: 'filter', classes: ['roses', 'tulips'] },
          { kind: 'dropDuplicates' },
          { kind: 'split', shares: { val: 0.1, test: 0.1 } },
        ],
      } satisfies DeriveRequest,
    },
    table: {
      summary: 'some rows, with columns of another table',
      value: {
        name: 'houses-with-districts',
        steps: [
          { kind: 'filter', where: ['price>0'] },
          { kind: 'join', dataset: 'districts', on: 'zip' },
          { kind: 'split', shares: { test: 0.2 }, by: 'time', column: 'sold' },
        ],
      } satisfies DeriveRequest,
    },
  },
}

export const namingExamples: RequestExamples = {
  'application/json': {
    earlier: {
      summary: 'an earlier version',
      value: { dataset: older } satisfies DatasetNaming,
    },
  },
}

const versions: DatasetVersions = {
  name: 'houses',
  items: [
    { id: newer, at: at('10:01:12'), current: true, kind: 'table', records: 20_500 },
    { id: older, at: at('09:29:40'), current: false, kind: 'table', records: 20_000 },
  ],
}

const diff: DatasetDiff = {
  equal: false,
  kind: 'table',
  one: { id: older, name: 'houses', createdAt: at('09:29:40'), records: 20_000, bytes: 326_400 },
  other: { id: newer, name: 'houses', createdAt: at('10:01:12'), records: 20_500, bytes: 334_560 },
  records: { both: 19_990, onlyOne: 10, onlyOther: 510 },
  classes: { added: [], removed: [] },
  classCounts: [],
  columns: { added: ['sold'], removed: [] },
  changedColumns: [
    {
      name: 'price',
      changes: [
        { field: 'max', one: 9.2, other: 11.4 },
        { field: 'mean', one: 1.3, other: 1.32 },
      ],
    },
  ],
  fields: [],
  splits: [],
  notes: { added: [], removed: [] },
}

/** Examples of answers, by the name of their schema in the document. */
export const datasetAnswerExamples = { DatasetVersions: versions, DatasetDiff: diff }

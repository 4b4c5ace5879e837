import type {
  DatasetManifest,
  ImagesManifest,
  TableColumn,
  TableManifest,
} from '../../spec/dataset.js'
import type { DatasetDiff } from '../../spec/dataset-versions.js'

type Change = DatasetDiff['fields'][number]

/** What differs between the manifests of two data sets of one kind. */
export function diffManifests<M extends DatasetManifest>(
  one: M,
  other: M,
): Omit<DatasetDiff, 'records'> {
  return {
    equal: one.id === other.id,
    kind: one.kind,
    one: sideOf(one),
    other: sideOf(other),
    ...(isImages(one) && isImages(other)
      ? diffImages(one, other)
      : diffTables(one as TableManifest, other as TableManifest)),
    splits: diffCounts(splitCounts(one), splitCounts(other)),
    notes: diffNames(messages(one), messages(other)),
  }
}

const isImages = (manifest: DatasetManifest): manifest is ImagesManifest =>
  manifest.kind === 'images'

const sideOf = ({ id, name, createdAt, records, shards }: DatasetManifest) => ({
  ...{ id, name, createdAt, records },
  bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
})

const messages = ({ notes = [] }: DatasetManifest) => notes.map(({ message }) => message)

function diffImages(one: ImagesManifest, other: ImagesManifest) {
  const counts = ({ labels, classCounts }: ImagesManifest) =>
    new Map(labels.map((label, index) => [label, classCounts[index]!]))
  return {
    classes: diffNames(one.labels, other.labels),
    classCounts: diffCounts(counts(one), counts(other)),
    columns: { added: [], removed: [] },
    changedColumns: [],
    fields: changesOf(one, other, [
      'height',
      'width',
      'channels',
      'encoding',
      'resize',
      'mean',
      'std',
    ]),
  }
}

function diffTables(one: TableManifest, other: TableManifest) {
  const others = new Map(other.columns.map(column => [column.name, column]))
  const names = ({ columns }: TableManifest) => columns.map(({ name }) => name)
  return {
    classes: { added: [], removed: [] },
    classCounts: [],
    columns: diffNames(names(one), names(other)),
    changedColumns: one.columns.flatMap(column => {
      const found = others.get(column.name)
      const changes = found ? diffColumns(column, found) : []
      return changes.length > 0 ? [{ name: column.name, changes }] : []
    }),
    fields: changesOf(one, other, ['target', 'cellFormat']),
  }
}

const columnFields = ['type', 'missing', 'distinct', 'min', 'max', 'mean']

function diffColumns(one: TableColumn, other: TableColumn): Change[] {
  const changes = changesOf(one, other, columnFields)
  if (one.type !== 'category' || other.type !== 'category') return changes
  const { added, removed } = diffNames(one.categories, other.categories)
  if (added.length === 0 && removed.length === 0) return changes
  return [...changes, { field: 'categories', one: removed, other: added }]
}

/** The fields whose values differ. Null stands for a field that one of both lacks. */
function changesOf(one: object, other: object, fields: readonly string[]): Change[] {
  return fields.flatMap(field => {
    const [left, right] = [one, other].map(each => (each as Record<string, unknown>)[field] ?? null)
    const isEqual = JSON.stringify(left) === JSON.stringify(right)
    return isEqual ? [] : [{ field, one: left, other: right }]
  })
}

function diffNames(one: readonly string[], other: readonly string[]) {
  const [left, right] = [new Set(one), new Set(other)]
  return {
    added: other.filter(name => !left.has(name)),
    removed: one.filter(name => !right.has(name)),
  }
}

const splitCounts = ({ splits = [] }: DatasetManifest) =>
  new Map((splits as { name: string; records: number }[]).map(each => [each.name, each.records]))

function diffCounts(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>) {
  const names = [...new Set([...one.keys(), ...other.keys()])]
  return names.flatMap(name => {
    const [left, right] = [one.get(name) ?? null, other.get(name) ?? null]
    return left === right ? [] : [{ name, one: left, other: right }]
  })
}

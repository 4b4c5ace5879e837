import type { ImageFilter } from '../../datasets/preview/preview-tasks.js'
import { splitRange } from '../../datasets/stored/split-ranges.js'
import { quoteTruncated, TrainyardError } from '../../errors.js'
import type { DatasetManifest, ImagesManifest } from '../../spec/dataset.js'
import { closestMatch } from '../http/did-you-mean.js'
import { invalidQuery } from '../http/http-error.js'

/** The records of a split, or all. Throws INVALID_QUERY if the data set has no such split. */
export function rangeOf(dataset: DatasetManifest, split: string | undefined) {
  if (split === undefined) return { first: 0, end: dataset.records }
  const range = splitRange(dataset, split)
  if (range) return range
  const names = (dataset.splits ?? []).map(({ name }) => name)
  const cure = names.length > 0 ? `it has ${names.join(', ')}` : 'it has no splits: omit split'
  throw invalidQuery('split', `the data set has no split ${quoteTruncated(split)}; ${cure}`, cure)
}

/** The images of a class and of a split. Throws INVALID_QUERY if the data set has no such class or split. */
export function imageFilter(
  dataset: ImagesManifest,
  query: { class?: string; split?: string },
): ImageFilter {
  const range = rangeOf(dataset, query.split)
  if (query.class === undefined) return { label: null, ...range }
  const label = dataset.labels.indexOf(query.class)
  if (label >= 0) return { label, ...range }
  throw unknownName('class', query.class, dataset.labels)
}

/** The columns that a query names, or all. Throws INVALID_QUERY for a name that the table does not have. */
export function columnsOf<Column extends { name: string }>(
  columns: readonly Column[],
  names: readonly string[] | undefined,
): Column[] {
  if (!names) return [...columns]
  const byName = new Map(columns.map(column => [column.name, column]))
  return names.map(name => {
    const column = byName.get(name)
    if (column) return column
    throw unknownName('column', name, [...byName.keys()])
  })
}

function unknownName(parameter: string, name: string, names: readonly string[]) {
  const match = closestMatch(name, names)
  const shown = names.slice(0, 10).map(each => quoteTruncated(each))
  const more = names.length > shown.length ? `, and ${names.length - shown.length} more` : ''
  const cure = match
    ? `did you mean ${quoteTruncated(match)}?`
    : `it has ${shown.join(', ')}${more}`
  const message = `the data set has no ${parameter} ${quoteTruncated(name)}; ${cure}`
  return invalidQuery(parameter, message, cure)
}

/** Throws DATASET_KIND unless the data set is of this kind. `what` needs it. */
export function requireKind<Kind extends DatasetManifest['kind']>(
  dataset: DatasetManifest,
  kind: Kind,
  what: string,
): asserts dataset is Extract<DatasetManifest, { kind: Kind }> {
  if (dataset.kind === kind) return
  const found = dataset.kind === 'table' ? 'is a table' : 'has images'
  throw new TrainyardError('DATASET_KIND', `data set '${dataset.id}' ${found}, and no ${what}`)
}

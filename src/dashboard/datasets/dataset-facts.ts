import { formatCount } from '../../presentation/units.js'
import type { DatasetManifest } from '../../spec/dataset.js'
import { pathTo, placeUrl, type Query } from '../place.js'

export const datasetUrl = (idOrName: string, query: Query = {}): string =>
  placeUrl(pathTo('datasets', idOrName), query)

export const bytesOf = ({ shards }: Pick<DatasetManifest, 'shards'>): number =>
  shards.reduce((sum, { bytes }) => sum + bytes, 0)

/** `28 × 28, grey, 10 classes`, or `7 columns`. */
export function describeContent(dataset: DatasetManifest): string {
  if (dataset.kind === 'table') {
    return dataset.columns.length === 1
      ? '1 column'
      : `${formatCount(dataset.columns.length)} columns`
  }
  const { height, width, channels, labels } = dataset
  const classes = labels.length === 1 ? '1 class' : `${formatCount(labels.length)} classes`
  return `${width} × ${height}, ${channelNames[channels]}, ${classes}`
}

export const channelNames = { 1: 'grey', 3: 'colour', 4: 'colour and opacity' } as const

/** The unit of the records of a data set. */
export const recordsName = ({ kind }: Pick<DatasetManifest, 'kind'>): string =>
  kind === 'images' ? 'images' : 'rows'

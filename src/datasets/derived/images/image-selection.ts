import type { ImagesManifest } from '../../../spec/dataset.js'

/** The label of an image that is left out. */
export const leftOut = -1

/**
 * What the steps so far make of the images of a data set. Both lists have an entry for each image of the source, in
 * its order, which the images keep within a split.
 */
export interface ImageSelection {
  /** The class of each image, or `leftOut`. */
  labels: Int32Array
  /** The split of each image: an index into `splitNames`; 0 without splits. */
  splits: Uint8Array
  classNames: string[]
  /** Empty without splits. */
  splitNames: string[]
}

export function selectAll(manifest: ImagesManifest, labels: Int32Array): ImageSelection {
  const splits = new Uint8Array(labels.length)
  const splitNames = (manifest.splits ?? []).map(({ name }) => name)
  let record = 0
  for (const { split, records } of manifest.shards) {
    const index = split === undefined ? 0 : splitNames.indexOf(split)
    splits.fill(index, record, record + records)
    record += records
  }
  return { labels: labels.slice(), splits, classNames: [...manifest.labels], splitNames }
}

export const countKept = ({ labels }: ImageSelection): number =>
  labels.reduce((count, label) => count + (label === leftOut ? 0 : 1), 0)

/** The places of the images that are kept. */
export function keptRecords(selection: ImageSelection): Uint32Array {
  const kept = new Uint32Array(countKept(selection))
  let at = 0
  for (const [record, label] of selection.labels.entries()) {
    if (label !== leftOut) kept[at++] = record
  }
  return kept
}

/** Drops the names of splits that have no images. A single split is none. */
export function withoutEmptySplits(selection: ImageSelection): ImageSelection {
  const { labels, splits, splitNames } = selection
  const counts = new Array<number>(splitNames.length).fill(0)
  for (const [record, label] of labels.entries()) if (label !== leftOut) counts[splits[record]!]!++
  const kept = splitNames.filter((_, split) => counts[split]! > 0)
  if (kept.length === splitNames.length) return selection
  if (kept.length < 2)
    return { ...selection, splits: new Uint8Array(splits.length), splitNames: [] }
  const indices = splitNames.map(name => Math.max(0, kept.indexOf(name)))
  return { ...selection, splits: splits.map(split => indices[split]!), splitNames: kept }
}

import type { ImagesManifest } from '../../spec/dataset.js'
import { splitAt } from '../stored/split-ranges.js'
import type { StoredDataset } from '../stored/stored-dataset.js'
import { imagePlaces } from '../stored/stored-images.js'
import type { ImageFilter, ImagePage } from './preview-tasks.js'

/** The images that match from index `from` on, and how many match in all. */
export function listImages(
  dataset: StoredDataset<ImagesManifest>,
  { filter, from, limit }: { filter: ImageFilter; from: number; limit: number },
): ImagePage {
  const { manifest } = dataset
  const { total, indices } = selectImages(imagePlaces(dataset).labels, filter, from, limit + 1)
  const shown = indices.slice(0, limit)
  const { labels } = imagePlaces(dataset)
  const samples = shown.map(index => ({
    index,
    label: labels[index]!,
    class: manifest.labels[labels[index]!]!,
    split: splitAt(manifest, index),
    height: manifest.height,
    width: manifest.width,
    source: null,
  }))
  return { samples, total, hasMore: indices.length > limit }
}

/** At most `limit` indices that match, from index `from` on; `total` counts all that match. */
export function selectImages(
  labels: Int32Array,
  { label, first, end }: ImageFilter,
  from: number,
  limit: number,
): { indices: number[]; total: number } {
  const indices: number[] = []
  if (label === null) {
    for (let i = Math.max(first, from); i < end && indices.length < limit; i++) indices.push(i)
    return { indices, total: end - first }
  }
  let total = 0
  for (let i = first; i < end; i++) {
    if (labels[i] !== label) continue
    total++
    if (i >= from && indices.length < limit) indices.push(i)
  }
  return { indices, total }
}

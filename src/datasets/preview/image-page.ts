import type { ImagesManifest } from '../../spec/dataset.js'
import { splitAt } from '../stored/split-ranges.js'
import type { StoredDataset } from '../stored/stored-dataset.js'
import { imagePlaces, readIndexRows } from '../stored/stored-images.js'
import type { ImageFilter, ImagePage } from './preview-tasks.js'

/** The images that match from index `from` on, and how many match in all. */
export async function listImages(
  dataset: StoredDataset<ImagesManifest>,
  { filter, from, limit }: { filter: ImageFilter; from: number; limit: number },
): Promise<ImagePage> {
  const { manifest } = dataset
  const { labels } = await imagePlaces(dataset)
  const { total, indices } = selectImages(labels, filter, from, limit + 1)
  const shown = indices.slice(0, limit)
  const rows = await readIndexRows(dataset, shown)
  const samples = shown.map(index => {
    const unknown = { height: manifest.height, width: manifest.width, source: null, fields: '' }
    const { height, width, source, fields } = rows.get(index) ?? unknown
    const label = labels[index]!
    const name = manifest.labels[label]!
    return {
      ...{ index, label, class: name, split: splitAt(manifest, index), height, width, source },
      ...(fields !== '' && { fields: JSON.parse(fields) as Record<string, string> }),
    }
  })
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

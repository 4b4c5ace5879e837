import type { ImageSplit, ImagesManifest } from '../../../spec/dataset.js'
import { type ImageSelection, leftOut } from './image-selection.js'

/** Images whose statistics are counted together: those of a split, or all without splits. */
export interface ImageGroup {
  records: number
  classCounts: number[]
  /** Known if the source has the same images in a split, or as a whole. */
  moments: Pick<ImageSplit, 'mean' | 'std'> | null
}

export function groupImages(manifest: ImagesManifest, selection: ImageSelection): ImageGroup[] {
  const { labels, splits, splitNames, classNames } = selection
  const sourceSplits = manifest.splits ?? []
  const sourceSplitOf = new Uint8Array(labels.length)
  let first = 0
  for (const { split, records } of manifest.shards) {
    const index = Math.max(
      0,
      sourceSplits.findIndex(({ name }) => name === split),
    )
    sourceSplitOf.fill(index, first, first + records)
    first += records
  }
  const sources = Math.max(1, sourceSplits.length)
  const groups = Array.from({ length: Math.max(1, splitNames.length) }, () => ({
    counts: new Array<number>(classNames.length).fill(0),
    bySource: new Array<number>(sources).fill(0),
    records: 0,
  }))
  for (const [record, label] of labels.entries()) {
    if (label === leftOut) continue
    const group = groups[splits[record]!]!
    group.counts[label]!++
    group.bySource[sourceSplitOf[record]!]!++
    group.records++
  }
  return groups.map(({ counts, bySource, records }) => {
    const whole = records === manifest.records ? manifest : undefined
    const split = sourceSplits.find(
      (each, index) => each.records === records && bySource[index] === records,
    )
    const known = whole ?? split
    return {
      records,
      classCounts: counts,
      moments: known ? { mean: known.mean, std: known.std } : null,
    }
  })
}

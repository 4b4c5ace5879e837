import { HashIndex } from '../hash-index.js'
import { restSplit } from '../split-names.js'
import { type ImageSelection, keptRecords, leftOut, withoutEmptySplits } from './image-selection.js'

/** Keeps the first of equal images, or the first in train if one is there. */
export function dropDuplicates(selection: ImageSelection, hashes: BigUint64Array): ImageSelection {
  const { splits, splitNames } = selection
  const train = splitNames.indexOf(restSplit)
  const kept = keptRecords(selection)
  const firsts = new HashIndex(kept.length)
  for (const record of kept) {
    const first = firsts.get(hashes[record]!)
    const isFirst = first < 0
    if (isFirst || (splits[record] === train && splits[first] !== train)) {
      firsts.set(hashes[record]!, record)
    }
  }
  const labels = selection.labels.map((label, record) =>
    label === leftOut || firsts.get(hashes[record]!) === record ? label : leftOut,
  )
  return withoutEmptySplits({ ...selection, labels })
}

import { HashIndex } from '../hash-index.js'
import { restSplit } from '../split-names.js'
import { rowHashes } from './row-hashes.js'
import { isKept, leftOutRow, type TableView, withoutEmptySplits } from './table-view.js'

/** Keeps the first of rows that are equal in all columns, or the first in train if one is there. */
export function dropDuplicateRows(view: TableView): TableView {
  const { splitNames } = view
  const train = splitNames.indexOf(restSplit)
  const firsts = new HashIndex()
  const splits = view.splits.slice()
  for (const { firstRow, hashes } of rowHashes(view)) {
    for (const [at, hash] of hashes.entries()) {
      const row = firstRow + at
      if (!isKept(splits[row]!)) continue
      const first = firsts.get(hash)
      if (first < 0) firsts.set(hash, row)
      else if (splits[row] === train && splits[first] !== train) {
        splits[first] = leftOutRow
        firsts.set(hash, row)
      } else splits[row] = leftOutRow
    }
  }
  return withoutEmptySplits({ ...view, splits })
}

// How splits keep what belongs together, or came at one time, in one of them.
import { apportionParts, assignParts, oneStratum, type Strata } from './sampling.js'

/** The part of each item; the items of a group are in one. The shares are those of the groups. */
export function wholeGroups(groups: Strata, shares: readonly number[], seed: number): Uint8Array {
  const one = oneStratum(groups.count)
  const parts = assignParts(one, apportionParts([groups.count], shares), seed)
  return Uint8Array.from(groups.of, group => parts[group]!)
}

/**
 * The items with the largest values are the last part, those before them the part before. Items of one time are not
 * separated, and those without a value (NaN) come first. Without values, the order of the items is that of time.
 */
export function lastInTime(
  values: Float64Array | null,
  items: number,
  shares: readonly number[],
): Uint8Array {
  const times = Float64Array.from({ length: items }, (_, item) => {
    const value = values ? values[item]! : item
    return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
  })
  const sorted = times.toSorted()
  const parts = new Uint8Array(items).fill(shares.length)
  let end = items
  for (let part = shares.length - 1; part >= 0; part--) {
    const wanted = Math.max(1, Math.round(shares[part]! * items))
    const from = Math.max(0, end - wanted)
    // all items of the time that begins the part belong to it
    const start = sorted[from]!
    const first = lowerBound(sorted, start)
    const below = end < items ? sorted[end]! : Number.POSITIVE_INFINITY
    for (let item = 0; item < items; item++) {
      if (times[item]! >= start && (times[item]! < below || end === items)) parts[item] = part
    }
    end = first
    if (end === 0) break
  }
  return parts
}

function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

import type { TableSplit } from '../../src/spec/validation-split.js'
import { sampleFraction, sampleStrata } from './sample-rows.js'
import { countGroups, groupNumbers } from './sort-groups.js'

export interface HoldOut {
  rows: number
  fraction: number
  seed: number
  /** Undefined as in old jobs: random, or whole groups of a ranking. */
  by: TableSplit | undefined
  /** The query of each row, counted from 0, for a ranking. Only whole queries are held out. */
  queries: Uint32Array | null
  /** The target of each row, for `by` class. NaN is missing. */
  targets?: ArrayLike<number>
  /** The column of `by` group and time. Without it, time is the order of the rows. */
  column?: ArrayLike<number> | undefined
}

/** 1 for each row to validate on, which is never all rows. */
export function holdOutRows(options: HoldOut): Uint8Array {
  const { rows, fraction, by, queries, column } = options
  if (fraction === 0) return new Uint8Array(rows)
  if (by === 'time') return lastUnits(options)
  if (queries) return wholeGroups(queries, options)
  if (by === 'group') return wholeGroups(groupNumbers(column!), options)
  if (by === 'class') return sampleClasses(groupNumbers(options.targets!), fraction, options.seed)
  return sampleFraction(rows, fraction, options.seed)
}

/** A fraction of the groups, at least one. A single group is left to train on. */
function wholeGroups(
  groups: Uint32Array,
  { fraction, seed }: Pick<HoldOut, 'fraction' | 'seed'>,
): Uint8Array {
  const count = countGroups(groups)
  if (count < 2) return new Uint8Array(groups.length)
  const selected = sampleFraction(count, Math.max(fraction, 1 / count), seed)
  return Uint8Array.from(groups, group => selected[group]!)
}

/** The last rows, or queries, in time. Those of one time are not separated. */
function lastUnits({ rows, fraction, queries, column }: HoldOut): Uint8Array {
  const count = queries ? countGroups(queries) : rows
  const times = column
    ? queries
      ? latestOfGroups(queries, count, column)
      : Float64Array.from(column)
    : Float64Array.from({ length: count }, (_, i) => i)
  const from = thresholdOf(times, Math.round(fraction * count))
  return Uint8Array.from({ length: rows }, (_, row) =>
    Number(times[queries ? queries[row]! : row]! >= from),
  )
}

/**
 * The value from which about `wanted` values are held out. At least one is held out and at least one
 * is left, unless all are equal: then it is infinite.
 */
function thresholdOf(values: Float64Array, wanted: number): number {
  const sorted = values.toSorted()
  const { length } = sorted
  const at = length - Math.min(Math.max(wanted, 1), length)
  const value = sorted[at]!
  const first = sorted.indexOf(value)
  const next = sorted.lastIndexOf(value) + 1
  // either all rows of this value are held out or none
  const [withValue, without] = [length - first, length - next]
  if (first === 0) return sorted[next] ?? Number.POSITIVE_INFINITY
  if (without === 0) return value
  return withValue - wanted <= wanted - without ? value : sorted[next]!
}

function latestOfGroups(
  groups: Uint32Array,
  count: number,
  values: ArrayLike<number>,
): Float64Array {
  const latest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY)
  for (let row = 0; row < groups.length; row++) {
    const group = groups[row]!
    latest[group] = Math.max(latest[group]!, values[row]!)
  }
  return latest
}

/** Selects the same fraction of each class, at random. `classes`: the class of each item, counted from 0. */
export function sampleClasses(classes: Uint32Array, fraction: number, seed: number): Uint8Array {
  const counts = new Array<number>(countGroups(classes)).fill(0)
  for (const index of classes) counts[index]!++
  return sampleStrata(classes, counts, apportion(counts, fraction), seed)
}

/**
 * How many of each class to hold out: the share of the whole, rounded so that they add up to it. If
 * there are enough, at least one of each class; and never the last one of a class.
 */
export function apportion(counts: readonly number[], fraction: number): number[] {
  const total = Math.round(fraction * counts.reduce((sum, count) => sum + count, 0))
  const quotas = counts.map(count => fraction * count)
  const divisible = counts.filter(count => count > 1).length
  const least = total >= divisible ? 1 : 0
  const most = counts.map(count => Math.max(0, count - 1))
  const chosen = quotas.map((quota, i) => Math.min(most[i]!, Math.max(least, Math.floor(quota))))
  let difference = total - chosen.reduce((sum, one) => sum + one, 0)
  while (difference !== 0) {
    const step = Math.sign(difference)
    const next = indexOfLargest(quotas, i => {
      const after = chosen[i]! + step
      return after >= Math.min(least, most[i]!) && after <= most[i]!
        ? step * (quotas[i]! - chosen[i]!)
        : Number.NEGATIVE_INFINITY
    })
    if (next < 0) break
    chosen[next]! += step
    difference -= step
  }
  return chosen
}

function indexOfLargest(values: readonly unknown[], scoreOf: (index: number) => number): number {
  let best = -1
  let bestScore = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) {
    const score = scoreOf(i)
    if (score > bestScore) [best, bestScore] = [i, score]
  }
  return best
}

import {
  type DriftPart,
  type FeatureBins,
  type FeatureDrift,
  largePsi,
  moderatePsi,
  type ReferencePart,
} from '../spec/model-watch.js'
import { BinLayout, binNames, referenceCounts } from './bins.js'

/**
 * Without any drift, the PSI of k bins is about (k - 1)(1/n + 1/m) for n and m rows, as a chi-square (Yurdakul 2018).
 * There is no value while one of the two parts is more than this, a tenth of a moderate drift.
 */
const maxChancePsi = 0.01
/** Added to each count, so that an empty bin makes no infinite PSI (Jeffreys). */
const pseudoCount = 0.5

/** Rows from which on `bins` bins have a value; with fewer than two, also for values that none had before. */
const rowsNeededFor = (bins: number) => Math.ceil(Math.max(1, bins - 1) / maxChancePsi)

interface Shares {
  reference: number[]
  live: number[]
}

/** Smoothed shares of the bins. */
function sharesOf(reference: readonly number[], live: readonly number[]): Shares {
  const share = (counts: readonly number[]) => {
    const total = sum(counts) + pseudoCount * counts.length
    return counts.map(count => (count + pseudoCount) / total)
  }
  return { reference: share(reference), live: share(live) }
}

/** Population stability index: the symmetric Kullback–Leibler divergence, in nats. */
export function psi(reference: readonly number[], live: readonly number[]): number {
  const shares = sharesOf(reference, live)
  return sum(
    shares.live.map((share, i) => {
      const other = shares.reference[i]!
      return (share - other) * Math.log(share / other)
    }),
  )
}

/** Jensen–Shannon divergence, in bits. */
export function jensenShannon(reference: readonly number[], live: readonly number[]): number {
  const shares = sharesOf(reference, live)
  return sum(
    shares.live.map((share, i) => {
      const other = shares.reference[i]!
      const middle = (share + other) / 2
      return (share * Math.log2(share / middle) + other * Math.log2(other / middle)) / 2
    }),
  )
}

/** The largest difference of the cumulative shares of ordered bins; a lower bound of the Kolmogorov–Smirnov statistic. */
export function kolmogorovSmirnov(reference: readonly number[], live: readonly number[]): number {
  const totals = [sum(reference), sum(live)] as const
  if (totals[0] === 0 || totals[1] === 0) return 0
  let [a, b, largest] = [0, 0, 0]
  for (let i = 0; i < reference.length; i++) {
    a += reference[i]! / totals[0]
    b += live[i]! / totals[1]
    largest = Math.max(largest, Math.abs(a - b))
  }
  return largest
}

/** Compares counts of a layout's bins with its reference. */
export function compareWithReference(
  { part, rows, of, features }: ReferencePart,
  live: Float64Array,
): DriftPart {
  const layout = new BinLayout(features)
  const reference = referenceCounts(features)
  const compared = features.map((feature, i) => {
    const [from, to] = [layout.offsets[i]!, layout.offsets[i + 1]!]
    return compareFeature(feature, [...reference.slice(from, to)], [...live.slice(from, to)])
  })
  compared.sort((a, b) => (b.psi ?? -1) - (a.psi ?? -1))
  const [first] = compared
  return {
    reference: { part, rows, of },
    status: first?.status ?? 'not_enough',
    worst: first && first.psi !== null ? { name: first.name, psi: first.psi } : null,
    features: compared,
  }
}

function compareFeature(feature: FeatureBins, reference: number[], live: number[]): FeatureDrift {
  const names = binNames(feature)
  // a bin that nothing was ever in says nothing
  const used = names.map((_, i) => i).filter(i => reference[i]! + live[i]! > 0)
  const pick = (counts: readonly number[]) => used.map(i => counts[i]!)
  const needed = rowsNeededFor(used.length)
  // bins that only the predictions fill are no fault of a small reference
  const hasReference = sum(reference) >= rowsNeededFor(reference.filter(n => n > 0).length)
  const hasRows = hasReference && sum(live) >= needed
  const value = hasRows ? psi(pick(reference), pick(live)) : null
  const isNumber = feature.kind === 'number'
  // values only: how many are missing has no place among them
  const values = (counts: readonly number[]) => counts.slice(0, -1)
  return {
    name: feature.name,
    kind: feature.kind,
    status: statusOf(value),
    psi: value,
    jensenShannon: hasRows ? jensenShannon(pick(reference), pick(live)) : null,
    ks: hasRows && isNumber ? kolmogorovSmirnov(values(reference), values(live)) : null,
    rowsNeeded: hasReference ? needed : null,
    bins: names.map((name, i) => ({ name, reference: reference[i]!, live: live[i]! })),
  }
}

function statusOf(value: number | null): FeatureDrift['status'] {
  if (value === null) return 'not_enough'
  if (value < moderatePsi) return 'none'
  return value < largePsi ? 'moderate' : 'large'
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

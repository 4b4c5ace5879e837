// Min/max downsampling, which keeps spikes visible.
import type { MetricValue } from '../../spec/metrics.js'

/** A point of one metric; `time` in ms since 1970. */
export type Point = readonly [step: number, value: MetricValue, time: number]

/**
 * Keeps the first and the last point, and from each of `buckets` equal buckets the minimum, the
 * maximum and the first point of each non-finite value. Keeps the order.
 */
export function downsampleMinMax(points: readonly Point[], buckets: number): Point[] {
  const kept = new Set([0, points.length - 1])
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = Math.floor((bucket * points.length) / buckets)
    const end = Math.floor(((bucket + 1) * points.length) / buckets)
    for (const index of minMaxWithin(points, start, end)) kept.add(index)
  }
  return [...kept].sort((a, b) => a - b).map(index => points[index]!)
}

/** Downsamples to at most `maxPoints`, which is at least 7. */
export function downsample(points: readonly Point[], maxPoints: number): readonly Point[] {
  if (points.length <= maxPoints) return points
  const nonFinite = points.map(([, value]) => value).filter(value => typeof value === 'string')
  const pointsPerBucket = 2 + new Set(nonFinite).size
  return downsampleMinMax(points, Math.floor((maxPoints - 2) / pointsPerBucket))
}

function minMaxWithin(points: readonly Point[], start: number, end: number): number[] {
  let [minIndex, maxIndex] = [-1, -1]
  const firstNonFinite = new Map<string, number>()
  for (let i = start; i < end; i++) {
    const value = points[i]![1]
    if (typeof value === 'string') {
      if (!firstNonFinite.has(value)) firstNonFinite.set(value, i)
      continue
    }
    if (minIndex < 0 || value < Number(points[minIndex]![1])) minIndex = i
    if (maxIndex < 0 || value > Number(points[maxIndex]![1])) maxIndex = i
  }
  return [minIndex, maxIndex, ...firstNonFinite.values()].filter(index => index >= 0)
}

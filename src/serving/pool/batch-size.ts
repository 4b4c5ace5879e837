import { batchSizes } from '../../spec/batch-sizes.js'

/** A batch that takes longer makes others wait for too little: throughput hardly grows beyond it. */
const maxBatchMs = 300
/** Sizes that are worth it on every machine. */
const smallBatch = 4
/** Of a padded batch, what must be images as long as nothing is measured. */
const minFilled = 0.75
/** The weight of a new measurement. One that is longer counts for more: what has become slow must not be overrun. */
const smoothing = { longer: 0.5, shorter: 0.2 }

/** How long a model's batches take, by size. */
export class RunTimes {
  private readonly ms = new Map<number, number>()
  /** Of sizes that were not measured, until the next measurement: each request asks for several. */
  private readonly estimates = new Map<number, number>()

  add(size: number, ms: number): void {
    this.estimates.clear()
    const known = this.ms.get(size)
    const average =
      known === undefined ? ms : known + smoothing[ms > known ? 'longer' : 'shorter'] * (ms - known)
    this.ms.set(size, average)
    // a larger size that was slow for a moment is not run again: it is known by what it takes at most
    for (const [larger, its] of this.ms) {
      if (larger > size) this.ms.set(larger, Math.min(its, (average * larger) / size))
    }
  }

  get(size: number): number | undefined {
    return this.ms.get(size)
  }

  /** By the nearest size that was measured; null if none was. */
  estimate(size: number): number | null {
    const known = this.ms.get(size) ?? this.estimates.get(size)
    if (known !== undefined) return known
    const nearest = this.nearestTo(size)
    if (nearest === null) return null
    const estimate = (this.ms.get(nearest)! * size) / nearest
    this.estimates.set(size, estimate)
    return estimate
  }

  private nearestTo(size: number): number | null {
    let nearest: number | null = null
    let smallest = Number.POSITIVE_INFINITY
    for (const measured of this.ms.keys()) {
      const factor = Math.max(measured / size, size / measured)
      if (factor < smallest) [nearest, smallest] = [measured, factor]
    }
    return nearest
  }
}

export interface BatchLimits {
  /** The most images of a batch. */
  maxImages: number
  /** Whether the runtime is prepared for batches of any size, which are not padded then. */
  anySize: boolean
}

/**
 * How many of the waiting images run next, and what their batch is padded to: the largest size that they
 * fill, or the next one if its padding costs less than a second batch.
 */
export function chooseBatch(
  waiting: number,
  times: RunTimes,
  { maxImages, anySize }: BatchLimits,
): { images: number; size: number } {
  const allowed = batchSizes.filter(size => size <= maxImages && isShort(size, times))
  if (anySize) {
    const images = Math.min(waiting, allowed.at(-1) ?? 1)
    return { images, size: images }
  }
  const filled = allowed.findLast(size => size <= waiting) ?? 1
  const padded = allowed.find(size => size > filled)
  if (padded === undefined || waiting === filled) return { images: filled, size: filled }
  return isPaddingWorthIt(waiting, filled, padded, times)
    ? { images: Math.min(waiting, padded), size: padded }
    : { images: filled, size: filled }
}

/** How long so many images take in the batches that they make; null if nothing was measured. */
export function workMs(images: number, times: RunTimes, limits: BatchLimits): number | null {
  if (images === 0) return 0
  const batch = chooseBatch(images, times, limits)
  const ms = times.estimate(batch.size)
  return ms === null ? null : (images / batch.images) * ms
}

const isShort = (size: number, times: RunTimes): boolean =>
  size <= smallBatch || (times.estimate(size) ?? 0) <= maxBatchMs

function isPaddingWorthIt(waiting: number, filled: number, padded: number, times: RunTimes) {
  const [filledMs, paddedMs] = [times.get(filled), times.get(padded)]
  if (filledMs === undefined || paddedMs === undefined) return waiting >= minFilled * padded
  return Math.min(waiting, padded) / paddedMs > filled / filledMs
}

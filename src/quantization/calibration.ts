import type { Tensor } from '../graph/graph.js'
import { stackTensors } from '../graph/ops/array.js'
import type { ValueRange } from '../graph/ops/fake-quant.js'
import { neg } from '../graph/ops/math.js'
import { reduceMax } from '../graph/ops/reduce.js'
import type { Signature } from '../graph/saved-model.js'

/** The signature that calibration runs. */
export const calibrate = 'calibrate'

/** Images [n, h, w, c] → the largest and the smallest value of each tensor in each image, [tensors, n]. */
export function calibrationSignature(images: Tensor, tensors: readonly Tensor[]): Signature {
  const { graph } = images.node
  return graph.nameScope(calibrate, () => {
    const largest = (x: Tensor) =>
      reduceMax(
        x,
        x.shape.map((_, axis) => axis).filter(axis => axis > 0),
      )
    return {
      inputs: { images },
      outputs: {
        max: stackTensors(tensors.map(largest)),
        min: neg(stackTensors(tensors.map(x => largest(neg(x))))),
      },
    }
  })
}

interface Extremes {
  min: number
  max: number
}

/** Collects the extremes of each tensor, image by image. */
export class RangeCollector {
  private readonly sums: Extremes[]
  private readonly extremes: Extremes[]
  private images = 0

  constructor(tensors: number) {
    this.sums = Array.from({ length: tensors }, () => ({ min: 0, max: 0 }))
    this.extremes = Array.from({ length: tensors }, () => ({ min: Infinity, max: -Infinity }))
  }

  /** Adds a batch: extremes [tensors, images]. */
  add(min: Float32Array, max: Float32Array): void {
    const count = max.length / this.sums.length
    for (const [i, sum] of this.sums.entries()) {
      const extreme = this.extremes[i]!
      for (let j = i * count; j < (i + 1) * count; j++) {
        sum.min += min[j]!
        sum.max += max[j]!
        extreme.min = Math.min(extreme.min, min[j]!)
        extreme.max = Math.max(extreme.max, max[j]!)
      }
    }
    this.images += count
  }

  /**
   * Ranges to try, each for all tensors: between the extremes of all images, which clip nothing, and the mean
   * extremes of an image, which round more finely but clip outliers. Which is better depends on the network.
   */
  get candidates(): ValueRange[][] {
    return [0, 0.5, 1].map(toMean =>
      this.sums.map((sum, i) => {
        const { min, max } = this.extremes[i]!
        const between = (extreme: number, mean: number) => extreme + toMean * (mean - extreme)
        return eightBitRange(
          between(min, sum.min / this.images),
          between(max, sum.max / this.images),
        )
      }),
    )
  }
}

/** The Kullback-Leibler divergence of probabilities from those of float32, summed over images [n, classes]. */
export function divergence(fp32: Float32Array, quantized: Float32Array): number {
  return fp32.reduce(
    (sum, p, i) => (p === 0 ? sum : sum + p * Math.log(p / Math.max(quantized[i]!, 1e-30))),
    0,
  )
}

/**
 * The range that 8-bit integers cover: from 0 if no value is negative, with 0 in the middle if the values lie on
 * both sides of it (int8, whose kernels need no zero point), else from the smallest to the largest (as ELU's,
 * where half of int8's values would never occur).
 */
export function eightBitRange(min: number, max: number): ValueRange {
  const [low, high] = [Math.min(min, 0), Math.max(max, 0)]
  if (low === 0 && high === 0) return { min: 0, max: 1 }
  if (Math.min(-low, high) < Math.max(-low, high) / 2) return { min: low, max: high }
  const largest = Math.max(-low, high)
  return { min: (-largest * 128) / 127, max: largest }
}

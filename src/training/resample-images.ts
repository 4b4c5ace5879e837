import type { Tensor } from '../graph/graph.js'
import { compareWith, select } from '../graph/ops/compare.js'
import { fill, scalar } from '../graph/ops/constant.js'
import { add, cast, div, exp, minimum, mul, neg, sqrt, sub } from '../graph/ops/math.js'
import { type AxisTransform, resample } from '../graph/ops/transform.js'
import { rank4 } from '../graph/shape.js'
import type { Augmentation } from '../spec/augmentation.js'
import { type BatchRng, uniform } from './batch-random.js'

/** The augmentation that moves pixels. */
export type Geometry = Pick<Augmentation, 'flip' | 'padCrop' | 'randomResizedCrop'>

/**
 * Composes flip, padCrop and randomResizedCrop into one resampling of images, float32 [n, h, w, c].
 * Crops are windows with fractions of pixels.
 */
export function resampleImages(
  images: Tensor,
  { flip, padCrop, randomResizedCrop }: Geometry,
  rng: BatchRng,
): Tensor {
  const { graph } = images.node
  const [n, height, width] = rank4('augmentation: the input', images.shape)
  const identity = { scale: fill(graph, [n], 1), offset: fill(graph, [n], 0) }
  const axes = { x: identity as AxisTransform, y: identity as AxisTransform }
  if (padCrop > 0) {
    axes.x = shift(
      identity,
      truncate(uniform(images, 'padCropX', rng, 0, 2 * padCrop + 1)),
      padCrop,
    )
    axes.y = shift(
      identity,
      truncate(uniform(images, 'padCropY', rng, 0, 2 * padCrop + 1)),
      padCrop,
    )
  }
  if (flip) {
    const flipped = drawFlips(images, rng)
    const { scale, offset } = axes.x
    axes.x = {
      scale: select(flipped, neg(scale), scale),
      offset: select(flipped, sub(width - 1, offset), offset),
    }
  }
  if (randomResizedCrop < 1) {
    const fractions = cropFractions(images, randomResizedCrop, rng)
    axes.x = cropAxis(axes.x, fractions.width, uniform(images, 'cropX', rng, 0, 1), width)
    axes.y = cropAxis(axes.y, fractions.height, uniform(images, 'cropY', rng, 0, 1), height)
  }
  return resample(images, axes.x, axes.y)
}

const truncate = (x: Tensor): Tensor => cast(cast(x, 'int32'), 'float32')

const shift = (
  { scale, offset }: AxisTransform,
  amount: Tensor,
  padding: number,
): AxisTransform => ({
  scale,
  offset: add(offset, sub(amount, padding)),
})

/** Crops a side to `fraction` of its length, at `position` from 0 (its start) to 1 (its end). */
const cropAxis = (
  axis: AxisTransform,
  fraction: Tensor,
  position: Tensor,
  extent: number,
): AxisTransform => ({
  scale: mul(axis.scale, fraction),
  offset: add(mul(axis.offset, fraction), mul(mul(position, sub(1, fraction)), extent - 1)),
})

/** Whether each image is flipped, bool [n], with a probability of one half. */
export const drawFlips = (images: Tensor, rng: BatchRng): Tensor =>
  compareWith('Less', uniform(images, 'flip', rng, 0, 1), scalar(images.node.graph, 0.5))

/** The sides of a random crop as fractions of the image's, each [n]: at least `minArea` of its area, stretched by up to 4:3. */
export function cropFractions(images: Tensor, minArea: number, rng: BatchRng) {
  const area = uniform(images, 'cropArea', rng, minArea, 1)
  const maxLogRatio = Math.log(4 / 3)
  const aspectRatio = exp(uniform(images, 'cropStretch', rng, -maxLogRatio, maxLogRatio))
  return {
    width: minimum(sqrt(mul(area, aspectRatio)), 1),
    height: minimum(sqrt(div(area, aspectRatio)), 1),
  }
}

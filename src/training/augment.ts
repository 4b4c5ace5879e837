// Data augmentation, as part of the training step. Its random numbers depend only on the job's seed
// and the batch index: a resumed job repeats them, and checkpoints hold no random state.
import type { Tensor } from '../graph/graph.js'
import { concat, reshape, slice } from '../graph/ops/array.js'
import { compareWith, select } from '../graph/ops/compare.js'
import { constant, fill, scalar, zerosLike } from '../graph/ops/constant.js'
import { add, cast, div, exp, maximum, minimum, mul, neg, sqrt, sub } from '../graph/ops/math.js'
import { type RandomKey, randomGamma, randomUniform } from '../graph/ops/random.js'
import { reduceMean } from '../graph/ops/reduce.js'
import { type AxisTransform, resample } from '../graph/ops/transform.js'
import { rank4, type Shape } from '../graph/shape.js'
import type { Augmentation } from '../spec/augmentation.js'

/** Seeds a batch's random numbers: the job's seed and the batch index, int32 scalars. */
export interface BatchRng {
  seed: Tensor
  batch: Tensor
}

/**
 * Augments each image independently: pixels 0 to 255, float32 [n, h, w, c] → the same shape.
 * Defaults add nothing to the graph. `mean` is the colour that cutout fills in.
 */
export function augmentImages(
  images: Tensor,
  options: Augmentation,
  mean: readonly number[],
  rng: BatchRng,
): Tensor {
  const transformed = geometricTransform(images, options, rng)
  const jittered = colorJitter(transformed, options.colorJitter, rng)
  return options.cutout > 0 ? cutout(jittered, options.cutout, mean, rng) : jittered
}

/**
 * Mixup (Zhang et al. 2017, arXiv:1710.09412): blends each image with the next one of the batch,
 * and their labels [n, classes] alike. Each image keeps the larger share, so accuracy can still use
 * its own label; since pairs are random, the distribution is the same.
 */
export function mixup(
  images: Tensor,
  labels: Tensor,
  alpha: number,
  rng: BatchRng,
): readonly [images: Tensor, labels: Tensor] {
  const { graph } = images.node
  const n = images.shape[0]!
  const [a, b] = (['mixup', 'mixupOther'] as const).map(stream =>
    randomGamma(graph, [n], alpha, streamKey(stream, rng)),
  ) as [Tensor, Tensor]
  // a / (a + b) of gamma variables is beta distributed; if alpha is small, both can be 0
  const lambda = div(a, maximum(add(a, b), 1e-30))
  const ownWeight = maximum(lambda, sub(1, lambda))
  const mix = (x: Tensor) => {
    const weight = reshape(
      ownWeight,
      x.shape.map((_, axis) => (axis === 0 ? n : 1)),
    )
    return add(mul(x, weight), mul(rollByOne(x), sub(1, weight)))
  }
  return [mix(images), mix(labels)]
}

/** Uses of random numbers. Each has its own key; the order is part of a job's reproducibility. */
const randomStreams = [
  ...(['flip', 'padCropX', 'padCropY', 'cropArea', 'cropStretch', 'cropX', 'cropY'] as const),
  ...(['brightness', 'contrast', 'saturation', 'cutoutX', 'cutoutY'] as const),
  ...(['mixup', 'mixupOther'] as const),
] as const
type RandomStream = (typeof randomStreams)[number]

/** The golden ratio spreads the keys over 32 bits, so nearby seeds do not collide. */
const streamKey = (stream: RandomStream, { seed, batch }: BatchRng): RandomKey => ({
  seed: add(seed, Math.imul(randomStreams.indexOf(stream) + 1, 0x9e3779b9)),
  index: batch,
})

/** One uniform number per image, [n]. */
function uniform(
  images: Tensor,
  stream: RandomStream,
  rng: BatchRng,
  min: number,
  max: number,
): Tensor {
  const n = images.shape[0]!
  return add(mul(randomUniform(images.node.graph, [n], streamKey(stream, rng)), max - min), min)
}

/** Composes flip, padCrop and randomResizedCrop into one resampling of the images. */
function geometricTransform(images: Tensor, options: Augmentation, rng: BatchRng): Tensor {
  const { flip, padCrop, randomResizedCrop } = options
  if (!flip && padCrop === 0 && randomResizedCrop === 1) return images
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
    const half = scalar(graph, 0.5)
    const flipped = compareWith('Less', uniform(images, 'flip', rng, 0, 1), half)
    const { scale, offset } = axes.x
    axes.x = {
      scale: select(flipped, neg(scale), scale),
      offset: select(flipped, sub(width - 1, offset), offset),
    }
  }
  if (randomResizedCrop < 1) {
    const area = uniform(images, 'cropArea', rng, randomResizedCrop, 1)
    const maxLogRatio = Math.log(4 / 3)
    const aspectRatio = exp(uniform(images, 'cropStretch', rng, -maxLogRatio, maxLogRatio))
    const cropWidth = minimum(sqrt(mul(area, aspectRatio)), 1)
    const cropHeight = minimum(sqrt(div(area, aspectRatio)), 1)
    axes.x = cropAxis(axes.x, cropWidth, uniform(images, 'cropX', rng, 0, 1), width)
    axes.y = cropAxis(axes.y, cropHeight, uniform(images, 'cropY', rng, 0, 1), height)
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

function colorJitter(
  images: Tensor,
  { brightness, contrast, saturation }: Augmentation['colorJitter'],
  rng: BatchRng,
): Tensor {
  if (brightness + contrast + saturation === 0) return images
  const factor = (stream: 'brightness' | 'contrast' | 'saturation', strength: number) =>
    perImage(uniform(images, stream, rng, 1 - strength, 1 + strength))
  const blend = (x: Tensor, center: Tensor, amount: Tensor) =>
    add(mul(sub(x, center), amount), center)
  const keepDimsOptions = { keepDims: true }
  let x = images
  if (brightness > 0) x = mul(x, factor('brightness', brightness))
  if (contrast > 0)
    x = blend(x, reduceMean(x, [1, 2, 3], keepDimsOptions), factor('contrast', contrast))
  if (saturation > 0)
    x = blend(x, reduceMean(x, [3], keepDimsOptions), factor('saturation', saturation))
  return minimum(maximum(x, 0), 255)
}

/**
 * Cutout (DeVries & Taylor 2017, arXiv:1708.04552): fills a square around a random pixel with the
 * mean colour. The square is clipped at the edges.
 */
function cutout(images: Tensor, side: number, mean: readonly number[], rng: BatchRng): Tensor {
  const { graph } = images.node
  const [n, height, width] = rank4('augmentation: the input', images.shape)
  const axisMask = (stream: 'cutoutX' | 'cutoutY', extent: number, shape: Shape) => {
    const start = sub(truncate(uniform(images, stream, rng, 0, extent)), Math.floor(side / 2))
    const positions = reshape(
      constant(
        graph,
        Array.from({ length: extent }, (_, i) => i),
      ),
      shape,
    )
    const afterStart = compareWith('GreaterEqual', positions, perImage(start))
    const beforeEnd = compareWith('Less', positions, perImage(add(start, side)))
    return mul(cast(afterStart, 'float32'), cast(beforeEnd, 'float32'))
  }
  const squareMask = mul(
    axisMask('cutoutY', height, [1, height, 1, 1]),
    axisMask('cutoutX', width, [1, 1, width, 1]),
  )
  const isCut = compareWith('Greater', squareMask, zerosLike(squareMask))
  return reshape(select(isCut, constant(graph, mean), images), [n, ...images.shape.slice(1)])
}

const perImage = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, 1, 1, 1])

/** Rolls x [n, ...] by one along the first dimension: row 1 comes first, row 0 last. */
function rollByOne(x: Tensor): Tensor {
  const [n, ...rest] = x.shape
  const start = x.shape.map(() => 0)
  const secondRow = [1, ...start.slice(1)]
  return concat([slice(x, secondRow, [n! - 1, ...rest]), slice(x, start, [1, ...rest])], 0)
}

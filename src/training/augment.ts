// Augmentation as part of the training step: what it draws depends on the seed and on the number of
// the batch, so a resumed job draws the same, and the input pipeline has no more state to keep.
import type { Tensor } from '../graph/graph.js'
import { concat, reshape, slice } from '../graph/ops/array.js'
import { compareWith, select } from '../graph/ops/compare.js'
import { constant, fill, scalar, zerosLike } from '../graph/ops/constant.js'
import { add, cast, div, exp, maximum, minimum, mul, neg, sqrt, sub } from '../graph/ops/math.js'
import { type RandomKey, randomGamma, randomUniform } from '../graph/ops/random.js'
import { reduceMean } from '../graph/ops/reduce.js'
import { resample, type Sampling } from '../graph/ops/transform.js'
import { rank4, type Shape } from '../graph/shape.js'
import type { Augmentation } from '../spec/augmentation.js'

/** Which random numbers: the job's seed, and how many batches came before. Both int32. */
export interface Draw {
  seed: Tensor
  batch: Tensor
}

/** Pixels 0 to 255, float32 [n, h, w, c], anew for each image; off where an option has its default. */
export function augmentImages(
  images: Tensor,
  options: Augmentation,
  mean: readonly number[],
  draw: Draw,
): Tensor {
  const moved = move(images, options, draw)
  const coloured = jitter(moved, options.colorJitter, draw)
  return options.cutout > 0 ? cutout(coloured, options.cutout, mean, draw) : coloured
}

/**
 * Zhang et al. 2017: each image with a share of the next, and so their labels [n, classes]. An image
 * keeps the larger share, so that its own label stays what the accuracy asks for; pairs being
 * random, that is the same distribution.
 */
export function mixup(
  images: Tensor,
  labels: Tensor,
  alpha: number,
  draw: Draw,
): readonly [images: Tensor, labels: Tensor] {
  const { graph } = images.node
  const n = images.shape[0]!
  const [a, b] = (['mixup', 'mixupOther'] as const).map(use =>
    randomGamma(graph, [n], alpha, keyOf(use, draw)),
  ) as [Tensor, Tensor]
  // a quotient of gammas is beta distributed; a small alpha can make both underflow
  const drawn = div(a, maximum(add(a, b), 1e-30))
  const own = maximum(drawn, sub(1, drawn))
  const mix = (x: Tensor) => {
    const share = reshape(
      own,
      x.shape.map((_, axis) => (axis === 0 ? n : 1)),
    )
    return add(mul(x, share), mul(next(x), sub(1, share)))
  }
  return [mix(images), mix(labels)]
}

/** What each use of random numbers adds to the seed: no two may share one. */
const uses = [
  ...(['flip', 'padCropX', 'padCropY', 'cropArea', 'cropStretch', 'cropX', 'cropY'] as const),
  ...(['brightness', 'contrast', 'saturation', 'cutoutX', 'cutoutY'] as const),
  ...(['mixup', 'mixupOther'] as const),
] as const
type Use = (typeof uses)[number]

/** The golden ratio spreads neighbours over all of 32 bits, so that no job's seed lands on another's. */
const keyOf = (use: Use, { seed, batch }: Draw): RandomKey => ({
  seed: add(seed, Math.imul(uses.indexOf(use) + 1, 0x9e3779b9)),
  index: batch,
})

/** One number for each image. */
function uniform(images: Tensor, use: Use, draw: Draw, from: number, to: number): Tensor {
  const n = images.shape[0]!
  return add(mul(randomUniform(images.node.graph, [n], keyOf(use, draw)), to - from), from)
}

/** All that moves pixels is one sampling of the image: from where each pixel of the result comes. */
function move(images: Tensor, options: Augmentation, draw: Draw): Tensor {
  const { flip, padCrop, randomResizedCrop } = options
  if (!flip && padCrop === 0 && randomResizedCrop === 1) return images
  const { graph } = images.node
  const [n, height, width] = rank4('augmentation: the input', images.shape)
  const still = { scale: fill(graph, [n], 1), offset: fill(graph, [n], 0) }
  const sides = { x: still as Sampling, y: still as Sampling }
  if (padCrop > 0) {
    sides.x = shift(still, whole(uniform(images, 'padCropX', draw, 0, 2 * padCrop + 1)), padCrop)
    sides.y = shift(still, whole(uniform(images, 'padCropY', draw, 0, 2 * padCrop + 1)), padCrop)
  }
  if (flip) {
    const half = scalar(graph, 0.5)
    const turned = compareWith('Less', uniform(images, 'flip', draw, 0, 1), half)
    const { scale, offset } = sides.x
    sides.x = {
      scale: select(turned, neg(scale), scale),
      offset: select(turned, sub(width - 1, offset), offset),
    }
  }
  if (randomResizedCrop < 1) {
    const area = uniform(images, 'cropArea', draw, randomResizedCrop, 1)
    const stretch = Math.log(4 / 3)
    const ratio = exp(uniform(images, 'cropStretch', draw, -stretch, stretch))
    const wide = minimum(sqrt(mul(area, ratio)), 1)
    const high = minimum(sqrt(div(area, ratio)), 1)
    sides.x = window(sides.x, wide, uniform(images, 'cropX', draw, 0, 1), width)
    sides.y = window(sides.y, high, uniform(images, 'cropY', draw, 0, 1), height)
  }
  return resample(images, sides.x, sides.y)
}

const whole = (x: Tensor): Tensor => cast(cast(x, 'int32'), 'float32')

const shift = ({ scale, offset }: Sampling, by: Tensor, less: number): Sampling => ({
  scale,
  offset: add(offset, sub(by, less)),
})

/** A part of a side, at a place among those that lie inside: the first and last pixels stay in reach. */
const window = (side: Sampling, part: Tensor, place: Tensor, extent: number): Sampling => ({
  scale: mul(side.scale, part),
  offset: add(mul(side.offset, part), mul(mul(place, sub(1, part)), extent - 1)),
})

function jitter(
  images: Tensor,
  { brightness, contrast, saturation }: Augmentation['colorJitter'],
  draw: Draw,
): Tensor {
  if (brightness + contrast + saturation === 0) return images
  const factor = (use: 'brightness' | 'contrast' | 'saturation', by: number) =>
    perImage(uniform(images, use, draw, 1 - by, 1 + by))
  const toward = (x: Tensor, centre: Tensor, by: Tensor) => add(mul(sub(x, centre), by), centre)
  const keep = { keepDims: true }
  let x = images
  if (brightness > 0) x = mul(x, factor('brightness', brightness))
  if (contrast > 0) x = toward(x, reduceMean(x, [1, 2, 3], keep), factor('contrast', contrast))
  if (saturation > 0) x = toward(x, reduceMean(x, [3], keep), factor('saturation', saturation))
  return minimum(maximum(x, 0), 255)
}

/** DeVries & Taylor 2017: a square around any pixel, cut off at the edges, becomes the mean colour. */
function cutout(images: Tensor, side: number, mean: readonly number[], draw: Draw): Tensor {
  const { graph } = images.node
  const [n, height, width] = rank4('augmentation: the input', images.shape)
  const within = (use: 'cutoutX' | 'cutoutY', extent: number, shape: Shape) => {
    const first = sub(whole(uniform(images, use, draw, 0, extent)), Math.floor(side / 2))
    const places = reshape(
      constant(
        graph,
        Array.from({ length: extent }, (_, i) => i),
      ),
      shape,
    )
    const from = compareWith('GreaterEqual', places, perImage(first))
    const to = compareWith('Less', places, perImage(add(first, side)))
    return mul(cast(from, 'float32'), cast(to, 'float32'))
  }
  const inside = mul(
    within('cutoutY', height, [1, height, 1, 1]),
    within('cutoutX', width, [1, 1, width, 1]),
  )
  const hole = compareWith('Greater', inside, zerosLike(inside))
  return reshape(select(hole, constant(graph, mean), images), [n, ...images.shape.slice(1)])
}

const perImage = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, 1, 1, 1])

/** x [n, ...] moved up by one, the first behind the last. */
function next(x: Tensor): Tensor {
  const [n, ...rest] = x.shape
  const none = x.shape.map(() => 0)
  const second = [1, ...none.slice(1)]
  return concat([slice(x, second, [n! - 1, ...rest]), slice(x, none, [1, ...rest])], 0)
}

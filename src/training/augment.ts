// Data augmentation, as part of the training step. Its random numbers depend only on the job's seed
// and the batch index: a resumed job repeats them, and checkpoints hold no random state.
import type { Tensor } from '../graph/graph.js'
import { concat, reshape, slice } from '../graph/ops/array.js'
import { compareWith } from '../graph/ops/compare.js'
import { constant } from '../graph/ops/constant.js'
import { add, cast, div, maximum, minimum, mul, sub } from '../graph/ops/math.js'
import { randomGamma } from '../graph/ops/random.js'
import { reduceMean } from '../graph/ops/reduce.js'
import { rank4, sizeOf } from '../graph/shape.js'
import type { Augmentation } from '../spec/augmentation.js'
import { type BatchRng, streamKey, uniform } from './batch-random.js'
import { cropImages } from './crop-images.js'
import { resampleImages } from './resample-images.js'

/** What a step is computed on. */
export type Engine = 'cpu' | 'cuda'

/**
 * Numbers of an image from which on a processor crops images one by one. Below it the calls take as long
 * as resampling all images at once, which a GPU does best at any size.
 */
const minCroppedSize = 64 * 64

/**
 * Augments each image independently: pixels 0 to 255, uint8 or float32 [n, h, w, c] → float32 of the
 * same shape. Defaults only cast. `mean` is the colour that cutout fills in.
 */
export function augmentImages(
  images: Tensor,
  options: Augmentation,
  mean: readonly number[],
  rng: BatchRng,
  engine: Engine,
): Tensor {
  const transformed = geometricTransform(images, options, rng, engine)
  const jittered = colorJitter(transformed, options.colorJitter, rng)
  return options.cutout > 0 ? cutout(jittered, options.cutout, mean, rng) : jittered
}

/** Flips and crops images → float32. */
function geometricTransform(
  images: Tensor,
  options: Augmentation,
  rng: BatchRng,
  engine: Engine,
): Tensor {
  const { flip, padCrop, randomResizedCrop } = options
  if (!flip && padCrop === 0 && randomResizedCrop === 1) return cast(images, 'float32')
  const imageSize = sizeOf(images.shape.slice(1))
  return engine === 'cpu' && imageSize >= minCroppedSize
    ? cast(cropImages(images, options, rng), 'float32')
    : resampleImages(cast(images, 'float32'), options, rng)
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
  const [n, height, width, channels] = rank4('augmentation: the input', images.shape)
  // in rows of all numbers, since TensorFlow repeats the numbers of one pixel slowly
  const rowSize = width * channels
  const inRow = (value: (x: number, channel: number) => number) =>
    Array.from({ length: rowSize }, (_, i) => value(Math.floor(i / channels), i % channels))
  /** 1 at the positions [size] that lie in an image's square, else 0: [n, size]. */
  const inside = (stream: 'cutoutX' | 'cutoutY', extent: number, positions: readonly number[]) => {
    const drawn = cast(cast(uniform(images, stream, rng, 0, extent), 'int32'), 'float32')
    const start = reshape(sub(drawn, Math.floor(side / 2)), [n, 1])
    const at = constant(graph, positions, { shape: [1, positions.length] })
    const isAfterStart = compareWith('GreaterEqual', at, start)
    const isBeforeEnd = compareWith('Less', at, add(start, side))
    return mul(cast(isAfterStart, 'float32'), cast(isBeforeEnd, 'float32'))
  }
  const byRow = reshape(inside('cutoutY', height, [...Array(height).keys()]), [n, height, 1])
  const byColumn = inside(
    'cutoutX',
    width,
    inRow(x => x),
  )
  const colour = constant(
    graph,
    inRow((_, channel) => mean[channel]!),
  )
  const spread = (row: Tensor) => mul(byRow, reshape(row, [n, 1, rowSize]))
  // both masks are 0 or 1, so that sums and products are exact
  const kept = mul(reshape(images, [n, height, rowSize]), sub(1, spread(byColumn)))
  return reshape(add(kept, spread(mul(byColumn, colour))), images.shape)
}

const perImage = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, 1, 1, 1])

/** Rolls x [n, ...] by one along the first dimension: row 1 comes first, row 0 last. */
function rollByOne(x: Tensor): Tensor {
  const [n, ...rest] = x.shape
  const start = x.shape.map(() => 0)
  const secondRow = [1, ...start.slice(1)]
  return concat([slice(x, secondRow, [n! - 1, ...rest]), slice(x, start, [1, ...rest])], 0)
}

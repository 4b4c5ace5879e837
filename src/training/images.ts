import type { Tensor } from '../graph/graph.js'
import { constant } from '../graph/ops/constant.js'
import { cast, div, mul, sub } from '../graph/ops/math.js'
import { rank4 } from '../graph/shape.js'
import type { ImagesManifest } from '../spec/dataset.js'

/** How images are stored, how they came to their size, and the mean and standard deviation per channel. */
export type ImageFormat = Pick<
  ImagesManifest,
  'height' | 'width' | 'channels' | 'encoding' | 'mean' | 'std' | 'resize'
>

/** Pixels 0 to 255 [n, h, w, c] of any type → float32, standardized by channel. */
export function normalize(
  pixels: Tensor,
  { mean, std }: Pick<ImageFormat, 'mean' | 'std'>,
): Tensor {
  const { graph } = pixels.node
  const scale = std.map(nonZero)
  return div(sub(cast(pixels, 'float32'), constant(graph, mean)), constant(graph, scale))
}

/**
 * The numbers of `normalize`, but for rounding, in a fifth of its time: TensorFlow repeats a row of
 * pixels much faster than the values of one pixel.
 */
export function normalizeBatch(
  pixels: Tensor,
  { mean, std }: Pick<ImageFormat, 'mean' | 'std'>,
): Tensor {
  const { graph } = pixels.node
  const [, , width, channels] = rank4('normalize: the input', pixels.shape)
  const row = (values: readonly number[]) =>
    constant(graph, Array<typeof values>(width).fill(values).flat(), { shape: [width, channels] })
  // Eigen's division of vectors is an approximation on some processors
  const factors = std.map(deviation => 1 / nonZero(deviation))
  return mul(sub(cast(pixels, 'float32'), row(mean)), row(factors))
}

/** So that a constant channel (std 0) becomes 0, not NaN. */
const nonZero = (deviation: number) => deviation || 1

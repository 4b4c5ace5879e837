import type { Tensor } from '../graph/graph.js'
import { constant } from '../graph/ops/constant.js'
import { cast, div, sub } from '../graph/ops/math.js'
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
  // a constant channel (std 0) becomes 0, not NaN
  const scale = std.map(deviation => deviation || 1)
  return div(sub(cast(pixels, 'float32'), constant(graph, mean)), constant(graph, scale))
}

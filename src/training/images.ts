import type { Tensor } from '../graph/graph.js'
import { constant } from '../graph/ops/constant.js'
import { cast, div, sub } from '../graph/ops/math.js'
import type { ImagesManifest } from '../spec/dataset.js'

/** How images are stored and what is normal for them. */
export type ImageFormat = Pick<
  ImagesManifest,
  'height' | 'width' | 'channels' | 'encoding' | 'mean' | 'std'
>

/** Pixels [n, h, w, c] of 0 to 255, of any type → float32 of mean 0 and deviation 1 on the training data. */
export function normalize(
  pixels: Tensor,
  { mean, std }: Pick<ImageFormat, 'mean' | 'std'>,
): Tensor {
  const { graph } = pixels.node
  // a channel that never changes carries nothing: it becomes 0, not NaN
  const scale = std.map(deviation => deviation || 1)
  return div(sub(cast(pixels, 'float32'), constant(graph, mean)), constant(graph, scale))
}

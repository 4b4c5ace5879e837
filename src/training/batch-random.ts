import type { Tensor } from '../graph/graph.js'
import { add, mul } from '../graph/ops/math.js'
import { type RandomKey, randomUniform } from '../graph/ops/random.js'

/** Seeds a batch's random numbers: the job's seed and the batch index, int32 scalars. */
export interface BatchRng {
  seed: Tensor
  batch: Tensor
}

/** Uses of random numbers. Each has its own key; the order is part of a job's reproducibility. */
const randomStreams = [
  ...(['flip', 'padCropX', 'padCropY', 'cropArea', 'cropStretch', 'cropX', 'cropY'] as const),
  ...(['brightness', 'contrast', 'saturation', 'cutoutX', 'cutoutY'] as const),
  ...(['mixup', 'mixupOther'] as const),
] as const
type RandomStream = (typeof randomStreams)[number]

/** The golden ratio spreads the keys over 32 bits, so nearby seeds do not collide. */
export const streamKey = (stream: RandomStream, { seed, batch }: BatchRng): RandomKey => ({
  seed: add(seed, Math.imul(randomStreams.indexOf(stream) + 1, 0x9e3779b9)),
  index: batch,
})

/** One uniform number per image, [n]. */
export function uniform(
  images: Tensor,
  stream: RandomStream,
  rng: BatchRng,
  min: number,
  max: number,
): Tensor {
  const n = images.shape[0]!
  return add(mul(randomUniform(images.node.graph, [n], streamKey(stream, rng)), max - min), min)
}

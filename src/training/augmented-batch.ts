import type { Tensor } from '../graph/graph.js'
import { oneHot, reshape } from '../graph/ops/array.js'
import { add, mul } from '../graph/ops/math.js'
import type { TrainingPlan } from '../spec/training-options.js'
import { augmentImages, type Engine, mixup } from './augment.js'
import type { BatchRng } from './batch-random.js'
import type { ImageFormat } from './images.js'
import type { BatchLabels } from './loss.js'

interface AugmentedBatchOptions {
  plan: Pick<TrainingPlan, 'augment' | 'labelSmoothing'>
  /** Images of the batch. */
  batchSize: number
  images: ImageFormat
  classes: number
  rng: BatchRng
  engine: Engine
}

/**
 * Applies augmentation, label smoothing (Szegedy et al. 2015, arXiv:1512.00567) and mixup to the uint8
 * pixels and the labels of a batch: pixels 0 to 255, float32. `targets` are soft labels [n, classes];
 * null if the labels stay class numbers.
 */
export function augmentBatch(
  [rawPixels, rawLabels]: readonly Tensor[],
  {
    plan: { augment, labelSmoothing },
    batchSize,
    images: { height, width, channels, mean },
    classes,
    rng,
    engine,
  }: AugmentedBatchOptions,
): BatchLabels & { pixels: Tensor } {
  const images = reshape(rawPixels!, [batchSize, height, width, channels])
  const pixels = augmentImages(images, augment, mean, rng, engine)
  const labels = reshape(rawLabels!, [batchSize])
  if (augment.mixup === 0 && labelSmoothing === 0) {
    return { pixels, labels, targets: null, isMixed: false }
  }
  const smoothing = labelSmoothing / classes
  const softLabels = add(mul(oneHot(labels, classes), 1 - labelSmoothing), smoothing)
  if (augment.mixup === 0) return { pixels, labels, targets: softLabels, isMixed: false }
  const [mixed, targets] = mixup(pixels, softLabels, augment.mixup, rng)
  return { pixels: mixed, labels, targets, isMixed: true }
}

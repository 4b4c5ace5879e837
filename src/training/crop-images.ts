import type { Tensor } from '../graph/graph.js'
import {
  concat,
  expandDims,
  pad,
  reshape,
  slice,
  stackTensors,
  transpose,
  window,
} from '../graph/ops/array.js'
import { select } from '../graph/ops/compare.js'
import { constant, fill, scalar } from '../graph/ops/constant.js'
import { resizeBilinear, reverse } from '../graph/ops/image.js'
import { mapRows } from '../graph/ops/map-rows.js'
import { add, cast, maximum, minimum, mul, sub } from '../graph/ops/math.js'
import { rank4 } from '../graph/shape.js'
import { type BatchRng, uniform } from './batch-random.js'
import { cropFractions, drawFlips, type Geometry } from './resample-images.js'

/**
 * Flips and crops images [n, h, w, c] one by one, in parallel on the processor's cores: as copies of
 * windows of whole pixels, which takes a tenth of the time of resampling. → the same type, or float32
 * if crops are resized.
 */
export function cropImages(
  images: Tensor,
  { flip, padCrop, randomResizedCrop }: Geometry,
  rng: BatchRng,
): Tensor {
  const { graph } = images.node
  const [n, height, width, channels] = rank4('augmentation: the input', images.shape)
  const isResized = randomResizedCrop < 1
  /** A whole number from 0 to `most` for each image. */
  const upTo = (stream: 'padCropX' | 'padCropY' | 'cropX' | 'cropY', most: Tensor) => {
    const share = uniform(images, stream, rng, 0, 1)
    // float32 can round up to most + 1
    return minimum(cast(mul(share, cast(add(most, 1), 'float32')), 'int32'), most)
  }
  const all = (value: number) => cast(fill(graph, [n], value), 'int32')

  const border = all(2 * padCrop)
  let y = padCrop > 0 ? upTo('padCropY', border) : border
  let x = padCrop > 0 ? upTo('padCropX', border) : border
  let [h, w] = [all(height), all(width)]
  if (isResized) {
    const fractions = cropFractions(images, randomResizedCrop, rng)
    const pixels = (fraction: Tensor, extent: number) =>
      maximum(cast(add(mul(fraction, extent), 0.5), 'int32'), 1)
    h = pixels(fractions.height, height)
    w = pixels(fractions.width, width)
    y = add(y, upTo('cropY', sub(height, h)))
    x = add(x, upTo('cropX', sub(width, w)))
  }
  const flipped = drawFlips(images, rng)
  // the window lies in the mirrored image
  if (flip) x = select(flipped, sub(sub(width + 2 * padCrop, x), w), x)

  const windows = transpose(stackTensors([y, x, h, w]), [1, 0])
  const crop = (image: Tensor, rectangle: Tensor, isFlipped: Tensor) => {
    let cropped = image
    if (padCrop > 0) cropped = pad(image, [padCrop, padCrop, 0], [padCrop, padCrop, 0])
    if (padCrop > 0 || isResized) {
      const start = concat([slice(rectangle, [0], [2]), ints(image, [0])], 0)
      const extents = concat([slice(rectangle, [2], [2]), ints(image, [channels])], 0)
      const shape = isResized ? [-1, -1, channels] : [height, width, channels]
      cropped = window(cropped, start, extents, shape)
    }
    if (flip) {
      const never = scalar(image.node.graph, false, 'bool')
      cropped = reverse(cropped, stackTensors([never, isFlipped, never]))
    }
    if (!isResized) return [cropped]
    const resized = resizeBilinear(expandDims(cropped, 0), height, width)
    return [reshape(resized, [height, width, channels])]
  }
  const name = `crop_images_${graph.functions.size}`
  return mapRows([images, windows, flipped], name, (...row) =>
    crop(...(row as [Tensor, Tensor, Tensor])),
  )[0]!
}

const ints = (x: Tensor, values: readonly number[]) =>
  constant(x.node.graph, values, { dtype: 'int32' })

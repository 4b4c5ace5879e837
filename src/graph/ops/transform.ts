import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { formatShape, rank4 } from '../shape.js'
import { stackTensors, transpose } from './array.js'
import { constant, scalar, zerosLike } from './constant.js'

type TransformInputs = readonly [images: Tensor, transforms: Tensor, size: Tensor, fill: Tensor]

export const ImageProjectiveTransformV3 = defineOp<TransformInputs>({
  type: 'ImageProjectiveTransformV3',
  output: 'transformed_images',
  shape: ([images]) => images.shape,
  attrs: ([images]) => ({
    dtype: attr.type(images.dtype),
    interpolation: attr.string('BILINEAR'),
    fill_mode: attr.string('CONSTANT'),
  }),
  gradient: null,
})

/** Pixel p along one side of image i comes from `scale[i] * p + offset[i]`; both are [n]. */
export interface AxisTransform {
  readonly scale: Tensor
  readonly offset: Tensor
}

/**
 * Resamples images [n, h, w, c]: shifts, mirrors or stretches each, with bilinear interpolation and
 * 0 outside. Whole-numbered source positions give exact pixels.
 */
export function resample(images: Tensor, x: AxisTransform, y: AxisTransform): Tensor {
  const [n, height, width] = rank4('resample: the input', images.shape)
  for (const { shape } of [x.scale, x.offset, y.scale, y.offset]) {
    check(
      shape.length === 1 && shape[0] === n,
      `resample: ${n} images need scales and offsets [${n}], not ${formatShape(shape)}`,
    )
  }
  const { graph } = images.node
  const zeros = zerosLike(x.scale)
  // a projective transform's rows [a0, a1, a2, b0, b1, b2, c0, c1]
  const rows = [x.scale, zeros, x.offset, zeros, y.scale, y.offset, zeros, zeros]
  const transforms = transpose(stackTensors(rows), [1, 0])
  const size = constant(graph, [height, width], { dtype: 'int32' })
  return apply(ImageProjectiveTransformV3, [images, transforms, size, scalar(graph, 0)], {})
}

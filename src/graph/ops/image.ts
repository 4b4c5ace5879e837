import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { apply, defineOp } from '../op.js'
import { rank4 } from '../shape.js'
import { constant } from './constant.js'

export const DecodeImage = defineOp<readonly [contents: Tensor], { channels: number }>({
  type: 'DecodeImage',
  output: 'image',
  shape: (_, { channels }) => [-1, -1, channels],
  dtype: () => 'uint8',
  attrs: (_, { channels }) => ({
    channels: attr.int(channels),
    dtype: attr.type('uint8'),
    expand_animations: attr.bool(false),
  }),
  gradient: null,
})

/** The bytes of a PNG, JPEG, GIF (first frame) or BMP file → uint8 [h, w, channels]. */
export const decodeImage = (contents: Tensor, channels: 1 | 3 | 4): Tensor =>
  apply(DecodeImage, [contents], { channels })

interface ResizeAttrs {
  height: number
  width: number
}

export const ResizeBilinear = defineOp<readonly [images: Tensor, size: Tensor], ResizeAttrs>({
  type: 'ResizeBilinear',
  output: 'resized_images',
  shape([images], { height, width }) {
    const [n, , , channels] = rank4('resizeBilinear: the input', images.shape)
    return [n, height, width, channels]
  },
  dtype: () => 'float32',
  attrs: ([images]) => ({
    T: attr.type(images.dtype),
    align_corners: attr.bool(false),
    half_pixel_centers: attr.bool(true),
  }),
  gradient: null,
})

/** images [n, h, w, channels] → float32 [n, height, width, channels], as `tf.image.resize`. */
export function resizeBilinear(images: Tensor, height: number, width: number): Tensor {
  const size = constant(images.node.graph, [height, width], { dtype: 'int32' })
  return apply(ResizeBilinear, [images, size], { height, width })
}

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

/**
 * The bytes of an image file → uint8 [h, w, channels]. A PNG or JPEG may have any channels; a WebP 3 or 4, a
 * GIF (its first frame) 3.
 */
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

export const EncodePng = defineOp<readonly [image: Tensor]>({
  type: 'EncodePng',
  output: 'contents',
  shape: () => [],
  dtype: () => 'string',
  attrs: ([image]) => ({ compression: attr.int(-1), T: attr.type(image.dtype) }),
  gradient: null,
})

/** uint8 [h, w, channels] → the bytes of a PNG file. */
export const encodePng = (image: Tensor): Tensor => apply(EncodePng, [image], {})

type ScaleInputs = readonly [images: Tensor, size: Tensor, scale: Tensor, translation: Tensor]

export const ScaleAndTranslate = defineOp<ScaleInputs>({
  type: 'ScaleAndTranslate',
  output: 'resized_images',
  shape([images]) {
    const [n, , , channels] = rank4('scaleAndTranslate: the input', images.shape)
    return [n, -1, -1, channels]
  },
  dtype: () => 'float32',
  attrs: ([images]) => ({
    T: attr.type(images.dtype),
    kernel_type: attr.string('triangle'),
    antialias: attr.bool(true),
  }),
  gradient: null,
})

/**
 * images [n, h, w, channels] → float32 [n, height, width, channels] of the size [height, width]: bilinear and
 * antialiased, as `tf.image.resize(antialias=True)`, with 0 outside of the image. `scale` and `translation`
 * are [y, x], in pixels of the output.
 */
export const scaleAndTranslate = (
  images: Tensor,
  size: Tensor,
  scale: Tensor,
  translation: Tensor,
): Tensor => apply(ScaleAndTranslate, [images, size, scale, translation], {})

export const Reverse = defineOp<readonly [x: Tensor, dims: Tensor]>({
  type: 'Reverse',
  output: 'output',
  shape: ([x]) => x.shape,
  gradient: null,
})

/** Reverses the dimensions of x for which `dims`, bool [rank of x], is true. */
export const reverse = (x: Tensor, dims: Tensor): Tensor => apply(Reverse, [x, dims], {})

export const SwapSides = defineOp<readonly [image: Tensor, perm: Tensor]>({
  type: 'Transpose',
  output: 'y',
  shape: ([image]) => [-1, -1, image.shape[2]!],
  attrs: ([image]) => ({ T: attr.type(image.dtype), Tperm: attr.type('int32') }),
  gradient: null,
})

/** image [h, w, channels] with its dimensions in an order that is known only at run time. */
export const swapSides = (image: Tensor, perm: Tensor): Tensor =>
  apply(SwapSides, [image, perm], {})

export const Bitcast = defineOp<readonly [x: Tensor]>({
  type: 'Bitcast',
  output: 'output',
  shape: ([x]) => x.shape.slice(0, -1),
  dtype: () => 'int32',
  attrs: ([x]) => ({ T: attr.type(x.dtype), type: attr.type('int32') }),
  gradient: null,
})

/** uint8 [..., 4] → int32 [...] of the same bytes: the Node binding passes no uint8, and a cast takes four times the memory. */
export const bitcastToInts = (x: Tensor): Tensor => apply(Bitcast, [x], {})

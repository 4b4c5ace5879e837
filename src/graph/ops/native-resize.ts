import type { Tensor } from '../graph.js'
import { apply, defineOp } from '../op.js'

type ResizeInputs = readonly [image: Tensor, size: Tensor, scale: Tensor, translation: Tensor]

export const TrainyardResize = defineOp<ResizeInputs>({
  type: 'TrainyardResize',
  output: 'resized',
  shape: ([image]) => [-1, -1, image.shape[2]!],
  attrs: () => ({}),
  gradient: null,
})

/**
 * uint8 [h, w, channels] → uint8 [height, width, channels] of the size [height, width]: the bytes that
 * `scaleAndTranslate` gives when they are rounded. An op of our own (native/image-resize.cc), so only for graphs that
 * never leave this server.
 */
export const nativeResize = (
  image: Tensor,
  size: Tensor,
  scale: Tensor,
  translation: Tensor,
): Tensor => apply(TrainyardResize, [image, size, scale, translation], {})

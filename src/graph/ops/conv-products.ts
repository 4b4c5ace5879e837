// A convolution and its gradients as matrix products: x [n, h, w, in] with filter [kh, kw, in, out] → y
// [n, h', w', out]. A row of the first matrix is what the filter reads for one pixel of y (Chellapilla, Puri,
// Simard 2006: "High Performance Convolutional Neural Networks for Document Processing").
import type { Tensor } from '../graph.js'
import { rank4, type Shape, sizeOf } from '../shape.js'
import { reshape, transpose } from './array.js'
import { type ConvAttrs, convOutputSize } from './conv.js'
import { matMul } from './matmul.js'
import { extractPatches, spreadPixels, stridedSlice } from './patches.js'

/** y of `conv2d`. */
export function convProduct(x: Tensor, filter: Tensor, attrs: ConvAttrs): Tensor {
  const size = convOutputSize(x.shape, filter.shape, attrs)
  const product = matMul(windowRows(x, filter, attrs), filterMatrix(filter))
  return reshape(product, [x.shape[0]!, ...size, filter.shape[3]!])
}

/** d(loss)/dfilter, shaped like the filter. */
export function filterGradientProduct(
  x: Tensor,
  filter: Tensor,
  dy: Tensor,
  attrs: ConvAttrs,
): Tensor {
  const gradients = reshape(dy, [-1, filter.shape[3]!])
  const sums = matMul(windowRows(x, filter, attrs), gradients, { transposeA: true })
  return reshape(sums, filter.shape)
}

/**
 * d(loss)/dx, shaped like x. Of a filter that is larger than a pixel and smaller than the images, it is the
 * convolution of dy with the turned filter, and `attrs` have stride 1 and padding SAME.
 */
export function inputGradientProduct(
  x: Tensor,
  filter: Tensor,
  dy: Tensor,
  attrs: ConvAttrs,
): Tensor {
  const [images, height, width, filters] = rank4('inputGradientProduct: dy', dy.shape)
  const [kernelHeight, kernelWidth, channels] = rank4('inputGradientProduct: filter', filter.shape)
  const whole = readsWholeImages(x.shape, filter.shape, attrs)
  if (whole || readsSinglePixels(x.shape, filter.shape, attrs)) {
    const product = matMul(reshape(dy, [-1, filters]), filterMatrix(filter), { transposeB: true })
    if (whole) return reshape(product, x.shape)
    return spreadPixels(reshape(product, [images, height, width, channels]), attrs.stride)
  }
  const patches = extractPatches(dy, filter.shape, {
    ...attrs,
    size: [height, width],
    reversed: true,
  })
  const size = kernelHeight * kernelWidth * filters
  const turned = reshape(transpose(filter, [0, 1, 3, 2]), [size, channels])
  return reshape(matMul(reshape(patches, [-1, size]), turned), x.shape)
}

const isPixel = ([height, width]: Shape): boolean => height === 1 && width === 1

/** Whether the filter reads every nth pixel of the images, and nothing beside it. */
export const readsSinglePixels = (
  x: Shape,
  filter: Shape,
  { stride, padding }: ConvAttrs,
): boolean =>
  isPixel(filter) && typeof padding === 'string' && x[1]! % stride === 0 && x[2]! % stride === 0

/** Whether the filter reads each image once, as a whole. */
export const readsWholeImages = (x: Shape, filter: Shape, { padding }: ConvAttrs): boolean =>
  x[1] === filter[0] &&
  x[2] === filter[1] &&
  (padding === 'VALID' || (padding === 'SAME' && isPixel(filter)))

const filterMatrix = (filter: Tensor): Tensor =>
  reshape(filter, [sizeOf(filter.shape.slice(0, 3)), filter.shape[3]!])

/** What the filter reads for each pixel of y: [n * h' * w', kh * kw * in]. */
function windowRows(x: Tensor, filter: Tensor, attrs: ConvAttrs): Tensor {
  const length = sizeOf(filter.shape.slice(0, 3))
  if (readsWholeImages(x.shape, filter.shape, attrs)) return reshape(x, [-1, length])
  if (readsSinglePixels(x.shape, filter.shape, attrs))
    return reshape(stridedSlice(x, attrs.stride), [-1, length])
  const size = convOutputSize(x.shape, filter.shape, attrs)
  return reshape(extractPatches(x, filter.shape, { ...attrs, size }), [-1, length])
}

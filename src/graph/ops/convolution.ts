import type { Tensor } from '../graph.js'
import { type ConvAttrs, conv2d, convFilterGradient, convInputGradient } from './conv.js'
import type { ConvKernels } from './conv-kernels.js'
import {
  convProduct,
  filterGradientProduct,
  inputGradientProduct,
  readsWholeImages,
} from './conv-products.js'
import { customGradient } from './custom-gradient.js'

/** x [n, h, w, in] with filter [kh, kw, in, out] → [n, h', w', out], computed by the given kernels. */
export function convolution(
  x: Tensor,
  filter: Tensor,
  attrs: ConvAttrs,
  kernels: ConvKernels,
): Tensor {
  const { forward, inputGradient, filterGradient } = kernels
  const y = forward === 'product' ? convProduct(x, filter, attrs) : conv2d(x, filter, attrs)
  if (Object.values(kernels).every(kernel => kernel === 'convolution')) return y
  const inputRule = inputGradient === 'product' ? inputGradientProduct : convInputGradient
  const filterRule = filterGradient === 'product' ? filterGradientProduct : convFilterGradient
  return customGradient(y, [x, filter], (dy, [images, weights]) => [
    inputRule(images!, weights!, dy, attrs),
    filterRule(images!, weights!, dy, attrs),
  ])
}

/** The same without gradients of its own. TensorFlow fuses a convolution with what follows it, but no product. */
export const inferenceConvolution = (x: Tensor, filter: Tensor, attrs: ConvAttrs): Tensor =>
  readsWholeImages(x.shape, filter.shape, attrs)
    ? convProduct(x, filter, attrs)
    : conv2d(x, filter, attrs)

// What computes a convolution and its gradients: TensorFlow's convolutions, or matrix products. Which one is faster
// depends on the shape, the type and the processor: TensorFlow's kernels copy the filter into a layout of their own
// at each call, which takes longer than the sums where a filter is large and the images are small.
import type { DType } from '../dtype.js'
import type { Tensor } from '../graph.js'
import { isStatic, rank4, type Shape, sizeOf } from '../shape.js'
import { type ConvAttrs, convOutputSize } from './conv.js'
import { readsSinglePixels, readsWholeImages } from './conv-products.js'

export type ConvKernel = 'convolution' | 'product'

/** The kernel of each of the three things that a training step computes of a convolution. */
export interface ConvKernels {
  readonly forward: ConvKernel
  readonly inputGradient: ConvKernel
  readonly filterGradient: ConvKernel
}

export type ConvPart = keyof ConvKernels
export const convParts: readonly ConvPart[] = ['forward', 'inputGradient', 'filterGradient']

export interface ConvShape extends ConvAttrs {
  readonly dtype: DType
  /** [n, h, w, in]. */
  readonly x: Shape
  /** [kh, kw, in, out]. */
  readonly filter: Shape
}

/** Chooses the kernels of each convolution of a training step. */
export type ChooseConvKernels = (shape: ConvShape) => ConvKernels

export const convShape = (x: Tensor, filter: Tensor, attrs: ConvAttrs): ConvShape => ({
  dtype: x.dtype,
  x: x.shape,
  filter: filter.shape,
  ...attrs,
})

/** Names a shape in tables: `bfloat16 32x4x4x256 3x3x256x256 /1 SAME`. */
export function convShapeName({ dtype, x, filter, stride, padding }: ConvShape): string {
  const pads =
    typeof padding === 'string'
      ? padding
      : [padding.top, padding.bottom, padding.left, padding.right].join(',')
  return `${dtype} ${x.join('x')} ${filter.join('x')} /${stride} ${pads}`
}

/**
 * From this ratio of filter weights to output pixels on, the filter's gradient is a product (512 channels of 4x4
 * pixels in bfloat16: 7 ms instead of 18). Measured on AVX-512 with oneDNN.
 */
const deepFilter: Partial<Record<DType, number>> = { float32: 4000, bfloat16: 128 }

/** The kernels where nothing was measured. */
export function kernelsByRule(shape: ConvShape): ConvKernels {
  if (isMatrixProduct(shape))
    return { forward: 'product', inputGradient: 'product', filterGradient: 'product' }
  const limit = deepFilter[shape.dtype] ?? Number.POSITIVE_INFINITY
  const isDeep = isStatic(shape.x) && sizeOf(shape.filter) >= limit * outputPixels(shape)
  return {
    forward: 'convolution',
    inputGradient: 'convolution',
    filterGradient: isDeep ? 'product' : 'convolution',
  }
}

/** Whether the convolution is a matrix product of x as it is: of whole images, or of single pixels. */
const isMatrixProduct = (shape: ConvShape): boolean =>
  isImageProduct(shape) || isPixelProduct(shape)

const isImageProduct = (shape: ConvShape): boolean => readsWholeImages(shape.x, shape.filter, shape)

const isPixelProduct = (shape: ConvShape): boolean =>
  isStatic(shape.x) && readsSinglePixels(shape.x, shape.filter, shape)

const outputPixels = (shape: ConvShape): number => {
  const [height, width] = convOutputSize(shape.x, shape.filter, shape)
  return shape.x[0]! * height * width
}

/** Patches of more bytes are not made: a step needs the memory too. */
const maxPatchBytes = 64 * 2 ** 20
/** Below this ratio of filter weights to output pixels, patches cost more than they save. */
const minPatchRatio = 16

/** The parts of a convolution that have two kernels to choose from. */
export function choosableParts(shape: ConvShape): ConvPart[] {
  const { x, filter, stride, padding } = shape
  if (!isStatic(x) || isImageProduct(shape)) return []
  if (isPixelProduct(shape)) return stride === 1 ? [...convParts] : []
  const [kernelHeight, kernelWidth, channels, filters] = rank4('the filter', filter)
  const pixels = outputPixels(shape)
  const bytes = 4 * pixels * kernelHeight * kernelWidth * Math.max(channels, filters)
  if (bytes > maxPatchBytes || sizeOf(filter) < minPatchRatio * pixels) return []
  const isOdd = kernelHeight % 2 === 1 && kernelWidth % 2 === 1
  const canTurn = stride === 1 && padding === 'SAME' && isOdd
  return canTurn ? [...convParts] : ['forward', 'filterGradient']
}

import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { rank4, type Shape } from '../shape.js'
import { pad, shapeOf, sliceLike } from './array.js'

export type Padding = 'SAME' | 'VALID'

/** Number of rows and columns of zeros on each side. */
export interface ExplicitPadding {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

export interface ConvAttrs {
  stride: number
  padding: Padding | ExplicitPadding
}

interface BackpropAttrs extends ConvAttrs {
  shape: Shape
}

export interface ConvOptions {
  stride?: number
  padding?: Padding | ExplicitPadding
}

/** The output size of a window along one side; with SAME padding, size / stride rounded up. */
export function windowOutputSize(
  opName: string,
  size: number,
  window: number,
  stride: number,
  padding: Padding | number,
): number {
  if (size < 0) return -1
  const padded = size + (typeof padding === 'number' ? padding : 0)
  const extent = Math.ceil((padding === 'SAME' ? size : padded - window + 1) / stride)
  check(extent > 0, `${opName}: a window of ${window} does not fit into ${padded} pixels`)
  return extent
}

/** Rows and columns of the output of a filter [kh, kw, in, out] over x [n, h, w, in]. */
export function convOutputSize(
  x: Shape,
  filter: Shape,
  { stride, padding }: ConvAttrs,
): [height: number, width: number] {
  const [, height, width] = rank4('conv2d: the input', x)
  const [kernelHeight, kernelWidth] = rank4('conv2d: the filter', filter)
  const [rows, columns] =
    typeof padding === 'string'
      ? [padding, padding]
      : [padding.top + padding.bottom, padding.left + padding.right]
  return [
    windowOutputSize('conv2d', height, kernelHeight, stride, rows),
    windowOutputSize('conv2d', width, kernelWidth, stride, columns),
  ]
}

/** Explicit padding is an attribute: a Pad op before the convolution would copy the images. */
const nodeAttrs = (values: Tensor, { stride, padding }: ConvAttrs) => ({
  T: attr.type(values.dtype),
  strides: attr.ints([1, stride, stride, 1]),
  padding: attr.string(typeof padding === 'string' ? padding : 'EXPLICIT'),
  ...(typeof padding === 'object' && { explicit_paddings: attr.ints(explicitPaddings(padding)) }),
})

const explicitPaddings = ({ top, bottom, left, right }: ExplicitPadding) => [
  0,
  0,
  top,
  bottom,
  left,
  right,
  0,
  0,
]

type BackpropInputs = readonly [sizes: Tensor, filter: Tensor, dy: Tensor]

export const Conv2DBackpropInput = defineOp<BackpropInputs, BackpropAttrs>({
  type: 'Conv2DBackpropInput',
  output: 'output',
  shape: (_, { shape }) => shape,
  dtype: ([, , dy]) => dy.dtype,
  attrs: ([, , dy], attrs) => nodeAttrs(dy, attrs),
  gradient: null,
})

type BackpropFilterInputs = readonly [x: Tensor, sizes: Tensor, dy: Tensor]

export const Conv2DBackpropFilter = defineOp<BackpropFilterInputs, BackpropAttrs>({
  type: 'Conv2DBackpropFilter',
  output: 'output',
  shape: (_, { shape }) => shape,
  attrs: ([x], attrs) => nodeAttrs(x, attrs),
  gradient: null,
})

export const Conv2D = defineOp<readonly [x: Tensor, filter: Tensor], ConvAttrs>({
  type: 'Conv2D',
  output: 'output',
  shape([x, filter], attrs) {
    const [n, , , channels] = rank4('conv2d: the input', x.shape)
    const [, , expected, filters] = rank4('conv2d: the filter', filter.shape)
    check(
      channels === expected,
      `conv2d: input has ${channels} channels, filter expects ${expected}`,
    )
    return [n, ...convOutputSize(x.shape, filter.shape, attrs), filters]
  },
  attrs: ([x], attrs) => nodeAttrs(x, attrs),
  gradient: (dy, { inputs: [x, filter], attrs }) => [
    convInputGradient(x, filter, dy, attrs),
    convFilterGradient(x, filter, dy, attrs),
  ],
})

/**
 * The images that the backward kernels read, and how. oneDNN's do not support explicit padding, and TensorFlow's
 * own are many times slower: so the images are copied into padded ones.
 */
const padded = (x: Tensor, { stride, padding }: ConvAttrs): [Tensor, ConvAttrs] =>
  typeof padding === 'string'
    ? [x, { stride, padding }]
    : [padImages(x, padding), { stride, padding: 'VALID' }]

/** d(loss)/dx of `y = conv2d(x, filter, attrs)`, shaped like x. */
export function convInputGradient(x: Tensor, filter: Tensor, dy: Tensor, attrs: ConvAttrs): Tensor {
  const [images, imageAttrs] = padded(x, attrs)
  const dImages = apply(Conv2DBackpropInput, [shapeOf(images), filter, dy], {
    ...imageAttrs,
    shape: images.shape,
  })
  const { padding } = attrs
  if (typeof padding === 'string') return dImages
  return sliceLike(dImages, [0, padding.top, padding.left, 0], x)
}

/** d(loss)/dfilter of `y = conv2d(x, filter, attrs)`, shaped like the filter. */
export function convFilterGradient(
  x: Tensor,
  filter: Tensor,
  dy: Tensor,
  attrs: ConvAttrs,
): Tensor {
  const [images, imageAttrs] = padded(x, attrs)
  return apply(Conv2DBackpropFilter, [images, shapeOf(filter), dy], {
    ...imageAttrs,
    shape: filter.shape,
  })
}

const padImages = (x: Tensor, { top, bottom, left, right }: ExplicitPadding): Tensor =>
  pad(x, [0, top, left, 0], [0, bottom, right, 0])

/** x [n, h, w, in] with filter [kh, kw, in, out] → [n, h', w', out]. */
export function conv2d(
  x: Tensor,
  filter: Tensor,
  { stride = 1, padding = 'SAME' }: ConvOptions = {},
): Tensor {
  check(x.dtype === filter.dtype, `conv2d: input is ${x.dtype}, filter is ${filter.dtype}`)
  check(
    Number.isInteger(stride) && stride > 0,
    `conv2d: stride ${stride} is not a positive whole number`,
  )
  return apply(Conv2D, [x, filter], { stride, padding })
}

import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { apply, defineOp } from '../op.js'
import { rank4, type Shape } from '../shape.js'
import { shapeOf } from './array.js'
import { type Padding, windowOutputSize } from './conv.js'

interface PoolAttrs {
  size: number
  stride: number
  padding: Padding
}

export interface PoolOptions {
  /** Default: the window's size, so that windows do not overlap. */
  stride?: number
  padding?: Padding
}

const nodeAttrs = (values: Tensor, { size, stride, padding }: PoolAttrs) => ({
  T: attr.type(values.dtype),
  ksize: attr.ints([1, size, size, 1]),
  strides: attr.ints([1, stride, stride, 1]),
  padding: attr.string(padding),
})

function poolShape(opName: string, x: Tensor, attrs: PoolAttrs): Shape {
  const [n, h, w, channels] = rank4(`${opName}: the input`, x.shape)
  const { size, stride, padding } = attrs
  const extent = (pixels: number) => windowOutputSize(opName, pixels, size, stride, padding)
  return [n, extent(h), extent(w), channels]
}

export const MaxPoolGrad = defineOp<readonly [x: Tensor, y: Tensor, dy: Tensor], PoolAttrs>({
  type: 'MaxPoolGrad',
  output: 'output',
  shape: ([x]) => x.shape,
  attrs: ([x], attrs) => nodeAttrs(x, attrs),
  gradient: null,
})

export const MaxPool = defineOp<readonly [x: Tensor], PoolAttrs>({
  type: 'MaxPool',
  output: 'output',
  shape: ([x], attrs) => poolShape('maxPool', x, attrs),
  attrs: ([x], attrs) => nodeAttrs(x, attrs),
  gradient: (dy, { inputs: [x], output, attrs }) => [apply(MaxPoolGrad, [x, output, dy], attrs)],
})

type AvgPoolGradInputs = readonly [sizes: Tensor, dy: Tensor]

export const AvgPoolGrad = defineOp<AvgPoolGradInputs, PoolAttrs & { shape: Shape }>({
  type: 'AvgPoolGrad',
  output: 'output',
  shape: (_, { shape }) => shape,
  dtype: ([, dy]) => dy.dtype,
  attrs: ([, dy], attrs) => nodeAttrs(dy, attrs),
  gradient: null,
})

export const AvgPool = defineOp<readonly [x: Tensor], PoolAttrs>({
  type: 'AvgPool',
  output: 'output',
  shape: ([x], attrs) => poolShape('avgPool', x, attrs),
  attrs: ([x], attrs) => nodeAttrs(x, attrs),
  gradient: (dy, { inputs: [x], attrs }) => [
    apply(AvgPoolGrad, [shapeOf(x), dy], { ...attrs, shape: x.shape }),
  ],
})

/** x [n, h, w, channels] → the maximum of each size x size window. */
export const maxPool = (
  x: Tensor,
  size: number,
  { stride = size, padding = 'VALID' }: PoolOptions = {},
): Tensor => apply(MaxPool, [x], { size, stride, padding })

/** x [n, h, w, channels] → the mean of each size x size window, without the padding. */
export const avgPool = (
  x: Tensor,
  size: number,
  { stride = size, padding = 'VALID' }: PoolOptions = {},
): Tensor => apply(AvgPool, [x], { size, stride, padding })

import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { apply, defineOp } from '../op.js'
import { isStatic, normalizeAxes, type Shape, sizeOf } from '../shape.js'
import { broadcastLike, reshape, shapeOf } from './array.js'
import { compareWith } from './compare.js'
import { constant, scalar } from './constant.js'
import { gather } from './gather.js'
import { cast, div, mul } from './math.js'

interface ReduceAttrs {
  axes: readonly number[]
  keepDims: boolean
}
type ReduceInputs = readonly [x: Tensor, axes: Tensor]
type GradientRule = (dy: Tensor, x: Tensor, y: Tensor, axes: readonly number[]) => Tensor

/** Gradient rules get dy and y with the reduced dimensions kept, so they broadcast against x. */
const reduction = (type: string, rule: GradientRule | null) =>
  defineOp<ReduceInputs, ReduceAttrs>({
    type,
    output: 'output',
    shape: ([x], { axes, keepDims }) =>
      keepDims ? keptShape(x.shape, axes) : x.shape.filter((_, axis) => !axes.includes(axis)),
    attrs: ([x], { keepDims }) => ({
      T: attr.type(x.dtype),
      Tidx: attr.type('int32'),
      keep_dims: attr.bool(keepDims),
    }),
    gradient:
      rule &&
      ((dy, { inputs: [x], output, attrs: { axes } }) => [
        rule(restoreDims(dy, x.shape, axes), x, restoreDims(output, x.shape, axes), axes),
        null,
      ]),
  })

export const Sum = reduction('Sum', (dy, x) => broadcastLike(dy, x))
export const Mean = reduction('Mean', (dy, x, _, axes) =>
  broadcastLike(div(dy, elementCount(x, axes)), x),
)
/** If several elements are the maximum, they share the gradient, as in TensorFlow. */
export const Max = reduction('Max', (dy, x, y, axes) => {
  const isMax = cast(compareWith('Equal', x, y), x.dtype)
  return mul(div(isMax, reduceSum(isMax, axes, { keepDims: true })), dy)
})

interface ReduceOptions {
  keepDims?: boolean
}

/** Over all dimensions by default. */
export const reduceSum = (x: Tensor, axes?: readonly number[], options?: ReduceOptions): Tensor =>
  reduce(Sum, 'reduceSum', x, axes, options)
export const reduceMean = (x: Tensor, axes?: readonly number[], options?: ReduceOptions): Tensor =>
  reduce(Mean, 'reduceMean', x, axes, options)
export const reduceMax = (x: Tensor, axes?: readonly number[], options?: ReduceOptions): Tensor =>
  reduce(Max, 'reduceMax', x, axes, options)

function reduce(
  op: typeof Sum,
  opName: string,
  x: Tensor,
  axes: readonly number[] = x.shape.map((_, axis) => axis),
  { keepDims = false }: ReduceOptions = {},
): Tensor {
  const normalizedAxes = normalizeAxes(opName, axes, x.shape.length)
  const indices = constant(x.node.graph, normalizedAxes, { dtype: 'int32' })
  return apply(op, [x, indices], { axes: normalizedAxes, keepDims })
}

const keptShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))

function restoreDims(y: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  if (y.shape.length === shape.length) return y
  return reshape(y, keptShape(shape, axes))
}

function elementCount(x: Tensor, axes: readonly number[]): Tensor | number {
  const extents = axes.map(axis => x.shape[axis]!)
  if (isStatic(extents)) return sizeOf(extents)
  const indices = constant(x.node.graph, axes, { dtype: 'int32' })
  return cast(reduceProd(gather(shapeOf(x), indices)), x.dtype)
}

export const Prod = reduction('Prod', null)
const reduceProd = (x: Tensor): Tensor => reduce(Prod, 'reduceProd', x)

export const ArgMax = defineOp<readonly [x: Tensor, axis: Tensor], { axis: number }>({
  type: 'ArgMax',
  output: 'output',
  shape: ([x], { axis }) => x.shape.filter((_, i) => i !== axis),
  dtype: () => 'int32',
  attrs: ([x]) => ({
    T: attr.type(x.dtype),
    Tidx: attr.type('int32'),
    output_type: attr.type('int32'),
  }),
  gradient: null,
})

/** The index of the largest element along an axis, int32. */
export function argMax(x: Tensor, axis: number): Tensor {
  const [normalizedAxis] = normalizeAxes('argMax', [axis], x.shape.length)
  return apply(ArgMax, [x, scalar(x.node.graph, normalizedAxis!, 'int32')], {
    axis: normalizedAxis!,
  })
}

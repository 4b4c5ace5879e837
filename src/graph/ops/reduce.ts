import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { apply, defineOp } from '../op.js'
import { isStatic, normalAxes, type Shape, sizeOf } from '../shape.js'
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
type Rule = (dy: Tensor, x: Tensor, y: Tensor, axes: readonly number[]) => Tensor

/** Rules see dy and y with the reduced dimensions kept, so that they broadcast against x. */
const reduction = (type: string, rule: Rule | null) =>
  defineOp<ReduceInputs, ReduceAttrs>({
    type,
    output: 'output',
    shape: ([x], { axes, keepDims }) =>
      keepDims ? kept(x.shape, axes) : x.shape.filter((_, axis) => !axes.includes(axis)),
    attrs: ([x], { keepDims }) => ({
      T: attr.type(x.dtype),
      Tidx: attr.type('int32'),
      keep_dims: attr.bool(keepDims),
    }),
    gradient:
      rule &&
      ((dy, { inputs: [x], output, attrs: { axes } }) => [
        rule(keep(dy, x.shape, axes), x, keep(output, x.shape, axes), axes),
        null,
      ]),
  })

export const Sum = reduction('Sum', (dy, x) => broadcastLike(dy, x))
export const Mean = reduction('Mean', (dy, x, _, axes) => broadcastLike(div(dy, count(x, axes)), x))
/** Where several elements are the largest they share the gradient, as in TensorFlow. */
export const Max = reduction('Max', (dy, x, y, axes) => {
  const largest = cast(compareWith('Equal', x, y), x.dtype)
  return mul(div(largest, reduceSum(largest, axes, { keepDims: true })), dy)
})

interface Options {
  keepDims?: boolean
}

/** Over all dimensions where no axes are given. */
export const reduceSum = (x: Tensor, axes?: readonly number[], options?: Options): Tensor =>
  reduce(Sum, 'reduceSum', x, axes, options)
export const reduceMean = (x: Tensor, axes?: readonly number[], options?: Options): Tensor =>
  reduce(Mean, 'reduceMean', x, axes, options)
export const reduceMax = (x: Tensor, axes?: readonly number[], options?: Options): Tensor =>
  reduce(Max, 'reduceMax', x, axes, options)

function reduce(
  op: typeof Sum,
  what: string,
  x: Tensor,
  axes: readonly number[] = x.shape.map((_, axis) => axis),
  { keepDims = false }: Options = {},
): Tensor {
  const normal = normalAxes(what, axes, x.shape.length)
  const indices = constant(x.node.graph, normal, { dtype: 'int32' })
  return apply(op, [x, indices], { axes: normal, keepDims })
}

const kept = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))

function keep(y: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  if (y.shape.length === shape.length) return y
  return reshape(y, kept(shape, axes))
}

function count(x: Tensor, axes: readonly number[]): Tensor | number {
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

/** The place of the largest element along an axis, int32. */
export function argMax(x: Tensor, axis: number): Tensor {
  const [place] = normalAxes('argMax', [axis], x.shape.length)
  return apply(ArgMax, [x, scalar(x.node.graph, place!, 'int32')], { axis: place! })
}

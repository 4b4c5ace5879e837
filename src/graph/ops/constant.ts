import { attr } from '../attr.js'
import type { DType } from '../dtype.js'
import type { Graph, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { formatShape, isStatic, type Shape, sizeOf } from '../shape.js'
import { type TensorValues, tensorProto } from '../tensor-proto.js'

interface ConstAttrs {
  values: TensorValues
  shape: Shape
  dtype: DType
}

export const Const = defineOp<readonly [], ConstAttrs>({
  type: 'Const',
  output: 'output',
  shape(_, { values, shape }) {
    check(
      values.length === sizeOf(shape),
      `constant: ${values.length} values do not fill shape ${formatShape(shape)}`,
    )
    return shape
  },
  dtype: (_, { dtype }) => dtype,
  attrs: (_, { values, shape, dtype }) => ({
    dtype: attr.type(dtype),
    value: attr.tensor(tensorProto(dtype, shape, values)),
  }),
  gradient: null,
})

export function constant(
  graph: Graph,
  values: TensorValues,
  { dtype = 'float32', shape = [values.length] }: { dtype?: DType; shape?: Shape } = {},
): Tensor {
  return apply(Const, [], { values, shape, dtype }, { graph })
}

export function scalar(
  graph: Graph,
  value: number | string | boolean,
  dtype: DType = 'float32',
): Tensor {
  return constant(graph, [value] as unknown as TensorValues, { dtype, shape: [] })
}

interface PlaceholderAttrs {
  dtype: DType
  shape: Shape
}

export const Placeholder = defineOp<readonly [], PlaceholderAttrs>({
  type: 'Placeholder',
  output: 'output',
  shape: (_, { shape }) => shape,
  dtype: (_, { dtype }) => dtype,
  attrs: (_, { dtype, shape }) => ({ dtype: attr.type(dtype), shape: attr.shape(shape) }),
  gradient: null,
})

export function placeholder(graph: Graph, name: string, dtype: DType, shape: Shape = []): Tensor {
  return apply(Placeholder, [], { dtype, shape }, { graph, name })
}

export const Fill = defineOp<readonly [dims: Tensor, value: Tensor], { shape: Shape }>({
  type: 'Fill',
  output: 'output',
  shape: (_, { shape }) => shape,
  dtype: ([, value]) => value.dtype,
  attrs: ([dims, value]) => ({ T: attr.type(value.dtype), index_type: attr.type(dims.dtype) }),
  gradient: null,
})

/** A tensor of one value. Unlike a constant, it adds nothing to the size of the graph file. */
export function fill(graph: Graph, shape: Shape, value: number, dtype: DType = 'float32'): Tensor {
  check(isStatic(shape), `fill: the shape ${formatShape(shape)} must be known`)
  const dims = constant(graph, shape, { dtype: 'int32' })
  return apply(Fill, [dims, scalar(graph, value, dtype)], { shape })
}

interface EmptyAttrs {
  shape: Shape
  dtype: DType
  zeros: boolean
}

export const Empty = defineOp<readonly [dims: Tensor], EmptyAttrs>({
  type: 'Empty',
  output: 'output',
  shape: (_, { shape }) => shape,
  dtype: (_, { dtype }) => dtype,
  attrs: (_, { dtype, zeros }) => ({ dtype: attr.type(dtype), init: attr.bool(zeros) }),
  gradient: null,
})

// TensorFlow computes a `fill` of up to 10 MiB once and keeps it as long as the session, which is as much memory as
// the variable that it initializes. It makes these tensors whenever they are needed.

/** An uninitialized tensor. */
export const empty = (graph: Graph, shape: Shape, dtype: DType): Tensor =>
  applyEmpty(graph, { shape, dtype, zeros: false })

/** Zeros. */
export const freshZeros = (graph: Graph, shape: Shape, dtype: DType = 'float32'): Tensor =>
  applyEmpty(graph, { shape, dtype, zeros: true })

const applyEmpty = (graph: Graph, attrs: EmptyAttrs): Tensor =>
  apply(Empty, [constant(graph, attrs.shape, { dtype: 'int32' })], attrs)

export const ZerosLike = defineOp<readonly [x: Tensor]>({
  type: 'ZerosLike',
  output: 'y',
  shape: ([x]) => x.shape,
  gradient: null,
})

export const zerosLike = (x: Tensor): Tensor => apply(ZerosLike, [x], {})

export const OnesLike = defineOp<readonly [x: Tensor]>({
  type: 'OnesLike',
  output: 'y',
  shape: ([x]) => x.shape,
  gradient: null,
})

export const onesLike = (x: Tensor): Tensor => apply(OnesLike, [x], {})

import { attr } from '../attr.js'
import type { DType } from '../dtype.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import {
  broadcastShapes,
  formatShape,
  isStatic,
  normalizeAxes,
  type Shape,
  sameShape,
  sizeOf,
} from '../shape.js'
import { constant, scalar } from './constant.js'

export const ShapeOf = defineOp<readonly [x: Tensor]>({
  type: 'Shape',
  output: 'output',
  shape: ([x]) => [x.shape.length],
  dtype: () => 'int32',
  attrs: ([x]) => ({ T: attr.type(x.dtype), out_type: attr.type('int32') }),
  gradient: null,
})

/** The shape as an int32 vector: a constant if it is known, else computed at run time. */
export function shapeOf(x: Tensor): Tensor {
  return isStatic(x.shape)
    ? constant(x.node.graph, x.shape, { dtype: 'int32' })
    : apply(ShapeOf, [x], {})
}

type WithShape = readonly [x: Tensor, shape: Tensor]

export const Reshape = defineOp<WithShape, { shape: Shape }>({
  type: 'Reshape',
  output: 'output',
  shape: (_, { shape }) => shape,
  attrs: ([x]) => ({ T: attr.type(x.dtype), Tshape: attr.type('int32') }),
  gradient: (dy, { inputs: [x] }) => [reshapeLike(dy, x), null],
})

/** One size may be -1; it is inferred. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const unknown = shape.filter(extent => extent < 0).length
  check(unknown <= 1, `reshape: ${formatShape(shape)} leaves more than one extent open`)
  const known = sizeOf(shape.filter(extent => extent >= 0))
  const target = constant(x.node.graph, shape, { dtype: 'int32' })
  if (!isStatic(x.shape)) return apply(Reshape, [x, target], { shape })
  const size = sizeOf(x.shape)
  check(
    unknown ? known > 0 && size % known === 0 : size === known,
    `reshape: ${formatShape(x.shape)} does not fit into ${formatShape(shape)}`,
  )
  const inferred = shape.map(extent => (extent < 0 ? size / known : extent))
  return apply(Reshape, [x, target], { shape: inferred })
}

export function reshapeLike(x: Tensor, reference: Tensor): Tensor {
  if (isStatic(reference.shape) && sameShape(x.shape, reference.shape)) return x
  return apply(Reshape, [x, shapeOf(reference)], { shape: reference.shape })
}

export const ExpandDims = defineOp<readonly [x: Tensor, axis: Tensor], { axis: number }>({
  type: 'ExpandDims',
  output: 'output',
  shape: ([x], { axis }) => x.shape.toSpliced(axis, 0, 1),
  attrs: ([x]) => ({ T: attr.type(x.dtype), Tdim: attr.type('int32') }),
  gradient: (dy, { inputs: [x] }) => [reshapeLike(dy, x), null],
})

/** Inserts a dimension of size 1 before the one at `axis`. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const [normalizedAxis] = normalizeAxes('expandDims', [axis], x.shape.length + 1)
  return apply(ExpandDims, [x, scalar(x.node.graph, normalizedAxis!, 'int32')], {
    axis: normalizedAxis!,
  })
}

/** The gradient passes dy on: autodiff.ts undoes broadcasting. */
export const BroadcastTo = defineOp<WithShape, { shape: Shape }>({
  type: 'BroadcastTo',
  output: 'output',
  shape: ([x], { shape }) => broadcastShapes('broadcastTo', x.shape, shape),
  attrs: ([x]) => ({ T: attr.type(x.dtype), Tidx: attr.type('int32') }),
  gradient: dy => [dy, null],
})

export const broadcastLike = (x: Tensor, reference: Tensor): Tensor =>
  apply(BroadcastTo, [x, shapeOf(reference)], { shape: reference.shape })

export const Transpose = defineOp<readonly [x: Tensor, perm: Tensor], { perm: readonly number[] }>({
  type: 'Transpose',
  output: 'y',
  shape: ([x], { perm }) => perm.map(axis => x.shape[axis]!),
  attrs: ([x]) => ({ T: attr.type(x.dtype), Tperm: attr.type('int32') }),
  gradient: (dy, { attrs: { perm } }) => [
    transpose(
      dy,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
    null,
  ],
})

export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  normalizeAxes('transpose', perm, x.shape.length)
  check(
    perm.length === x.shape.length,
    `transpose: [${perm.join(', ')}] must name all ${x.shape.length} dimensions`,
  )
  return apply(Transpose, [x, constant(x.node.graph, perm, { dtype: 'int32' })], { perm })
}

interface PadAttrs {
  before: readonly number[]
  after: readonly number[]
}

export const Pad = defineOp<readonly [x: Tensor, paddings: Tensor], PadAttrs>({
  type: 'Pad',
  output: 'output',
  shape: ([x], { before, after }) =>
    x.shape.map((extent, i) => (extent < 0 ? extent : extent + before[i]! + after[i]!)),
  attrs: ([x]) => ({ T: attr.type(x.dtype), Tpaddings: attr.type('int32') }),
  gradient: (dy, { inputs: [x], attrs: { before } }) => [sliceLike(dy, before, x), null],
})

/** Pads with `before[i]` and `after[i]` zeros along dimension i. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  const rank = x.shape.length
  check(
    before.length === rank && after.length === rank,
    `pad: a tensor of rank ${rank} needs ${rank} amounts before and after`,
  )
  const amounts = before.flatMap((amount, i) => [amount, after[i]!])
  const paddings = constant(x.node.graph, amounts, { dtype: 'int32', shape: [rank, 2] })
  return apply(Pad, [x, paddings], { before, after })
}

interface SliceAttrs {
  begin: readonly number[]
  shape: Shape
}

export const Slice = defineOp<readonly [x: Tensor, begin: Tensor, size: Tensor], SliceAttrs>({
  type: 'Slice',
  output: 'output',
  shape: (_, { shape }) => shape,
  attrs: ([x]) => ({ T: attr.type(x.dtype), Index: attr.type('int32') }),
  gradient(dy, { inputs: [x], attrs: { begin } }) {
    const all = [...x.shape, ...dy.shape]
    check(
      all.every(extent => extent >= 0),
      'slice: its gradient needs the extents to be known',
    )
    const after = x.shape.map((extent, i) => extent - begin[i]! - dy.shape[i]!)
    return [pad(dy, begin, after), null, null]
  },
})

export function slice(x: Tensor, begin: readonly number[], size: Shape): Tensor {
  check(
    x.shape.every(
      (extent, i) => extent < 0 || (begin[i]! >= 0 && begin[i]! + size[i]! <= extent),
    ) && size.length === x.shape.length,
    `slice: ${formatShape(size)} from [${begin.join(', ')}] does not lie inside ${formatShape(x.shape)}`,
  )
  const from = constant(x.node.graph, begin, { dtype: 'int32' })
  const extents = constant(x.node.graph, size, { dtype: 'int32' })
  return apply(Slice, [x, from, extents], { begin, shape: size })
}

export function sliceLike(x: Tensor, begin: readonly number[], reference: Tensor): Tensor {
  const from = constant(x.node.graph, begin, { dtype: 'int32' })
  return apply(Slice, [x, from, shapeOf(reference)], { begin, shape: reference.shape })
}

export const Window = defineOp<readonly [x: Tensor, begin: Tensor, size: Tensor], { shape: Shape }>(
  {
    type: 'Slice',
    output: 'output',
    shape: (_, { shape }) => shape,
    attrs: ([x]) => ({ T: attr.type(x.dtype), Index: attr.type('int32') }),
    gradient: null,
  },
)

/**
 * The part of x that starts at `begin` and has the extents `size`, int32 [rank of x], both known at run
 * time. `shape` is what is known of it; -1 for an unknown extent.
 */
export const window = (x: Tensor, begin: Tensor, size: Tensor, shape: Shape): Tensor =>
  apply(Window, [x, begin, size], { shape })

export const ConcatV2 = defineOp<readonly Tensor[], { axis: number }>({
  type: 'ConcatV2',
  output: 'output',
  shape(inputs, { axis }) {
    const parts = inputs.slice(0, -1)
    const [first] = parts
    return first!.shape.map((extent, i) =>
      i === axis && isStatic(parts.map(part => part.shape[i]!))
        ? parts.reduce((sum, part) => sum + part.shape[i]!, 0)
        : i === axis
          ? -1
          : extent,
    )
  },
  attrs: inputs => ({
    N: attr.int(inputs.length - 1),
    T: attr.type(inputs[0]!.dtype),
    Tidx: attr.type('int32'),
  }),
  gradient(dy, { inputs, attrs: { axis } }) {
    let offset = 0
    const parts = inputs.slice(0, -1).map(part => {
      const begin = part.shape.map((_, i) => (i === axis ? offset : 0))
      offset += part.shape[axis]!
      return sliceLike(dy, begin, part)
    })
    return [...parts, null]
  },
})

export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts
  check(first !== undefined, 'concat: there is nothing to join')
  const [normalizedAxis] = normalizeAxes('concat', [axis], first.shape.length)
  for (const part of parts) {
    check(
      part.dtype === first.dtype &&
        part.shape.length === first.shape.length &&
        part.shape.every((extent, i) => i === normalizedAxis || extent === first.shape[i]),
      `concat: ${part.dtype} ${formatShape(part.shape)} does not join ${first.dtype} ${formatShape(first.shape)} along axis ${axis}`,
    )
  }
  // TensorFlow joins at least two
  if (parts.length === 1) return first
  return apply(ConcatV2, [...parts, scalar(first.node.graph, normalizedAxis!, 'int32')], {
    axis: normalizedAxis!,
  })
}

export const Pack = defineOp<readonly Tensor[]>({
  type: 'Pack',
  output: 'output',
  shape: parts => [parts.length, ...parts[0]!.shape],
  attrs: parts => ({
    N: attr.int(parts.length),
    T: attr.type(parts[0]!.dtype),
    axis: attr.int(0),
  }),
  gradient: (dy, { inputs }) =>
    inputs.map((part, i) => {
      const begin = dy.shape.map((_, axis) => (axis === 0 ? i : 0))
      return reshapeLike(slice(dy, begin, [1, ...part.shape]), part)
    }),
})

/** Stacks n tensors of shape [...] to [n, ...]. */
export const stackTensors = (parts: readonly Tensor[]): Tensor => apply(Pack, parts, {})

interface OneHotAttrs {
  depth: number
  dtype: DType
}
type OneHotInputs = readonly [indices: Tensor, depth: Tensor, on: Tensor, off: Tensor]

export const OneHot = defineOp<OneHotInputs, OneHotAttrs>({
  type: 'OneHot',
  output: 'output',
  shape: ([indices], { depth }) => [...indices.shape, depth],
  dtype: (_, { dtype }) => dtype,
  attrs: ([indices], { dtype }) => ({
    T: attr.type(dtype),
    TI: attr.type(indices.dtype),
    axis: attr.int(-1),
  }),
  gradient: null,
})

export function oneHot(indices: Tensor, depth: number, dtype: DType = 'float32'): Tensor {
  const { graph } = indices.node
  const [on, off] = [scalar(graph, 1, dtype), scalar(graph, 0, dtype)]
  return apply(OneHot, [indices, scalar(graph, depth, 'int32'), on, off], { depth, dtype })
}

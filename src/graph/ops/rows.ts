import { attr } from '../attr.js'
import type { DType } from '../dtype.js'
import type { Node, NodeOptions, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, applyEffect, defineEffect, defineOp } from '../op.js'
import { formatShape, isCompatible, type Shape } from '../shape.js'
import { scalar } from './constant.js'
import type { Variable } from './state.js'

type Bounds = readonly [start: Tensor, limit: Tensor, delta: Tensor]

export const Range = defineOp<Bounds>({
  type: 'Range',
  output: 'output',
  shape: () => [-1],
  attrs: ([start]) => ({ Tidx: attr.type(start.dtype) }),
  gradient: null,
})

/** start, start + 1, …, limit - 1. */
export const range = (start: Tensor, limit: Tensor): Tensor =>
  apply(Range, [start, limit, scalar(start.node.graph, 1, start.dtype)], {})

type GatherInputs = readonly [handle: Tensor, indices: Tensor]

export const ResourceGather = defineOp<GatherInputs, { dtype: DType; shape: Shape }>({
  type: 'ResourceGather',
  output: 'output',
  shape: ([, indices], { shape }) => [...indices.shape, ...shape.slice(1)],
  dtype: (_, { dtype }) => dtype,
  attrs: ([, indices], { dtype }) => ({
    dtype: attr.type(dtype),
    Tindices: attr.type(indices.dtype),
  }),
  gradient: null,
})

/** The rows at the indices [n]. Unlike `value` after `assignRows`, it copies no other rows. */
export const readRows = (source: Variable, indices: Tensor): Tensor =>
  apply(ResourceGather, [source.handle, indices], { dtype: source.dtype, shape: source.shape })

type ScatterInputs = readonly [handle: Tensor, indices: Tensor, rows: Tensor]

export const ResourceScatterUpdate = defineEffect<ScatterInputs>({
  type: 'ResourceScatterUpdate',
  attrs: ([, indices, rows]) => ({
    dtype: attr.type(rows.dtype),
    Tindices: attr.type(indices.dtype),
  }),
})

/** Writes rows [n, ...] at the indices [n] of a variable [count, ...], in place. */
export function assignRows(
  target: Variable,
  indices: Tensor,
  rows: Tensor,
  options?: NodeOptions,
): Node {
  check(
    rows.dtype === target.dtype && isCompatible(rows.shape.slice(1), target.shape.slice(1)),
    `assignRows: ${target.name} is ${target.dtype} ${formatShape(target.shape)}, the rows ${rows.dtype} ${formatShape(rows.shape)}`,
  )
  return applyEffect(ResourceScatterUpdate, [target.handle, indices, rows], {}, options)
}

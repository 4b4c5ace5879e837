import { attr } from '../attr.js'
import type { Node, Placement, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, applyEffect, defineEffect, defineOp } from '../op.js'
import { compatible, describe } from '../shape.js'
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

/** start, start + 1, … below the limit. */
export const range = (start: Tensor, limit: Tensor): Tensor =>
  apply(Range, [start, limit, scalar(start.node.graph, 1, start.dtype)], {})

type ScatterInputs = readonly [handle: Tensor, indices: Tensor, rows: Tensor]

export const ResourceScatterUpdate = defineEffect<ScatterInputs>({
  type: 'ResourceScatterUpdate',
  attrs: ([, indices, rows]) => ({
    dtype: attr.type(rows.dtype),
    Tindices: attr.type(indices.dtype),
  }),
})

/** Puts rows [n, ...] at the indices [n] of a variable [count, ...], in place. */
export function assignRows(
  target: Variable,
  indices: Tensor,
  rows: Tensor,
  placement?: Placement,
): Node {
  check(
    rows.dtype === target.dtype && compatible(rows.shape.slice(1), target.shape.slice(1)),
    `assignRows: ${target.name} is ${target.dtype} ${describe(target.shape)}, the rows ${rows.dtype} ${describe(rows.shape)}`,
  )
  return applyEffect(ResourceScatterUpdate, [target.handle, indices, rows], {}, placement)
}

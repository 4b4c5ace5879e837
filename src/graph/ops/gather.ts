import { attr } from '../attr.js'
import type { Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, defineOp } from '../op.js'
import { isStatic } from '../shape.js'
import { scalar } from './constant.js'

type SegmentInputs = readonly [values: Tensor, segments: Tensor, count: Tensor]

export const UnsortedSegmentSum = defineOp<SegmentInputs, { count: number }>({
  type: 'UnsortedSegmentSum',
  output: 'output',
  shape: ([values, segments], { count }) => [count, ...values.shape.slice(segments.shape.length)],
  attrs: ([values, segments]) => ({
    T: attr.type(values.dtype),
    Tindices: attr.type(segments.dtype),
    Tnumsegments: attr.type('int32'),
  }),
  gradient: null,
})

export const GatherV2 = defineOp<readonly [params: Tensor, indices: Tensor, axis: Tensor]>({
  type: 'GatherV2',
  output: 'output',
  shape: ([params, indices]) => [...indices.shape, ...params.shape.slice(1)],
  attrs: ([params, indices]) => ({
    Tparams: attr.type(params.dtype),
    Tindices: attr.type(indices.dtype),
    Taxis: attr.type('int32'),
    batch_dims: attr.int(0),
  }),
  gradient(dy, { inputs: [params, indices] }) {
    const count = params.shape[0]!
    check(isStatic([count]), 'gather: its gradient needs the number of rows to be known')
    const rows = scalar(dy.node.graph, count, 'int32')
    return [apply(UnsortedSegmentSum, [dy, indices, rows], { count }), null, null]
  },
})

/** Rows of params [rows, ...] at indices of any shape, which replaces the first dimension. */
export function gather(params: Tensor, indices: Tensor): Tensor {
  check(params.shape.length > 0, 'gather: a scalar has no rows')
  return apply(GatherV2, [params, indices, scalar(params.node.graph, 0, 'int32')], {})
}

import type { Node, Tensor } from '../graph/graph.js'
import { fill } from '../graph/ops/constant.js'
import { add, addN, div, l2Loss, maximum, minimum, mul, sqrt } from '../graph/ops/math.js'
import { assign, assignAdd, type Variable, variable } from '../graph/ops/state.js'
import type { ClipGradients } from '../spec/training-options.js'

/** As tf.clip_by_value, then tf.clip_by_global_norm. */
export function clip(gradients: readonly Tensor[], { value, norm }: ClipGradients): Tensor[] {
  const cut = gradients.map(gradient =>
    value === undefined ? gradient : maximum(minimum(gradient, value), -value),
  )
  if (norm === undefined) return cut
  const length = sqrt(mul(addN(cut.map(l2Loss)), 2))
  const scale = div(norm, maximum(length, norm))
  return cut.map(gradient => mul(gradient, scale))
}

/** The mean gradient of several batches. */
export interface Accumulation {
  /** Effects that empty the sums. */
  initialize: Node[]
  /** Effects of a batch that does not end a step. */
  collect: Node[]
  /** With the batch that ends a step. */
  mean: Tensor[]
  /** Effects that empty the sums behind others. */
  empty(after: readonly Node[]): Node[]
}

/** A checkpoint lies between steps, where the sums are empty: they are no part of it. */
export function accumulate(
  targets: readonly Variable[],
  gradients: readonly Tensor[],
  batches: number,
): Accumulation {
  if (batches === 1) {
    return { initialize: [], collect: [], mean: [...gradients], empty: () => [] }
  }
  const parts = targets.map(({ name, shape }, i) => {
    const gradient = gradients[i]!
    const sum = variable(gradient.node.graph, `${name}/gradient_sum`, shape)
    return { sum, share: mul(gradient, 1 / batches) }
  })
  const empty = (after: readonly Node[] = []) =>
    parts.map(({ sum }) => assign(sum, fill(sum.handle.node.graph, sum.shape, 0), { after }))
  return {
    initialize: empty(),
    collect: parts.map(({ sum, share }) => assignAdd(sum, share)),
    mean: parts.map(({ sum, share }) => add(sum.value, share)),
    empty,
  }
}

import type { Node, Tensor } from '../graph/graph.js'
import { fill } from '../graph/ops/constant.js'
import { add, addN, div, l2Loss, maximum, minimum, mul, sqrt } from '../graph/ops/math.js'
import { assign, assignAdd, type Variable, variable } from '../graph/ops/state.js'
import type { ClipGradients } from '../spec/training-options.js'

/** As tf.clip_by_value, then tf.clip_by_global_norm. */
export function clipGradients(
  gradients: readonly Tensor[],
  { value, norm }: ClipGradients,
): Tensor[] {
  const clipped = gradients.map(gradient =>
    value === undefined ? gradient : maximum(minimum(gradient, value), -value),
  )
  if (norm === undefined) return clipped
  const globalNorm = sqrt(mul(addN(clipped.map(l2Loss)), 2))
  const scale = div(norm, maximum(globalNorm, norm))
  return clipped.map(gradient => mul(gradient, scale))
}

/** The mean gradient of several batches. */
export interface GradientAccumulator {
  /** Effects that empty the sums. */
  initialize: Node[]
  /** Effects of a batch that does not end a step. */
  accumulate: Node[]
  /** With the batch that ends a step. */
  mean: Tensor[]
  /** Effects that empty the sums behind others. */
  reset(controlInputs: readonly Node[]): Node[]
}

/** A checkpoint lies between steps, where the sums are empty: they are no part of it. */
export function accumulateGradients(
  targets: readonly Variable[],
  gradients: readonly Tensor[],
  batches: number,
): GradientAccumulator {
  if (batches === 1) {
    return { initialize: [], accumulate: [], mean: [...gradients], reset: () => [] }
  }
  const accumulators = targets.map(({ name, shape }, i) => {
    const gradient = gradients[i]!
    const sum = variable(gradient.node.graph, `${name}/gradient_sum`, shape)
    return { sum, scaledGradient: mul(gradient, 1 / batches) }
  })
  const reset = (controlInputs: readonly Node[] = []) =>
    accumulators.map(({ sum }) =>
      assign(sum, fill(sum.handle.node.graph, sum.shape, 0), { controlInputs }),
    )
  return {
    initialize: reset(),
    accumulate: accumulators.map(({ sum, scaledGradient }) => assignAdd(sum, scaledGradient)),
    mean: accumulators.map(({ sum, scaledGradient }) => add(sum.value, scaledGradient)),
    reset,
  }
}

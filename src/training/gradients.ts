import type { Node, Tensor } from '../graph/graph.js'
import { freshZeros } from '../graph/ops/constant.js'
import { add, addN, div, l2Loss, maximum, minimum, mul, sqrt } from '../graph/ops/math.js'
import { assign, assignAdd, type Variable, variable } from '../graph/ops/state.js'
import type { ClipGradients } from '../spec/training-options.js'

/**
 * Gradient clipping (Pascanu et al. 2012, arXiv:1211.5063): as tf.clip_by_value, then as
 * tf.clip_by_global_norm.
 */
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

/** Gradient accumulation: a step uses the mean gradient of several batches. */
export interface GradientAccumulator {
  /** Effects that set the sums to zero. */
  initialize: Node[]
  /** Effects of a batch that does not end a step: they add its gradients to the sums. */
  accumulate: Node[]
  /** The mean gradients, including those of the batch that ends the step. */
  mean: Tensor[]
  /** Effects that set the sums to zero after `controlInputs`. */
  reset(controlInputs: readonly Node[]): Node[]
}

/** Checkpoints do not contain the sums: they are zero between steps. */
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
      assign(sum, freshZeros(sum.handle.node.graph, sum.shape), { controlInputs }),
    )
  return {
    initialize: reset(),
    accumulate: accumulators.map(({ sum, scaledGradient }) => assignAdd(sum, scaledGradient)),
    mean: accumulators.map(({ sum, scaledGradient }) => add(sum.value, scaledGradient)),
    reset,
  }
}

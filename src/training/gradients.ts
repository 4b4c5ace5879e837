import type { Node, Tensor } from '../graph/graph.js'
import { freshZeros } from '../graph/ops/constant.js'
import { add, addN, div, l2Loss, maximum, minimum, mul, sqrt } from '../graph/ops/math.js'
import { assign, assignAdd, type Variable, variable } from '../graph/ops/state.js'
import type { ClipGradients } from '../spec/training-options.js'
import type { StepRuns } from './step-runs.js'
import { addInOrder } from './sum-order.js'

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

/** A step uses the mean gradient of several batches or micro-batches. */
export interface GradientAccumulator {
  /** Effects that set the sums to zero. */
  initialize: Node[]
  /** Of each kind of run that does not end a step: effects that add its gradients to the sums. */
  accumulate: Node[][]
  /** The mean gradients, including those of the run that ends the step. */
  mean: Tensor[]
  /** Effects that set the sums to zero after `controlInputs`. */
  reset(controlInputs: readonly Node[]): Node[]
}

/** What the sum of a variable's gradients is called that waits for others. It is no part of a checkpoint. */
export const sumName = (name: string, { startFromZero }: StepRuns, sum: number): string =>
  `${name}/gradient_sum${startFromZero ? '' : `_${sum}`}`

/** Adds up the gradients of micro-batches, those of a run at once, in the order of `addInOrder`. */
export function addGradients(
  targets: readonly Variable[],
  gradientsAtOnce: readonly (readonly Tensor[])[],
  runs: StepRuns,
): GradientAccumulator {
  const totals = targets.map(({ name, shape, handle }, i) => {
    const ofRun = addInOrder(
      gradientsAtOnce.map(gradients => gradients[i]!),
      add,
    )
    const sums = Array.from({ length: runs.sums }, (_, sum) =>
      variable(handle.node.graph, sumName(name, runs, sum), shape),
    )
    const after = (adds: readonly number[]) =>
      adds.reduce((later, sum) => add(sums[sum]!.value, later), ofRun)
    return { sums, after }
  })
  return {
    initialize: [],
    accumulate: runs.accumulating.map(({ adds, keeps }) =>
      totals.map(({ sums, after }) => assign(sums[keeps]!, after(adds))),
    ),
    mean: totals.map(({ after }) => after(runs.lastAdds)),
    reset: () => [],
  }
}

/** Checkpoints do not contain the sums: they are zero between steps. */
export function accumulateGradients(
  targets: readonly Variable[],
  gradients: readonly Tensor[],
  runs: StepRuns,
): GradientAccumulator {
  const { batches } = runs
  if (batches === 1) {
    return { initialize: [], accumulate: [], mean: [...gradients], reset: () => [] }
  }
  const accumulators = targets.map(({ name, shape }, i) => {
    const gradient = gradients[i]!
    const sum = variable(gradient.node.graph, sumName(name, runs, 0), shape)
    return { sum, scaledGradient: mul(gradient, 1 / batches) }
  })
  const reset = (controlInputs: readonly Node[] = []) =>
    accumulators.map(({ sum }) =>
      assign(sum, freshZeros(sum.handle.node.graph, sum.shape), { controlInputs }),
    )
  return {
    initialize: reset(),
    accumulate: [accumulators.map(({ sum, scaledGradient }) => assignAdd(sum, scaledGradient))],
    mean: accumulators.map(({ sum, scaledGradient }) => add(sum.value, scaledGradient)),
    reset,
  }
}

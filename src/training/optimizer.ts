import type { Node, Tensor } from '../graph/graph.js'
import { fill, scalar } from '../graph/ops/constant.js'
import { mul } from '../graph/ops/math.js'
import { applyAdam } from '../graph/ops/optimize.js'
import { assign, type Variable, variable } from '../graph/ops/state.js'
import type { OptimizerOptions } from '../spec/training-options.js'

export interface Optimizer {
  /** What it remembers from step to step; part of a checkpoint. */
  slots: Variable[]
  /** Effects that give the slots their first values. */
  initialize: Node[]
  /** Effects of one step; each reads its gradient, so all of them follow the backward pass. */
  apply: Node[]
}

/** Slots are named as TensorFlow's AdamOptimizer names them: `beta1_power`, `<variable>/Adam`, `<variable>/Adam_1`. */
export function adam(
  targets: readonly Variable[],
  gradients: readonly Tensor[],
  learningRate: Tensor,
  { beta1, beta2, epsilon }: OptimizerOptions,
): Optimizer {
  const { graph } = learningRate.node
  // the powers of the coming step: beta at first, times beta after each step
  const powers = [
    { beta: beta1, power: variable(graph, 'beta1_power', []) },
    { beta: beta2, power: variable(graph, 'beta2_power', []) },
  ] as const
  const apply: Node[] = []
  const initialize = powers.map(({ beta, power }) => assign(power, scalar(graph, beta)))
  const slots = powers.map(({ power }) => power)
  for (const [i, target] of targets.entries()) {
    const mean = variable(graph, `${target.name}/Adam`, target.shape)
    const square = variable(graph, `${target.name}/Adam_1`, target.shape)
    for (const slot of [mean, square]) {
      slots.push(slot)
      initialize.push(assign(slot, fill(graph, slot.shape, 0)))
    }
    const [beta1Power, beta2Power] = powers.map(({ power }) => power.value) as [Tensor, Tensor]
    const step = { mean, square, beta1Power, beta2Power, learningRate, beta1, beta2, epsilon }
    apply.push(applyAdam(target, gradients[i]!, step))
  }
  const next = powers.map(({ beta, power }) =>
    assign(power, mul(power.value, beta), { after: apply }),
  )
  return { slots, initialize, apply: [...apply, ...next] }
}

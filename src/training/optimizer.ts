import type { Graph, Node, Placement, Tensor } from '../graph/graph.js'
import { fill, scalar } from '../graph/ops/constant.js'
import { applyGradientDescent, applyMomentum, applyRmsProp } from '../graph/ops/descent.js'
import { add, mul } from '../graph/ops/math.js'
import { applyAdam } from '../graph/ops/optimize.js'
import { assign, assignSub, type Variable, variable } from '../graph/ops/state.js'
import type { OptimizerKind, OptimizerOf, OptimizerOptions } from '../spec/optimizer-options.js'

export interface Optimizer {
  /** What it remembers from step to step; part of a checkpoint. */
  slots: Variable[]
  /** Effects that give the slots their first values. */
  initialize: Node[]
  /** Effects of one step; each reads its gradient, so all of them follow the backward pass. */
  apply: Node[]
}

/** Slots are named as TensorFlow's v1 optimisers name them: `<variable>/Momentum`, `/Adam`, `/RMSProp`. */
export function createOptimizer(
  targets: readonly Variable[],
  gradients: readonly Tensor[],
  learningRate: Tensor,
  options: OptimizerOptions,
): Optimizer {
  const slots = new Slots(learningRate.node.graph)
  const { update, finish } = ruleOf(slots, learningRate, options)
  const updates = targets.map((target, i) => {
    const gradient = gradients[i]!
    const share = decays(target) ? options.weightDecay : 0
    if (share === 0) return update(target, gradient)
    if (options.kind !== 'adamw') return update(target, add(gradient, mul(target.value, share)))
    // Loshchilov & Hutter 2017: beside the gradient, so that Adam does not scale it
    const lost = mul(target.value, mul(learningRate, share))
    return update(target, gradient, { after: [assignSub(target, lost, { after: [gradient] })] })
  })
  return {
    slots: slots.all,
    initialize: slots.initialize,
    apply: [...updates, ...(finish?.(updates) ?? [])],
  }
}

/** Weights do; batch norm's gamma and beta and biases, which are vectors, do not. */
const decays = ({ shape }: Variable) => shape.length > 1

interface Rule {
  update(target: Variable, gradient: Tensor, placement?: Placement): Node
  /** What changes once a step, behind the updates. */
  finish?(updates: readonly Node[]): Node[]
}

type MakeRule<K extends OptimizerKind> = (
  slots: Slots,
  learningRate: Tensor,
  options: OptimizerOf<K>,
) => Rule

const adam: MakeRule<'adam' | 'adamw'> = (slots, learningRate, { beta1, beta2, epsilon }) => {
  // the powers of the coming step: beta at first, times beta after each step
  const beta1Power = slots.make('beta1_power', [], beta1)
  const beta2Power = slots.make('beta2_power', [], beta2)
  return {
    update(target, gradient, placement) {
      const step = {
        mean: slots.beside(target, 'Adam'),
        square: slots.beside(target, 'Adam_1'),
        beta1Power: beta1Power.value,
        beta2Power: beta2Power.value,
        ...{ learningRate, beta1, beta2, epsilon },
      }
      return applyAdam(target, gradient, step, placement)
    },
    finish: after => [
      assign(beta1Power, mul(beta1Power.value, beta1), { after }),
      assign(beta2Power, mul(beta2Power.value, beta2), { after }),
    ],
  }
}

const rules: { [K in OptimizerKind]: MakeRule<K> } = {
  sgd: (slots, learningRate, { momentum, nesterov }) => ({
    update(target, gradient, placement) {
      if (momentum === 0) return applyGradientDescent(target, gradient, learningRate, placement)
      const sum = slots.beside(target, 'Momentum')
      return applyMomentum(target, gradient, { sum, learningRate, momentum, nesterov }, placement)
    },
  }),
  adam,
  adamw: adam,
  rmsprop: (slots, learningRate, { decay, momentum, epsilon }) => ({
    update(target, gradient, placement) {
      const square = slots.beside(target, 'RMSProp')
      const sum = slots.beside(target, 'RMSProp_1')
      const step = { square, sum, learningRate, decay, momentum, epsilon }
      return applyRmsProp(target, gradient, step, placement)
    },
  }),
}

// the table's keys and the options' kinds are one; TypeScript does not follow that
const ruleOf = (slots: Slots, learningRate: Tensor, options: OptimizerOptions): Rule =>
  (rules[options.kind] as MakeRule<OptimizerKind>)(slots, learningRate, options as never)

class Slots {
  readonly all: Variable[] = []
  readonly initialize: Node[] = []

  constructor(private readonly graph: Graph) {}

  make(name: string, shape: readonly number[], first: number): Variable {
    const slot = variable(this.graph, name, shape)
    this.all.push(slot)
    const value = shape.length > 0 ? fill(this.graph, shape, first) : scalar(this.graph, first)
    this.initialize.push(assign(slot, value))
    return slot
  }

  beside(target: Variable, suffix: string): Variable {
    return this.make(`${target.name}/${suffix}`, target.shape, 0)
  }
}

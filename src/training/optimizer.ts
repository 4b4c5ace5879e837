import type { Graph, Node, NodeOptions, Tensor } from '../graph/graph.js'
import { freshZeros, scalar } from '../graph/ops/constant.js'
import { add, mul } from '../graph/ops/math.js'
import {
  applyAdam,
  applyGradientDescent,
  applyMomentum,
  applyRmsProp,
} from '../graph/ops/optimizers.js'
import { assign, assignSub, type Variable, variable } from '../graph/ops/state.js'
import type { OptimizerKind, OptimizerOf, OptimizerOptions } from '../spec/optimizer-options.js'

export interface Optimizer {
  /** State that is kept from step to step, such as moments. Part of a checkpoint. */
  slots: Variable[]
  /** Effects that assign the slots' initial values. */
  initialize: Node[]
  /** Effects of one step. Each reads its gradient, so they run after the backward pass. */
  apply: Node[]
}

/** Slots are named as in TensorFlow's v1 optimizers: `<variable>/Momentum`, `/Adam`, `/RMSProp`. */
export function createOptimizer(
  targets: readonly Variable[],
  gradients: readonly Tensor[],
  learningRate: Tensor,
  options: OptimizerOptions,
): Optimizer {
  const slots = new Slots(learningRate.node.graph)
  const { update, finish } = createRule(slots, learningRate, options)
  const updates = targets.map((target, i) => {
    const gradient = gradients[i]!
    const weightDecay = isDecayed(target) ? options.weightDecay : 0
    if (weightDecay === 0) return update(target, gradient)
    if (options.kind !== 'adamw')
      return update(target, add(gradient, mul(target.value, weightDecay)))
    // decoupled weight decay (Loshchilov & Hutter 2017, arXiv:1711.05101): Adam does not scale it
    const decay = mul(target.value, mul(learningRate, weightDecay))
    return update(target, gradient, {
      controlInputs: [assignSub(target, decay, { controlInputs: [gradient] })],
    })
  })
  return {
    slots: slots.all,
    initialize: slots.initialize,
    apply: [...updates, ...(finish?.(updates) ?? [])],
  }
}

/** Weights decay. Biases and batch norm's gamma and beta, which are vectors, do not. */
export const isDecayed = ({ shape }: Variable) => shape.length > 1

interface UpdateRule {
  update(target: Variable, gradient: Tensor, options?: NodeOptions): Node
  /** Effects that run once per step, after the updates. */
  finish?(updates: readonly Node[]): Node[]
}

type RuleFactory<K extends OptimizerKind> = (
  slots: Slots,
  learningRate: Tensor,
  options: OptimizerOf<K>,
) => UpdateRule

const adam: RuleFactory<'adam' | 'adamw'> = (slots, learningRate, { beta1, beta2, epsilon }) => {
  const { betaPowers, finish } = slots.createBetaPowers(beta1, beta2)
  const [beta1Power, beta2Power] = betaPowers
  return {
    update(target, gradient, nodeOptions) {
      const params = {
        firstMoment: slots.createFor(target, 'Adam'),
        secondMoment: slots.createFor(target, 'Adam_1'),
        beta1Power,
        beta2Power,
        learningRate,
        beta1,
        beta2,
        epsilon,
      }
      return applyAdam(target, gradient, params, nodeOptions)
    },
    finish,
  }
}

const ruleFactories: { [K in OptimizerKind]: RuleFactory<K> } = {
  sgd: (slots, learningRate, { momentum, nesterov }) => ({
    update(target, gradient, nodeOptions) {
      if (momentum === 0) return applyGradientDescent(target, gradient, learningRate, nodeOptions)
      const accumulator = slots.createFor(target, 'Momentum')
      return applyMomentum(
        target,
        gradient,
        { accumulator, learningRate, momentum, nesterov },
        nodeOptions,
      )
    },
  }),
  adam,
  adamw: adam,
  rmsprop: (slots, learningRate, { decay, momentum, epsilon }) => ({
    update(target, gradient, nodeOptions) {
      const meanSquare = slots.createFor(target, 'RMSProp')
      const accumulator = slots.createFor(target, 'RMSProp_1')
      const params = { meanSquare, accumulator, learningRate, decay, momentum, epsilon }
      return applyRmsProp(target, gradient, params, nodeOptions)
    },
  }),
}

// TypeScript does not see that the table's keys and the options' kinds correspond
const createRule = (slots: Slots, learningRate: Tensor, options: OptimizerOptions): UpdateRule =>
  (ruleFactories[options.kind] as RuleFactory<OptimizerKind>)(slots, learningRate, options as never)

/** Creates slots, and the effects that assign their initial values. */
export class Slots {
  readonly all: Variable[] = []
  readonly initialize: Node[] = []

  constructor(private readonly graph: Graph) {}

  private create(name: string, initialValue: Tensor): Variable {
    const slot = variable(this.graph, name, initialValue.shape)
    this.all.push(slot)
    this.initialize.push(assign(slot, initialValue))
    return slot
  }

  /** Adam's powers of beta, which `finish` updates: beta to the power of the next step's number, counted from 1. */
  createBetaPowers(beta1: number, beta2: number) {
    const first = this.create('beta1_power', scalar(this.graph, beta1))
    const second = this.create('beta2_power', scalar(this.graph, beta2))
    return {
      betaPowers: [first.value, second.value] as const,
      finish: (controlInputs: readonly Node[]) => [
        assign(first, mul(first.value, beta1), { controlInputs }),
        assign(second, mul(second.value, beta2), { controlInputs }),
      ],
    }
  }

  createFor(target: Variable, suffix: string): Variable {
    return this.create(`${target.name}/${suffix}`, freshZeros(this.graph, target.shape))
  }
}

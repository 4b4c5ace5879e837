// Optimizer steps in one pass over memory, by ops of our own (native/optimizer.cc, native/gradients.cc), so only for
// graphs that never leave this server. They compute the bytes of the stock ops in optimizers.ts.
import { type Attrs, attr } from '../attr.js'
import type { Node, NodeOptions, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { apply, applyEffect, defineEffect, defineOp } from '../op.js'
import { formatShape, sameShape } from '../shape.js'
import { scalar } from './constant.js'
import { assign, type Variable } from './state.js'

export const TrainyardOwn = defineOp<readonly [value: Tensor]>({
  type: 'TrainyardOwn',
  output: 'owned',
  shape: ([value]) => value.shape,
  gradient: null,
})

/**
 * Assigns a copy of a value, in memory that no other tensor shares. The ops below change variables in place, so each
 * signature that gives them values must end with this.
 */
export const assignOwned = (target: Variable, value: Tensor): Node =>
  assign(target, apply(TrainyardOwn, [value], {}))

/** What a step makes of the gradients of its weights before it uses them. */
export interface GradientOptions {
  /** The variables that `gradients` are of, in order. */
  weights: readonly Variable[]
  /** float32 or bfloat16. Of several batches at once: first those of the first batch. */
  gradients: readonly Tensor[]
  /** How many batches `gradients` are of; they are added up as `addInOrder` does. Default: 1. */
  atOnce?: number | undefined
  /** Of each weight: its value, times this, is added to its gradient. */
  l2: readonly number[]
  /** How many batches a step takes the mean gradient of. */
  batches: number
  /** Sums over earlier batches, to add in this order: first one for each weight, then others. None if there are none. */
  sums: readonly Variable[]
  /** Elements are clipped to this size. */
  largest?: number | undefined
}

function gradientInputs(opName: string, options: GradientOptions): Tensor[] {
  const { weights, gradients, atOnce = 1 } = options
  for (let i = 0; i < atOnce * weights.length; i++) {
    const { name, shape } = weights[i % weights.length]!
    const gradient = gradients[i]
    check(
      gradient !== undefined && sameShape(gradient.shape, shape),
      `${opName}: ${name} is ${formatShape(shape)}, its gradient ${gradient ? formatShape(gradient.shape) : 'is missing'}`,
    )
  }
  return [...weights.map(({ value }) => value), ...gradients]
}

const gradientAttrs = (options: GradientOptions): Attrs => {
  const { weights, gradients, atOnce = 1, l2, batches, largest } = options
  return {
    N: attr.int(weights.length),
    types: attr.types(gradients.map(({ dtype }) => dtype)),
    batches: attr.int(atOnce),
    l2: attr.floats(l2),
    share: attr.float(1 / batches),
    largest: attr.float(largest ?? 0),
  }
}

const values = (variables: readonly Variable[]) => variables.map(({ value }) => value)

export const TrainyardAccumulate = defineEffect<readonly Tensor[], GradientOptions>({
  type: 'TrainyardAccumulate',
  attrs: (_, options) => ({
    ...gradientAttrs({ ...options, largest: undefined }),
    S: attr.int(options.sums.length),
  }),
})

/** Adds gradients, divided by `batches`, to `sums`, and keeps the result in `totals`, which may be the sums. */
export const accumulateInPlace = (
  options: GradientOptions,
  totals: readonly Variable[] = options.sums,
): Node =>
  applyEffect(
    TrainyardAccumulate,
    [...gradientInputs('accumulateInPlace', options), ...values(options.sums), ...values(totals)],
    options,
  )

export const TrainyardSquares = defineOp<readonly Tensor[], GradientOptions>({
  type: 'TrainyardSquares',
  output: 'squares',
  shape: () => [],
  dtype: () => 'float32',
  attrs: (_, options) => ({ ...gradientAttrs(options), S: attr.int(options.sums.length) }),
  gradient: null,
})

/** The sum of squares of all gradients; the same for any number of threads. */
export const sumOfSquares = (options: GradientOptions): Tensor =>
  apply(
    TrainyardSquares,
    [...gradientInputs('sumOfSquares', options), ...values(options.sums)],
    options,
  )

/** How an optimizer changes weights by gradients; see optimizers.ts for what the rules compute. */
export type UpdateRule =
  | { rule: 'sgd' }
  | { rule: 'momentum' | 'nesterov'; momentum: number }
  | { rule: 'adam'; beta1: number; beta2: number; epsilon: number }
  | { rule: 'rmsprop'; decay: number; momentum: number; epsilon: number }

export interface UpdateOptions extends GradientOptions {
  rule: UpdateRule
  /** The state of the rule for each weight: first that of all weights that optimizers.ts names first. */
  slots: readonly Variable[]
  /** Of each weight: its value, times this, is added to its gradient; `decoupled`: times the rate, taken off it. */
  weightDecay: readonly number[]
  decoupled: boolean
  /** Whether `sums`, of which there is one for each weight, are set to zero. */
  resets?: boolean | undefined
  /** The moving averages of the weights; none if there are none. */
  averages: readonly Variable[]
  /** bfloat16 copies that some weights have, by the weight's index. */
  copies: readonly (readonly [weight: number, copy: Variable])[]
  learningRate: Tensor
  /** Gradients are multiplied by it. Default: 1. */
  gradientScale?: Tensor | undefined
  /** How much of the way to the weight its average goes. */
  averageRate?: Tensor | undefined
  /** beta1 and beta2 of Adam to the power of this step's number, counted from 1. */
  betaPowers?: readonly [Tensor, Tensor] | undefined
}

export const TrainyardUpdate = defineEffect<readonly Tensor[], UpdateOptions>({
  type: 'TrainyardUpdate',
  attrs(_, options) {
    const { slots, sums, resets = true, averages, copies, weightDecay, decoupled } = options
    const { rule, ...numbers } = options.rule
    return {
      ...gradientAttrs(options),
      S: attr.int(slots.length),
      A: attr.int(sums.length),
      E: attr.int(averages.length),
      C: attr.int(copies.length),
      rule: attr.string(rule),
      ...Object.fromEntries(
        Object.entries(numbers).map(([name, value]) => [name, attr.float(value)]),
      ),
      weight_decay: attr.floats(weightDecay),
      decoupled: attr.bool(decoupled),
      resets: attr.bool(resets),
      copied: attr.ints(copies.map(([weight]) => weight)),
    }
  },
})

/**
 * One step of an optimizer: changes weights, slots and averages, sets sums to zero unless told not to, and writes the
 * copies. All are changed in place, so `controlInputs` must have every other reader of these variables that the run needs.
 */
export function updateInPlace(options: UpdateOptions, nodeOptions: NodeOptions): Node {
  const { learningRate, gradientScale, averageRate, betaPowers } = options
  const one = scalar(learningRate.node.graph, 1)
  const [beta1Power = one, beta2Power = one] = betaPowers ?? []
  return applyEffect(
    TrainyardUpdate,
    [
      ...gradientInputs('updateInPlace', options),
      ...values(options.slots),
      ...values(options.sums),
      ...values(options.averages),
      ...options.copies.map(([, { value }]) => value),
      ...[learningRate, gradientScale ?? one, averageRate ?? one, beta1Power, beta2Power],
    ],
    options,
    nodeOptions,
  )
}

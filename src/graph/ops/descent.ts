import { attr } from '../attr.js'
import type { Node, Placement, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyEffect, defineEffect } from '../op.js'
import { describe, type Shape, sameShape } from '../shape.js'
import { type Operand, pair } from './math.js'
import type { Variable } from './state.js'

const descent = (type: string) => defineEffect<readonly Tensor[]>({ type, attrs: typeOfLast })

export const ResourceApplyGradientDescent = descent('ResourceApplyGradientDescent')
export const ResourceApplyRMSProp = descent('ResourceApplyRMSProp')
export const ResourceApplyMomentum = defineEffect<readonly Tensor[], { nesterov: boolean }>({
  type: 'ResourceApplyMomentum',
  attrs: (inputs, { nesterov }) => ({
    ...typeOfLast(inputs),
    use_nesterov: attr.bool(nesterov),
  }),
})

/** The first inputs are handles, which have no type of their own. */
function typeOfLast(inputs: readonly Tensor[]) {
  return { T: attr.type(inputs.at(-1)!.dtype) }
}

/** variable -= rate * gradient. */
export function applyGradientDescent(
  target: Variable,
  gradient: Tensor,
  learningRate: Operand,
  placement?: Placement,
): Node {
  fit('applyGradientDescent', target, gradient)
  const rate = operand(learningRate, gradient)
  return applyEffect(ResourceApplyGradientDescent, [target.handle, rate, gradient], {}, placement)
}

export interface MomentumStep {
  /** The running sum of gradients, shaped like the variable. */
  sum: Variable
  learningRate: Operand
  momentum: Operand
  nesterov: boolean
}

/** sum = momentum * sum + gradient; variable -= rate * sum, or by Nesterov's look ahead. */
export function applyMomentum(
  target: Variable,
  gradient: Tensor,
  { sum, learningRate, momentum, nesterov }: MomentumStep,
  placement?: Placement,
): Node {
  fit('applyMomentum', target, gradient, sum)
  const rate = operand(learningRate, gradient)
  const factor = operand(momentum, gradient)
  return applyEffect(
    ResourceApplyMomentum,
    [target.handle, sum.handle, rate, gradient, factor],
    { nesterov },
    placement,
  )
}

export interface RmsPropStep {
  /** The running mean of squared gradients, and the running sum of updates. */
  square: Variable
  sum: Variable
  learningRate: Operand
  /** How much of the mean a step keeps. */
  decay: Operand
  momentum: Operand
  epsilon: Operand
}

/** Tieleman & Hinton 2012; epsilon lies under the root. */
export function applyRmsProp(
  target: Variable,
  gradient: Tensor,
  step: RmsPropStep,
  placement?: Placement,
): Node {
  fit('applyRmsProp', target, gradient, step.square, step.sum)
  const rates = [step.learningRate, step.decay, step.momentum, step.epsilon]
  return applyEffect(
    ResourceApplyRMSProp,
    [
      ...[target, step.square, step.sum].map(({ handle }) => handle),
      ...rates.map(rate => operand(rate, gradient)),
      gradient,
    ],
    {},
    placement,
  )
}

const operand = (value: Operand, model: Tensor): Tensor => pair('descent', value, model)[0]

function fit(what: string, target: Variable, gradient: Tensor, ...slots: Variable[]): void {
  const parts: { name: string; shape: Shape }[] = [
    ...slots,
    { name: 'gradient', shape: gradient.shape },
  ]
  for (const { name, shape } of parts) {
    check(
      sameShape(shape, target.shape),
      `${what}: ${target.name} is ${describe(target.shape)}, ${name} ${describe(shape)}`,
    )
  }
}

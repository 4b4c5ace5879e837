import { attr } from '../attr.js'
import type { Node, Placement, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyEffect, defineEffect } from '../op.js'
import { describe, sameShape } from '../shape.js'
import { type Operand, pair } from './math.js'
import type { Variable } from './state.js'

export const ResourceApplyAdam = defineEffect<readonly Tensor[], { nesterov: boolean }>({
  type: 'ResourceApplyAdam',
  attrs: (inputs, { nesterov }) => ({
    T: attr.type(inputs.at(-1)!.dtype),
    use_nesterov: attr.bool(nesterov),
  }),
})

export interface AdamStep {
  /** Running means of the gradient and of its square, shaped like the variable. */
  mean: Variable
  square: Variable
  /** beta1 and beta2 to the power of the number of this step, counted from 1. */
  beta1Power: Tensor
  beta2Power: Tensor
  learningRate: Operand
  beta1: Operand
  beta2: Operand
  epsilon: Operand
}

/** Kingma & Ba 2014, as one kernel: changes the variable and both means in place. */
export function applyAdam(
  target: Variable,
  gradient: Tensor,
  step: AdamStep,
  placement?: Placement,
): Node {
  for (const { name, shape } of [
    step.mean,
    step.square,
    { name: 'gradient', shape: gradient.shape },
  ]) {
    check(
      sameShape(shape, target.shape),
      `applyAdam: ${target.name} is ${describe(target.shape)}, ${name} ${describe(shape)}`,
    )
  }
  const rates = [step.learningRate, step.beta1, step.beta2, step.epsilon]
  return applyEffect(
    ResourceApplyAdam,
    [
      target.handle,
      step.mean.handle,
      step.square.handle,
      step.beta1Power,
      step.beta2Power,
      ...rates.map(rate => pair('applyAdam', rate, step.beta1Power)[0]),
      gradient,
    ],
    { nesterov: false },
    placement,
  )
}

import { attr } from '../attr.js'
import type { Node, NodeOptions, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyEffect, defineEffect } from '../op.js'
import { formatShape, sameShape } from '../shape.js'
import { type Operand, operandTensors } from './math.js'
import type { Variable } from './state.js'

export const ResourceApplyAdam = defineEffect<readonly Tensor[], { nesterov: boolean }>({
  type: 'ResourceApplyAdam',
  attrs: (inputs, { nesterov }) => ({
    T: attr.type(inputs.at(-1)!.dtype),
    use_nesterov: attr.bool(nesterov),
  }),
})

export interface AdamParams {
  /** Running means of the gradient and of its square, shaped like the variable. */
  firstMoment: Variable
  secondMoment: Variable
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
  params: AdamParams,
  options?: NodeOptions,
): Node {
  for (const { name, shape } of [
    params.firstMoment,
    params.secondMoment,
    { name: 'gradient', shape: gradient.shape },
  ]) {
    check(
      sameShape(shape, target.shape),
      `applyAdam: ${target.name} is ${formatShape(target.shape)}, ${name} ${formatShape(shape)}`,
    )
  }
  const rates = [params.learningRate, params.beta1, params.beta2, params.epsilon]
  return applyEffect(
    ResourceApplyAdam,
    [
      target.handle,
      params.firstMoment.handle,
      params.secondMoment.handle,
      params.beta1Power,
      params.beta2Power,
      ...rates.map(rate => operandTensors('applyAdam', rate, params.beta1Power)[0]),
      gradient,
    ],
    { nesterov: false },
    options,
  )
}

import { attr } from '../attr.js'
import type { Node, NodeOptions, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyEffect, defineEffect } from '../op.js'
import { formatShape, type Shape, sameShape } from '../shape.js'
import { type Operand, operandTensors } from './math.js'
import type { Variable } from './state.js'

const optimizerOp = (type: string) => defineEffect<readonly Tensor[]>({ type, attrs: dtypeOfLast })

export const ResourceApplyGradientDescent = optimizerOp('ResourceApplyGradientDescent')
export const ResourceApplyRMSProp = optimizerOp('ResourceApplyRMSProp')
export const ResourceApplyMomentum = defineEffect<readonly Tensor[], { nesterov: boolean }>({
  type: 'ResourceApplyMomentum',
  attrs: (inputs, { nesterov }) => ({
    ...dtypeOfLast(inputs),
    use_nesterov: attr.bool(nesterov),
  }),
})

/** The first inputs are handles, which have no type of their own. */
function dtypeOfLast(inputs: readonly Tensor[]) {
  return { T: attr.type(inputs.at(-1)!.dtype) }
}

/** variable -= rate * gradient. */
export function applyGradientDescent(
  target: Variable,
  gradient: Tensor,
  learningRate: Operand,
  options?: NodeOptions,
): Node {
  checkShapes('applyGradientDescent', target, gradient)
  const rate = toOperand(learningRate, gradient)
  return applyEffect(ResourceApplyGradientDescent, [target.handle, rate, gradient], {}, options)
}

export interface MomentumParams {
  /** The running sum of gradients, shaped like the variable. */
  accumulator: Variable
  learningRate: Operand
  momentum: Operand
  nesterov: boolean
}

/** sum = momentum * sum + gradient; variable -= rate * sum, or by Nesterov's look ahead. */
export function applyMomentum(
  target: Variable,
  gradient: Tensor,
  { accumulator, learningRate, momentum, nesterov }: MomentumParams,
  options?: NodeOptions,
): Node {
  checkShapes('applyMomentum', target, gradient, accumulator)
  const rate = toOperand(learningRate, gradient)
  const factor = toOperand(momentum, gradient)
  return applyEffect(
    ResourceApplyMomentum,
    [target.handle, accumulator.handle, rate, gradient, factor],
    { nesterov },
    options,
  )
}

export interface RmsPropParams {
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
  params: RmsPropParams,
  options?: NodeOptions,
): Node {
  checkShapes('applyRmsProp', target, gradient, params.square, params.sum)
  const rates = [params.learningRate, params.decay, params.momentum, params.epsilon]
  return applyEffect(
    ResourceApplyRMSProp,
    [
      ...[target, params.square, params.sum].map(({ handle }) => handle),
      ...rates.map(rate => toOperand(rate, gradient)),
      gradient,
    ],
    {},
    options,
  )
}

const toOperand = (value: Operand, reference: Tensor): Tensor =>
  operandTensors('descent', value, reference)[0]

function checkShapes(
  opName: string,
  target: Variable,
  gradient: Tensor,
  ...slots: Variable[]
): void {
  const parts: { name: string; shape: Shape }[] = [
    ...slots,
    { name: 'gradient', shape: gradient.shape },
  ]
  for (const { name, shape } of parts) {
    check(
      sameShape(shape, target.shape),
      `${opName}: ${target.name} is ${formatShape(target.shape)}, ${name} ${formatShape(shape)}`,
    )
  }
}

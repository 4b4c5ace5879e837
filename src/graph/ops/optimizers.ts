// TensorFlow's optimizer kernels: each updates a variable, and its slots, in place.
import { attr } from '../attr.js'
import type { Node, NodeOptions, Tensor } from '../graph.js'
import { check } from '../graph-error.js'
import { applyEffect, defineEffect } from '../op.js'
import { formatShape, sameShape } from '../shape.js'
import { type Operand, operandTensors } from './math.js'
import type { Variable } from './state.js'

/** The first inputs are handles, which have no element type, so `T` comes from the last input. */
const dtypeOfLast = (inputs: readonly Tensor[]) => ({ T: attr.type(inputs.at(-1)!.dtype) })

const optimizerOp = (type: string) => defineEffect<readonly Tensor[]>({ type, attrs: dtypeOfLast })

const nesterovOptimizerOp = (type: string) =>
  defineEffect<readonly Tensor[], { nesterov: boolean }>({
    type,
    attrs: (inputs, { nesterov }) => ({
      ...dtypeOfLast(inputs),
      use_nesterov: attr.bool(nesterov),
    }),
  })

export const ResourceApplyGradientDescent = optimizerOp('ResourceApplyGradientDescent')
export const ResourceApplyMomentum = nesterovOptimizerOp('ResourceApplyMomentum')
export const ResourceApplyRMSProp = optimizerOp('ResourceApplyRMSProp')
export const ResourceApplyAdam = nesterovOptimizerOp('ResourceApplyAdam')

/** Stochastic gradient descent: variable -= learningRate * gradient. */
export function applyGradientDescent(
  target: Variable,
  gradient: Tensor,
  learningRate: Operand,
  options?: NodeOptions,
): Node {
  checkShapes('applyGradientDescent', target, gradient)
  const [rate] = toTensors('applyGradientDescent', [learningRate], gradient)
  return applyEffect(ResourceApplyGradientDescent, [target.handle, rate!, gradient], {}, options)
}

export interface MomentumParams {
  /** The running sum of gradients, shaped like the variable. */
  accumulator: Variable
  learningRate: Operand
  momentum: Operand
  nesterov: boolean
}

/**
 * SGD with momentum: accumulator = momentum * accumulator + gradient, then
 * variable -= learningRate * accumulator. With `nesterov`, the step is
 * learningRate * (gradient + momentum * accumulator).
 */
export function applyMomentum(
  target: Variable,
  gradient: Tensor,
  { accumulator, learningRate, momentum, nesterov }: MomentumParams,
  options?: NodeOptions,
): Node {
  checkShapes('applyMomentum', target, gradient, accumulator)
  const [rate, factor] = toTensors('applyMomentum', [learningRate, momentum], gradient)
  return applyEffect(
    ResourceApplyMomentum,
    [target.handle, accumulator.handle, rate!, gradient, factor!],
    { nesterov },
    options,
  )
}

export interface RmsPropParams {
  /** The moving average of squared gradients, shaped like the variable. */
  meanSquare: Variable
  /** The running sum of scaled gradients, shaped like the variable. */
  accumulator: Variable
  learningRate: Operand
  /** The share of `meanSquare` that a step keeps. */
  decay: Operand
  momentum: Operand
  epsilon: Operand
}

/**
 * RMSProp (Tieleman & Hinton 2012, lecture 6.5 of "Neural Networks for Machine Learning"):
 * accumulator = momentum * accumulator + learningRate * gradient / sqrt(meanSquare + epsilon), then
 * variable -= accumulator.
 */
export function applyRmsProp(
  target: Variable,
  gradient: Tensor,
  { meanSquare, accumulator, learningRate, decay, momentum, epsilon }: RmsPropParams,
  options?: NodeOptions,
): Node {
  checkShapes('applyRmsProp', target, gradient, meanSquare, accumulator)
  const handles = [target, meanSquare, accumulator].map(({ handle }) => handle)
  const rates = toTensors('applyRmsProp', [learningRate, decay, momentum, epsilon], gradient)
  return applyEffect(ResourceApplyRMSProp, [...handles, ...rates, gradient], {}, options)
}

export interface AdamParams {
  /** Moving averages of the gradient and of its square, shaped like the variable. */
  firstMoment: Variable
  secondMoment: Variable
  /** beta1 and beta2 to the power of this step's number, counted from 1. */
  beta1Power: Tensor
  beta2Power: Tensor
  learningRate: Operand
  beta1: Operand
  beta2: Operand
  epsilon: Operand
}

/** Adam (Kingma & Ba 2014, arXiv:1412.6980). The caller updates the two powers of beta. */
export function applyAdam(
  target: Variable,
  gradient: Tensor,
  params: AdamParams,
  options?: NodeOptions,
): Node {
  const { firstMoment, secondMoment, learningRate, beta1, beta2, epsilon } = params
  checkShapes('applyAdam', target, gradient, firstMoment, secondMoment)
  const handles = [target, firstMoment, secondMoment].map(({ handle }) => handle)
  const powers = [params.beta1Power, params.beta2Power]
  const rates = toTensors('applyAdam', [learningRate, beta1, beta2, epsilon], gradient)
  return applyEffect(
    ResourceApplyAdam,
    [...handles, ...powers, ...rates, gradient],
    { nesterov: false },
    options,
  )
}

const toTensors = (opName: string, values: readonly Operand[], reference: Tensor): Tensor[] =>
  values.map(value => operandTensors(opName, value, reference)[0])

function checkShapes(
  opName: string,
  target: Variable,
  gradient: Tensor,
  ...slots: readonly Variable[]
): void {
  for (const { name, shape } of [...slots, { name: 'gradient', shape: gradient.shape }]) {
    check(
      sameShape(shape, target.shape),
      `${opName}: ${target.name} is ${formatShape(target.shape)}, ${name} ${formatShape(shape)}`,
    )
  }
}

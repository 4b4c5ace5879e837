import { type GradientsOptions, gradients } from '../graph/autodiff.js'
import type { Node, Tensor } from '../graph/graph.js'
import { addN, mul } from '../graph/ops/math.js'
import type { Variable } from '../graph/ops/state.js'
import type { WeightCopies } from '../nets/weight-copies.js'
import type { Precision, TrainingPlan } from '../spec/training-options.js'
import type { ExponentialMovingAverage } from './ema.js'
import { accumulateGradients, clipGradients } from './gradients.js'
import { createOptimizer } from './optimizer.js'

/** What a training step does with its loss. */
export interface WeightUpdate {
  /** State that is kept from step to step, such as moments. Part of a checkpoint. */
  slots: Variable[]
  /** Effects that assign their initial values to slots and sums. */
  initialize: Node[]
  /** Effects of a batch that does not end a step. */
  accumulate: Node[]
  /** Effects of the batch that ends a step. They change weights, slots and moving averages. */
  apply: Node[]
  /** Effects that must follow whatever else assigns weights, slots or averages: `assigned`. */
  settle(assigned: readonly Node[]): Node[]
}

export interface WeightUpdateOptions {
  /** The variables to train. */
  weights: readonly Variable[]
  /** The mean loss of the batch, without penalties. */
  loss: Tensor
  /** L2 penalties, to add to the loss. */
  penalties: readonly Tensor[]
  /** The factors of the penalties, by the variable's name. */
  l2: ReadonlyMap<string, number>
  /** What else the run computes of the weights. */
  metrics: readonly Tensor[]
  /** The copies that the loss is computed of, instead of their weights. */
  copies: WeightCopies
  learningRate: Tensor
  /** The number of steps before this one. */
  step: Tensor
  ema: ExponentialMovingAverage
  /** Whether the backward pass finds a node's outputs, or computes them again. */
  isKept?: ((node: Node) => boolean) | undefined
  plan: Pick<TrainingPlan, 'optimizer' | 'clipGradients' | 'accumulateSteps' | 'ema' | 'precision'>
}

/** Updates weights by TensorFlow's own ops, one or more for each weight and kind of change. */
export function stockUpdate(options: WeightUpdateOptions): WeightUpdate {
  const { weights, loss, penalties, learningRate, step, ema, isKept, plan } = options
  const values = weights.map(({ value }) => value)
  const accumulator = accumulateGradients(
    weights,
    computeGradients(addN([loss, ...penalties]), values, plan.precision, { isKept }),
    plan.accumulateSteps,
  )
  const clippedGradients = clipGradients(accumulator.mean, plan.clipGradients)
  const optimizer = createOptimizer(weights, clippedGradients, learningRate, plan.optimizer)
  return {
    slots: optimizer.slots,
    initialize: [...optimizer.initialize, ...accumulator.initialize],
    accumulate: accumulator.accumulate,
    apply: [
      ...optimizer.apply,
      ...ema.update(step, optimizer.apply),
      ...accumulator.reset(optimizer.apply),
    ],
    settle: () => [],
  }
}

/**
 * Loss scaling (Micikevicius et al. 2017, arXiv:1710.03740): keeps fp16 gradients above the
 * smallest number, 6e-8, and far below the largest, 65504.
 */
const lossScale = 1024

function computeGradients(
  loss: Tensor,
  values: readonly Tensor[],
  precision: Precision,
  options: GradientsOptions,
): Tensor[] {
  if (precision !== 'fp16') return gradients(loss, values, options)
  return gradients(mul(loss, lossScale), values, options).map(gradient =>
    mul(gradient, 1 / lossScale),
  )
}

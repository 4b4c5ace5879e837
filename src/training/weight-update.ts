import type { Node, Tensor } from '../graph/graph.js'
import { addN } from '../graph/ops/math.js'
import type { Variable } from '../graph/ops/state.js'
import type { WeightCopies } from '../nets/weight-copies.js'
import type { TrainingPlan } from '../spec/training-options.js'
import type { ExponentialMovingAverage } from './ema.js'
import { accumulateGradients, clipGradients } from './gradients.js'
import { lossScaleOf } from './loss-scale.js'
import { createOptimizer } from './optimizer.js'

/** What a training step does with its loss. */
export interface WeightUpdate {
  /** State that is kept from step to step, such as moments. Part of a checkpoint. */
  slots: Variable[]
  /** By what the loss of the next step is multiplied, where that changes from step to step. */
  lossScale?: Tensor | null
  /** Effects that assign their initial values to slots and sums. */
  initialize: Node[]
  /** Effects of a batch that does not end a step. */
  accumulate: Node[]
  /** Effects of the batch that ends a step. They change weights, slots and moving averages. */
  apply: Node[]
  /** Effects that must follow whatever else assigns weights, slots or averages: `assigned`. */
  settle(assigned: readonly Node[]): Node[]
}

type UpdateOption =
  | 'optimizer'
  | 'clipGradients'
  | 'accumulateSteps'
  | 'ema'
  | 'precision'
  | 'lossScale'

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
  plan: Pick<TrainingPlan, UpdateOption>
}

/** Updates weights by TensorFlow's own ops, one or more for each weight and kind of change. */
export function stockUpdate(options: WeightUpdateOptions): WeightUpdate {
  const { weights, loss, penalties, learningRate, step, ema, isKept, plan } = options
  const values = weights.map(({ value }) => value)
  const lossScale = lossScaleOf(loss.node.graph, plan)
  const accumulator = accumulateGradients(
    weights,
    lossScale.gradients(addN([loss, ...penalties]), values, { isKept }),
    plan.accumulateSteps,
  )
  const guarded = lossScale.guard(accumulator.mean)
  const clippedGradients = clipGradients(guarded.gradients, plan.clipGradients)
  const optimizer = createOptimizer(weights, clippedGradients, learningRate, plan.optimizer)
  const applied = guarded.finish(optimizer.apply)
  return {
    slots: [...optimizer.slots, ...lossScale.slots],
    lossScale: lossScale.value,
    initialize: [...optimizer.initialize, ...lossScale.initialize, ...accumulator.initialize],
    accumulate: accumulator.accumulate,
    apply: [...applied, ...ema.update(step, applied), ...accumulator.reset(applied)],
    settle: () => [],
  }
}

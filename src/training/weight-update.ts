import type { Node, Tensor } from '../graph/graph.js'
import { addN, mul } from '../graph/ops/math.js'
import type { Variable } from '../graph/ops/state.js'
import type { WeightCopies } from '../nets/weight-copies.js'
import type { TrainingPlan } from '../spec/training-options.js'
import type { ExponentialMovingAverage } from './ema.js'
import { accumulateGradients, addGradients, clipGradients } from './gradients.js'
import { lossScaleOf } from './loss-scale.js'
import { createOptimizer } from './optimizer.js'
import type { StepRuns } from './step-runs.js'

/** What a training step does with its loss. */
export interface WeightUpdate {
  /** State that is kept from step to step, such as moments. Part of a checkpoint. */
  slots: Variable[]
  /** By what the loss of the next step is multiplied, where that changes from step to step. */
  lossScale?: Tensor | null
  /** Effects that assign their initial values to slots and sums. */
  initialize: Node[]
  /** Of each kind of run that does not end a step (`StepRuns.accumulating`): its effects. */
  accumulate: Node[][]
  /** Effects of the run that ends a step. They change weights, slots and moving averages. */
  apply: Node[]
  /** Effects that must follow whatever else assigns weights, slots or averages: `assigned`. */
  settle(assigned: readonly Node[]): Node[]
}

/** A batch that a run computes, on a device. */
export interface BatchOnDevice {
  /** The mean loss of the batch, without penalties. */
  loss: Tensor
  /** L2 penalties, to add to the loss. */
  penalties: readonly Tensor[]
  /** Creates nodes on the device of the batch. */
  onDevice<T>(body: () => T): T
  /** Whether the backward pass finds a node's outputs, or computes them again. */
  isKept?: ((node: Node) => boolean) | undefined
}

export interface WeightUpdateOptions {
  /** The variables to train. */
  weights: readonly Variable[]
  /** Those that a run computes at once. */
  batches: readonly BatchOnDevice[]
  runs: StepRuns
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
  plan: Pick<TrainingPlan, 'optimizer' | 'clipGradients' | 'ema' | 'precision' | 'lossScale'>
}

/** Updates weights by TensorFlow's own ops, one or more for each weight and kind of change. */
export function stockUpdate(options: WeightUpdateOptions): WeightUpdate {
  const { weights, batches, runs, learningRate, step, ema, plan } = options
  const values = weights.map(({ value }) => value)
  const lossScale = lossScaleOf(learningRate.node.graph, plan)
  const gradientsOf = ({ loss, penalties, isKept }: BatchOnDevice) =>
    lossScale.gradients(addN([loss, ...penalties]), values, { isKept })
  const share = (gradient: Tensor) => mul(gradient, 1 / runs.batches)
  const accumulator = runs.startFromZero
    ? accumulateGradients(weights, gradientsOf(batches[0]!), runs)
    : addGradients(
        weights,
        batches.map(batch => batch.onDevice(() => gradientsOf(batch).map(share))),
        runs,
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

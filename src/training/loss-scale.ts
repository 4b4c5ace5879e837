import { type GradientsOptions, gradients } from '../graph/autodiff.js'
import type { Graph, Node, Tensor } from '../graph/graph.js'
import { onlyIf, whether } from '../graph/ops/branches.js'
import { compareWith, finiteMask, select } from '../graph/ops/compare.js'
import { scalar } from '../graph/ops/constant.js'
import { add, addN, div, mul } from '../graph/ops/math.js'
import { reduceSum } from '../graph/ops/reduce.js'
import { assign, type Variable, variable } from '../graph/ops/state.js'
import type { TrainingPlan } from '../spec/training-options.js'

/**
 * Loss scaling (Micikevicius et al. 2017, arXiv:1710.03740): keeps fp16 gradients above the smallest number, 6e-8, and
 * below the largest, 65504.
 */
export interface LossScale {
  /** By what the loss of the next step is multiplied; null if that never changes. */
  value: Tensor | null
  /** State that is kept from step to step. Part of a checkpoint. */
  slots: Variable[]
  /** Effects that assign its initial values. */
  initialize: Node[]
  /** The gradients of the loss, without the scale. */
  gradients(loss: Tensor, values: readonly Tensor[], options: GradientsOptions): Tensor[]
  /** The gradients of a step, for effects that may be left out; `finish` returns these effects, and further ones. */
  guard(stepGradients: readonly Tensor[]): {
    gradients: readonly Tensor[]
    finish(effects: readonly Node[]): readonly Node[]
  }
}

/** That of fp16 in jobs that are older than the option. */
const fixedScale = 1024

export interface DynamicScale {
  initial: number
  /** So many steps with finite gradients, one after the other, double the scale. */
  growthSteps: number
}

/** As in PyTorch, Keras and the paper, but for the start, which is where ResNets get after a few steps. */
const usual: DynamicScale = { initial: 2 ** 15, growthSteps: 2000 }

/** What a plan asks for. A dynamic scale has variables in the graph. */
export function lossScaleOf(
  graph: Graph,
  { precision, lossScale = fixedScale }: Pick<TrainingPlan, 'precision' | 'lossScale'>,
): LossScale {
  if (precision !== 'fp16') return constantScale(1)
  return lossScale === 'dynamic' ? dynamicScale(graph, usual) : constantScale(lossScale)
}

const constantScale = (scale: number): LossScale => ({
  value: null,
  slots: [],
  initialize: [],
  gradients(loss, values, options) {
    if (scale === 1) return gradients(loss, values, options)
    return gradients(mul(loss, scale), values, options).map(each => mul(each, 1 / scale))
  },
  guard: stepGradients => ({ gradients: stepGradients, finish: effects => effects }),
})

/**
 * A scale that is halved after a step whose gradients are not all finite, of which nothing else remains, and doubled
 * after `growthSteps` others.
 */
export function dynamicScale(graph: Graph, { initial, growthSteps }: DynamicScale): LossScale {
  const scale = variable(graph, 'loss_scale', [])
  const finiteSteps = variable(graph, 'loss_scale/finite_steps', [])
  return {
    value: scale.value,
    slots: [scale, finiteSteps],
    initialize: [assign(scale, scalar(graph, initial)), assign(finiteSteps, scalar(graph, 0))],
    gradients: (loss, values, options) =>
      gradients(mul(loss, scale.value), values, options).map(each => div(each, scale.value)),
    guard(stepGradients) {
      // 0 times a gradient is 0 unless it is NaN or infinite; each is read once
      const areFinite = finiteMask(addN(stepGradients.map(each => reduceSum(mul(each, 0)))))
      return {
        gradients: onlyIf(areFinite, stepGradients),
        finish(effects) {
          const controlInputs = [whether(areFinite, effects)]
          const steps = add(finiteSteps.value, 1)
          const grows = compareWith('GreaterEqual', steps, scalar(graph, growthSteps))
          const zero = scalar(graph, 0)
          const [nextScale, nextSteps] = [
            select(grows, mul(scale.value, 2), scale.value),
            select(grows, zero, steps),
          ]
          return [
            assign(scale, select(areFinite, nextScale, div(scale.value, 2)), { controlInputs }),
            assign(finiteSteps, select(areFinite, nextSteps, zero), { controlInputs }),
          ]
        },
      }
    },
  }
}

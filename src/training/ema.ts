import type { Node, Tensor } from '../graph/graph.js'
import { add, cast, div, minimum, mul, sub } from '../graph/ops/math.js'
import { assign, assignSub, read, type Variable, variable } from '../graph/ops/state.js'
import { Variables } from '../nets/variables.js'
import type { Ema } from '../spec/training-options.js'

/** How the average of a variable is called in a checkpoint. */
export const averageName = (name: string) => `${name}/ExponentialMovingAverage`

/**
 * Exponential moving averages of the trained weights (Polyak averaging), with the variable names of
 * tf.train.ExponentialMovingAverage. Without options it has no averages.
 */
export class ExponentialMovingAverage {
  private readonly shadows = new Map<string, Variable>()

  constructor(
    private readonly targets: readonly Variable[],
    private readonly options: Ema | null,
  ) {
    if (!options) return
    for (const { name, shape, handle } of targets) {
      const { graph } = handle.node
      this.shadows.set(name, variable(graph, averageName(name), shape))
    }
  }

  get all(): Variable[] {
    return [...this.shadows.values()]
  }

  /** The average of a variable, or the variable itself if it has none. */
  average(target: Variable): Variable {
    return this.shadows.get(target.name) ?? target
  }

  /** The variables to export: averages, if there are any, under the names of the variables. */
  exportVariables(variables: readonly Variable[]): Variable[] {
    return variables.map(target => ({ ...this.average(target), name: target.name }))
  }

  initialize(controlInputs: readonly Node[]): Node[] {
    return this.pairs().map(([target, shadow]) => assign(shadow, read(target, { controlInputs })))
  }

  /** Effects that update the averages after `controlInputs`. */
  update(step: Tensor, controlInputs: readonly Node[]): Node[] {
    const oneMinusDecay = this.rate(step)
    if (!oneMinusDecay) return []
    return this.pairs().map(([target, shadow]) =>
      assignSub(shadow, mul(sub(shadow.value, read(target, { controlInputs })), oneMinusDecay)),
    )
  }

  /**
   * How much of the way to the weights the averages go in a step; undefined without averages. Early steps decay
   * faster, as with TensorFlow's `num_updates`, so the initial weights do not dominate a short job.
   */
  rate(step: Tensor): Tensor | undefined {
    if (!this.options) return undefined
    const numUpdates = cast(step, 'float32')
    const decay = minimum(div(add(numUpdates, 1), add(numUpdates, 10)), this.options.decay)
    return sub(1, decay)
  }

  private pairs(): [Variable, Variable][] {
    if (!this.options) return []
    return this.targets.map(target => [target, this.average(target)])
  }
}

/** A network's variables for evaluation: moving averages instead of weights. */
export class EmaVariables extends Variables {
  constructor(
    private readonly base: Variables,
    private readonly ema: ExponentialMovingAverage,
  ) {
    super(base.graph, base.freeze)
  }

  override get(...args: Parameters<Variables['get']>): Variable {
    return this.ema.average(this.base.get(...args))
  }
}

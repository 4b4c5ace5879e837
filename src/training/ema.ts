import type { Node, Tensor } from '../graph/graph.js'
import { add, cast, div, minimum, mul, sub } from '../graph/ops/math.js'
import { assign, assignSub, read, type Variable, variable } from '../graph/ops/state.js'
import { Variables } from '../nets/variables.js'
import type { Ema } from '../spec/training-options.js'

/** Moving averages of the trained weights, named as tf.train.ExponentialMovingAverage names them. */
export class Averages {
  readonly #shadows = new Map<string, Variable>()

  constructor(
    private readonly targets: readonly Variable[],
    private readonly options: Ema | null,
  ) {
    if (!options) return
    for (const { name, shape, handle } of targets) {
      const { graph } = handle.node
      this.#shadows.set(name, variable(graph, `${name}/ExponentialMovingAverage`, shape))
    }
  }

  get all(): Variable[] {
    return [...this.#shadows.values()]
  }

  /** The average, or the variable itself where it has none. */
  of(target: Variable): Variable {
    return this.#shadows.get(target.name) ?? target
  }

  /** What is evaluated is what is published, under the names of a network without averages. */
  published(variables: readonly Variable[]): Variable[] {
    return variables.map(target => ({ ...this.of(target), name: target.name }))
  }

  initialize(after: readonly Node[]): Node[] {
    return this.#pairs().map(([target, shadow]) => assign(shadow, read(target, { after })))
  }

  /**
   * Follows the weights behind a step's updates. TensorFlow's `num_updates`: early averages keep
   * less, so that the first weights do not weigh on a short job.
   */
  update(step: Tensor, after: readonly Node[]): Node[] {
    if (!this.options) return []
    const count = cast(step, 'float32')
    const kept = minimum(div(add(count, 1), add(count, 10)), this.options.decay)
    const share = sub(1, kept)
    return this.#pairs().map(([target, shadow]) =>
      assignSub(shadow, mul(sub(shadow.value, read(target, { after })), share)),
    )
  }

  #pairs(): [Variable, Variable][] {
    if (!this.options) return []
    return this.targets.map(target => [target, this.of(target)])
  }
}

/** A network's variables as it has them at evaluation: averages in the place of weights. */
export class AveragedVariables extends Variables {
  constructor(
    private readonly base: Variables,
    private readonly averages: Averages,
  ) {
    super(base.graph, base.freeze)
  }

  override get(...args: Parameters<Variables['get']>): Variable {
    return this.averages.of(this.base.get(...args))
  }
}

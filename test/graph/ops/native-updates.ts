import { effectOutputs } from '../../../src/graph/effect-outputs.js'
import { Graph } from '../../../src/graph/graph.js'
import { fill, placeholder, scalar } from '../../../src/graph/ops/constant.js'
import { cast, div, sqrt } from '../../../src/graph/ops/math.js'
import {
  assignOwned,
  sumOfSquares,
  type UpdateRule,
  updateInPlace,
} from '../../../src/graph/ops/native-optimizers.js'
import { type Variable, variable } from '../../../src/graph/ops/state.js'
import { mulberry32 } from '../../../testing/random.js'
import type { CleanupScope } from '../../../testing/temp-folder.js'
import { openGraphSession } from '../tensorflow.js'

/** Sizes of weights: less than what a processor computes at once, and more than threads take at once. */
export const sizes = [3, 20_001, 33, 40_000]

const rules: readonly [rule: UpdateRule, slots: number][] = [
  [{ rule: 'sgd' }, 0],
  [{ rule: 'momentum', momentum: 0.9 }, 1],
  [{ rule: 'nesterov', momentum: 0.9 }, 1],
  [{ rule: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, 2],
  [{ rule: 'rmsprop', decay: 0.9, momentum: 0.5, epsilon: 1e-7 }, 2],
]

/**
 * A session whose signature `step` updates weights by each rule, with gradients that are divided by their norm; and
 * `values` has all of them, and the norm's square.
 */
export async function openUpdates(scope: CleanupScope) {
  const graph = new Graph()
  const given = sizes.map((size, i) => placeholder(graph, `gradient${i}`, 'float32', [size]))
  const gradients = given.map((gradient, i) =>
    i % 2 === 0 ? gradient : cast(gradient, 'bfloat16'),
  )
  const zeros = (name: string, dtype: 'float32' | 'bfloat16' = 'float32') =>
    sizes.map((size, i) => variable(graph, `${name}${i}`, [size], dtype))
  const all: Variable[] = []
  const updates = rules.flatMap(([rule, count]) => {
    const [weights, averages] = [zeros(`${rule.rule}/w`), zeros(`${rule.rule}/average`)]
    const slots = Array.from({ length: count }, (_, i) => zeros(`${rule.rule}/slot${i}_`)).flat()
    const copies = zeros(`${rule.rule}/copy`, 'bfloat16')
    all.push(...weights, ...slots, ...averages, ...copies)
    const of = { weights, gradients, l2: [0, 0.1, 0, 0], batches: 1, sums: [] }
    const squares = sumOfSquares(of)
    return updateInPlace(
      {
        ...of,
        rule,
        slots,
        averages,
        weightDecay: [0, 0, 0.1, 0.1],
        decoupled: rule.rule === 'adam',
        copies: copies.map((copy, i) => [i, copy]),
        learningRate: scalar(graph, 0.01),
        gradientScale: div(1, sqrt(squares)),
        averageRate: scalar(graph, 0.1),
        betaPowers: [scalar(graph, 0.9), scalar(graph, 0.999)],
      },
      {},
    )
  })
  const initial = all.map(target =>
    assignOwned(target, cast(fill(graph, target.shape, 0.5), target.dtype)),
  )
  const inputs = Object.fromEntries(given.map(gradient => [gradient.node.name, gradient]))
  const weights = sizes.map((size, i) => variable(graph, `plain${i}`, [size]))
  const squares = sumOfSquares({ weights, gradients, l2: [0, 0, 0, 0], batches: 1, sums: [] })
  const session = await openGraphSession(scope, graph, {
    init: {
      inputs: {},
      outputs: effectOutputs(graph, 'initialized', [
        ...initial,
        ...weights.map(target => assignOwned(target, fill(graph, target.shape, 0))),
      ]),
    },
    step: { inputs, outputs: effectOutputs(graph, 'updated', updates) },
    squares: { inputs, outputs: { squares } },
    values: {
      inputs: {},
      outputs: Object.fromEntries(all.map(({ name, value }) => [name, cast(value, 'float32')])),
    },
  })
  session.run('init')
  const random = mulberry32(1)
  const feeds = () =>
    Object.fromEntries(
      given.map(({ node: { name } }, i) => {
        const data = Float32Array.from({ length: sizes[i]! }, () => random() - 0.5)
        return [name, { data, shape: [sizes[i]!] }]
      }),
    )
  return { session, feeds, names: all.map(({ name }) => name) }
}

import { gradients } from '../graph/autodiff.js'
import type { Graph, Node, Tensor } from '../graph/graph.js'
import { check } from '../graph/graph-error.js'
import { freshZeros } from '../graph/ops/constant.js'
import { group } from '../graph/ops/control.js'
import { addN, cast, div, maximum, sqrt } from '../graph/ops/math.js'
import {
  accumulateInPlace,
  assignOwned,
  type GradientOptions,
  sumOfSquares,
  type UpdateRule,
  updateInPlace,
} from '../graph/ops/native-optimizers.js'
import { assign, read, type Variable, variable } from '../graph/ops/state.js'
import { dependenciesOf, readersOf } from '../graph/readers.js'
import { sizeOf } from '../graph/shape.js'
import type { OptimizerOptions } from '../spec/optimizer-options.js'
import { sumName } from './gradients.js'
import { isDecayed, Slots } from './optimizer.js'
import type { WeightUpdate, WeightUpdateOptions } from './weight-update.js'

/**
 * Weights that one op updates. An op waits for the gradients of all its weights, so that with few ops these are
 * all in memory at the same time; many small ones take longer to start than to run.
 */
const weightsPerOp = 1 << 20

/**
 * Updates weights by ops of our own, which read each gradient once and do everything with it. The bytes are those
 * of `stockUpdate`, but for gradients clipped by their norm: TensorFlow adds up squares in an order that depends
 * on the number of threads.
 */
export function onePassUpdate(options: WeightUpdateOptions): WeightUpdate {
  const { weights, batches, runs, copies, learningRate, step, ema, plan } = options
  const { graph } = learningRate.node
  const { optimizer } = plan
  const slots = new Slots(graph)
  const rule = createRule(slots, weights, optimizer)
  const sums = Array.from({ length: runs.sums }, (_, sum) =>
    weights.map(({ name, shape }) => variable(graph, sumName(name, runs, sum), shape)),
  )
  const computed = weights.map(weight => copies.find(weight) ?? weight)
  const weightGradients = batches.map(({ loss, isKept, onDevice }) =>
    onDevice(() =>
      gradients(
        loss,
        computed.map(({ value }) => value),
        { isKept },
      ),
    ),
  )
  const readers = checkedReaders(options, weightGradients.flat())

  const groups = groupsOf(weights).map(indices => {
    const pick = <T>(values: readonly T[]): T[] =>
      values.length > 0 ? indices.map(i => values[i]!) : []
    const of = (adds: readonly number[]): GradientOptions => ({
      weights: pick(weights),
      gradients: weightGradients.flatMap(pick),
      atOnce: runs.atOnce,
      l2: pick(weights).map(({ name }) => options.l2.get(name) ?? 0),
      batches: runs.batches,
      sums: adds.flatMap(sum => pick(sums[sum]!)),
      largest: plan.clipGradients.value,
    })
    return { of, pick, last: of(runs.lastAdds) }
  })
  const gradientScale = clippingScale(
    plan.clipGradients.norm,
    groups.map(({ last }) => last),
  )
  const averageRate = ema.rate(step)
  const updates = groups.map(({ last, pick }) => {
    const written = last.weights.map(weight => copies.find(weight))
    const changed = [...last.weights, ...written.filter(copy => copy !== undefined)]
    return updateInPlace(
      {
        ...last,
        resets: runs.startFromZero,
        rule: rule.update,
        slots: rule.slots.flatMap(pick),
        weightDecay: last.weights.map(weight => (isDecayed(weight) ? optimizer.weightDecay : 0)),
        decoupled: optimizer.kind === 'adamw',
        averages: averageRate ? last.weights.map(weight => ema.average(weight)) : [],
        copies: written.flatMap((copy, i) => (copy ? [[i, copy] as const] : [])),
        learningRate,
        gradientScale,
        averageRate,
        betaPowers: rule.betaPowers,
      },
      {
        controlInputs: oneOfEachDevice(
          graph,
          changed.flatMap(({ value }) => readers.get(value.node) ?? []),
        ),
      },
    )
  })

  const changedInPlace = [...weights, ...rule.slots.flat(), ...ema.all, ...sums.flat()]
  return {
    slots: slots.all,
    initialize: [
      ...slots.initialize,
      ...sums.flat().map(sum => assign(sum, freshZeros(graph, sum.shape))),
    ],
    accumulate: runs.accumulating.map(({ adds, keeps }) =>
      groups.map(({ of, pick }) => accumulateInPlace(of(adds), pick(sums[keeps]!))),
    ),
    apply: [...updates, ...rule.finish(updates)],
    settle(assigned) {
      const after = { controlInputs: [group(graph, assigned)] }
      return [
        ...changedInPlace.map(target => assignOwned(target, read(target, after))),
        ...copies.all.map(([target, copy]) =>
          assignOwned(copy, cast(read(target, after), copy.dtype)),
        ),
      ]
    },
  }
}

/** Indices of weights that one op updates, in the order in which the backward pass has their gradients. */
export function groupsOf(weights: readonly Variable[]): number[][] {
  const groups: number[][] = []
  let left = 0
  for (const [i, { shape }] of [...weights.entries()].reverse()) {
    if (left <= 0) {
      groups.push([])
      left = weightsPerOp
    }
    groups.at(-1)!.push(i)
    left -= sizeOf(shape)
  }
  return groups
}

/** Clipping by the global norm; undefined if there is none. */
function clippingScale(
  norm: number | undefined,
  groups: readonly GradientOptions[],
): Tensor | undefined {
  if (norm === undefined) return undefined
  const globalNorm = sqrt(addN(groups.map(group => sumOfSquares(group))))
  return div(norm, maximum(globalNorm, norm))
}

/** What to wait for instead of nodes on several devices: one of each, since such an edge is a message. */
function oneOfEachDevice(graph: Graph, nodes: readonly Node[]): readonly Node[] {
  const devices = [...new Set(nodes.map(({ device }) => device))]
  if (devices.length <= 1) return nodes
  return devices.map(device =>
    group(
      graph,
      nodes.filter(node => node.device === device),
      { device },
    ),
  )
}

/**
 * Who else reads the weights, or their copies, in a step, by the node that reads the variable: they must be done before
 * an op changes the memory.
 */
function checkedReaders(
  { weights, copies, batches, metrics }: WeightUpdateOptions,
  weightGradients: readonly Tensor[],
): Map<Node, Node[]> {
  const losses = batches.map(({ loss }) => loss)
  const readers = readersOf(dependenciesOf([...losses, ...metrics, ...weightGradients]))
  for (const weight of weights.filter(weight => copies.find(weight))) {
    const others = (readers.get(weight.value.node) ?? []).filter(({ op }) => op.type !== 'L2Loss')
    check(
      others.length === 0,
      `${weight.name}: ${others[0]?.name} does not read its bfloat16 copy, by which its gradient is computed`,
    )
  }
  return readers
}

interface Rule {
  update: UpdateRule
  /** The state of all weights, as `updateInPlace` needs it. */
  slots: Variable[][]
  betaPowers?: readonly [Tensor, Tensor]
  /** Effects that run once per step, after the updates. */
  finish(updates: readonly Node[]): Node[]
}

/** The rule of an optimizer, with the slots that `createOptimizer` gives it, in the same order. */
function createRule(slots: Slots, weights: readonly Variable[], options: OptimizerOptions): Rule {
  const create = (...suffixes: string[]) => {
    const ofWeights = weights.map(weight => suffixes.map(suffix => slots.createFor(weight, suffix)))
    return suffixes.map((_, i) => ofWeights.map(ofWeight => ofWeight[i]!))
  }
  const finish = () => []
  switch (options.kind) {
    case 'sgd': {
      const { momentum, nesterov } = options
      if (momentum === 0) return { update: { rule: 'sgd' }, slots: [], finish }
      const update = { rule: nesterov ? 'nesterov' : 'momentum', momentum } as const
      return { update, slots: create('Momentum'), finish }
    }
    case 'rmsprop': {
      const { decay, momentum, epsilon } = options
      const update = { rule: 'rmsprop', decay, momentum, epsilon } as const
      return { update, slots: create('RMSProp', 'RMSProp_1'), finish }
    }
    case 'adam':
    case 'adamw': {
      const { beta1, beta2, epsilon } = options
      const powers = slots.createBetaPowers(beta1, beta2)
      return {
        update: { rule: 'adam', beta1, beta2, epsilon },
        slots: create('Adam', 'Adam_1'),
        ...powers,
      }
    }
  }
}

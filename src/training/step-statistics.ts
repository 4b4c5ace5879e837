// What a step of several micro-batches tells: the means of their losses, and of the statistics that batch norm's averages
// move by. All are parts of one vector, which is added up as gradients are.
import type { Node, Tensor } from '../graph/graph.js'
import { concat, reshape, slice } from '../graph/ops/array.js'
import { add, mul } from '../graph/ops/math.js'
import { assign, variable } from '../graph/ops/state.js'
import { sizeOf } from '../graph/shape.js'
import { type BatchStatistic, moveAverage } from '../nets/layers.js'
import type { StepRuns } from './step-runs.js'
import { addInOrder } from './sum-order.js'

export interface MicroBatch {
  /** Scalars. */
  readonly metrics: Readonly<Record<string, Tensor>>
  readonly statistics: readonly BatchStatistic[]
  onDevice<T>(body: () => T): T
}

export interface StepStatistics {
  /** Of each kind of run that does not end a step: its effects. */
  readonly accumulate: Node[][]
  /** The mean of each metric. */
  readonly metrics: Readonly<Record<string, Tensor>>
  /** Effects that move the averages. */
  readonly move: Node[]
}

/** Of the micro-batches that a run computes at once. */
export function stepStatistics(batches: readonly MicroBatch[], runs: StepRuns): StepStatistics {
  const [first] = batches
  const parts = [
    ...Object.values(first!.metrics),
    ...first!.statistics.map(({ value }) => value),
  ].map(({ shape }) => ({ shape, size: sizeOf(shape) }))
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const vectors = batches.map(({ metrics, statistics, onDevice }) =>
    onDevice(() => {
      const tensors = [...Object.values(metrics), ...statistics.map(({ value }) => value)]
      const flat = tensors.map((tensor, i) => reshape(tensor, [parts[i]!.size]))
      return mul(concat(flat, 0), 1 / runs.batches)
    }),
  )
  const ofRun = addInOrder(vectors, add)
  const { graph } = ofRun.node
  const sums = Array.from({ length: runs.sums }, (_, sum) =>
    variable(graph, `step_statistics_sum_${sum}`, [size]),
  )
  const after = (adds: readonly number[]) =>
    adds.reduce((later, sum) => add(sums[sum]!.value, later), ofRun)
  const mean = after(runs.lastAdds)
  let offset = 0
  const means = parts.map(part => {
    const from = offset
    offset += part.size
    return reshape(slice(mean, [from], [part.size]), part.shape)
  })
  const names = Object.keys(first!.metrics)
  return {
    accumulate: runs.accumulating.map(({ adds, keeps }) => [assign(sums[keeps]!, after(adds))]),
    metrics: Object.fromEntries(names.map((name, i) => [name, means[i]!])),
    move: first!.statistics.map((statistic, i) =>
      moveAverage({ ...statistic, value: means[names.length + i]! }),
    ),
  }
}

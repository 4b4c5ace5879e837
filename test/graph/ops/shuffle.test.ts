import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph } from '../../../src/graph/graph.js'
import { stackTensors } from '../../../src/graph/ops/array.js'
import { constant, placeholder } from '../../../src/graph/ops/constant.js'
import { gather } from '../../../src/graph/ops/gather.js'
import { shuffledIndex, shuffleKey } from '../../../src/graph/ops/shuffle.js'
import { openGraphSession } from '../tensorflow.js'
import { assertOpsMatchTensorFlow } from '../tensorflow-agrees.js'

const records = 60_000

/** Pearson's correlation, in standard deviations of that of two independent orders. */
function correlation(x: Int32Array, y: Int32Array): number {
  const mean = (records - 1) / 2
  let sum = 0
  let square = 0
  for (let i = 0; i < x.length; i++) {
    sum += (x[i]! - mean) * (y[i]! - mean)
    square += (x[i]! - mean) ** 2
  }
  return (sum / square) * Math.sqrt(x.length)
}

test('small seeds and epochs give independent orders', async t => {
  const graph = new Graph()
  const seed = placeholder(graph, 'seed', 'int32')
  const epoch = placeholder(graph, 'epoch', 'int32')
  const positions = Int32Array.from({ length: records }, (_, i) => i)
  const index = constant(graph, [...positions], { dtype: 'int32' })
  const keys = gather(
    stackTensors([shuffleKey(seed, epoch)]),
    constant(graph, Array<number>(records).fill(0), { dtype: 'int32' }),
  )
  const order = shuffledIndex(index, keys, records)
  const session = await openGraphSession(t, graph, {
    order: { inputs: { seed, epoch }, outputs: { order } },
  })
  assertOpsMatchTensorFlow(graph)

  const orderOf = (seed: number, epoch: number) =>
    session.run('order', { seed, epoch }).ints('order')
  const orders = [0, 1, 2].flatMap(seed => [0, 1, 2].map(epoch => orderOf(seed, epoch)))
  for (const [i, one] of orders.entries()) {
    assert.equal(new Set(one).size, records)
    for (const other of [positions, ...orders.slice(0, i)]) {
      assert.ok(Math.abs(correlation(one, other)) < 5)
    }
    assert.ok(Math.abs(correlation(one.subarray(1), one.subarray(0, -1))) < 5)
    // in independent orders, about a quarter of the differences between neighbours repeat
    const steps = new Set(one.subarray(1).map((to, at) => to - one[at]!))
    assert.ok(steps.size > 0.7 * records, `${steps.size} different steps`)
  }
  assert.deepEqual(orderOf(1, 2), orders[5])
})

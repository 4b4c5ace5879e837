import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gradients } from '../../src/graph/autodiff.js'
import { Graph } from '../../src/graph/graph.js'
import { relu } from '../../src/graph/ops/activation.js'
import { batchNormTraining } from '../../src/graph/ops/batch-norm.js'
import { constant, placeholder } from '../../src/graph/ops/constant.js'
import { conv2d } from '../../src/graph/ops/conv.js'
import { add, floorDiv, mul, square } from '../../src/graph/ops/math.js'
import { matMul } from '../../src/graph/ops/matmul.js'
import { reduceMean, reduceSum } from '../../src/graph/ops/reduce.js'
import { openGraphSession } from './tensorflow.js'

const input = (graph: Graph, shape: readonly number[]) => placeholder(graph, 'x', 'float32', shape)

test('gradients name an op without a gradient if the loss depends on a target through it', () => {
  const graph = new Graph()
  const x = input(graph, [3])
  const loss = graph.nameScope('half', () => reduceSum(floorDiv(x, 2)))
  assert.throws(() => gradients(loss, [x]), /FloorDiv \(half\/FloorDiv\) has no gradient/)
  const other = input(graph, [3])
  assert.equal(gradients(add(loss, reduceSum(other)), [other])[0]!.shape[0], 3)
})

test('the loss must be a scalar', () => {
  const x = input(new Graph(), [3])
  assert.throws(() => gradients(x, [x]), /the loss must be a scalar, it is \[3\]/)
})

test('several partial gradients are summed by one AddN', () => {
  const graph = new Graph()
  const x = input(graph, [3])
  const loss = reduceSum(add(add(square(x), mul(x, 3)), x))
  const [dx] = gradients(loss, [x])
  assert.equal(dx!.node.op.type, 'AddN')
  assert.equal(dx!.node.inputs.length, 3)
})

test('the gradient of relu reads its output, so TensorFlow can fuse relu with the op before it', () => {
  const graph = new Graph()
  const y = relu(input(graph, [3]))
  gradients(reduceSum(y), [y.node.inputs[0]!])
  const grad = graph.nodes.find(({ op }) => op.type === 'ReluGrad')!
  assert.equal(grad.inputs[1], y)
})

test('only relu reads the output of batch norm, also in the backward pass', () => {
  const graph = new Graph()
  const x = input(graph, [2, 3, 3, 2])
  const scale = constant(graph, [1, 1])
  const { output } = batchNormTraining(x, scale, constant(graph, [0, 0]), 1e-3)
  gradients(reduceSum(relu(output)), [x, scale])
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(output))
  assert.deepEqual(
    readers.map(({ op }) => op.type),
    ['Relu'],
  )
})

test('gradients flow through a batch of unknown size', async t => {
  const graph = new Graph()
  const x = placeholder(graph, 'x', 'float32', [-1, 2, 2, 1])
  const filter = placeholder(graph, 'filter', 'float32', [1, 1, 1, 3])
  const weights = placeholder(graph, 'weights', 'float32', [3, 1])
  const pooled = reduceMean(conv2d(x, filter), [1, 2])
  const loss = reduceMean(matMul(pooled, weights))
  const [dx, dFilter, unrelated] = gradients(loss, [x, filter, constant(graph, [1, 2])])
  assert.deepEqual(dx!.shape, [-1, 2, 2, 1])
  const session = await openGraphSession(t, graph, {
    all: {
      inputs: { x, filter, weights },
      outputs: { dx: dx!, dFilter: dFilter!, unrelated: unrelated! },
    },
  })
  const result = session.run('all', {
    x: { data: new Float32Array(8).fill(2), shape: [2, 2, 2, 1] },
    filter: { data: [1, 1, 1], shape: [1, 1, 1, 3] },
    weights: { data: [1, 2, 3], shape: [3, 1] },
  })
  assert.deepEqual(result.floats('dx'), new Float32Array(8).fill(6 / 8))
  assert.deepEqual(result.floats('dFilter'), Float32Array.of(2, 4, 6))
  assert.deepEqual(result.floats('unrelated'), Float32Array.of(0, 0))
})

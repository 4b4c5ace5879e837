import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph } from '../../src/graph/graph.js'
import { placeholder, scalar } from '../../src/graph/ops/constant.js'
import { identity } from '../../src/graph/ops/control.js'
import { Freeze } from '../../src/nets/freeze.js'
import { createLayers, globalPool } from '../../src/nets/layers.js'
import { repeat, stack } from '../../src/nets/slim.js'
import { Variables } from '../../src/nets/variables.js'
import { openGraphSession } from '../graph/tensorflow.js'

function setUp(shape = [2, 8, 8, 3]) {
  const graph = new Graph()
  const variables = new Variables(graph)
  const images = placeholder(graph, 'images', 'float32', shape)
  return { graph, variables, images, layers: createLayers(variables, 'training') }
}

test('repeat makes equal numbered layers, stack takes the arguments of each', () => {
  const { variables, images, layers } = setUp()
  const { conv2d } = layers.scope('net').argScope({ conv2d: { activation: 'relu' } })
  const x = repeat(images, 2, conv2d, 'conv1', 4, 3)
  const y = stack(x, conv2d, 'core', [
    [5, 3, { stride: 2 }],
    [6, 1],
  ])
  assert.deepEqual(globalPool(y).shape, [2, 1, 1, 6])
  assert.deepEqual(y.shape, [2, 4, 4, 6])
  assert.equal(y.node.op.type, 'Relu')
  assert.deepEqual(
    variables.all.map(({ name }) => name),
    ['conv1/conv1_1', 'conv1/conv1_2', 'core/core_1', 'core/core_2'].flatMap(name => [
      `net/${name}/weights`,
      `net/${name}/biases`,
    ]),
  )
})

test('a scope is a value: its defaults and prefix apply only to layers made with it', () => {
  const { variables, images, layers } = setUp()
  const normed = layers.argScope({ conv2d: { norm: 'batch', l2: 0.1 } }).scope('a')
  normed.conv2d(images, 'one', 2, 1)
  layers.conv2d(images, 'two', 2, 1)
  assert.deepEqual(
    variables.all.map(({ name }) => name.replace(/BatchNorm.*/, 'BatchNorm')),
    ['a/one/weights', ...Array(4).fill('a/one/BatchNorm'), 'two/weights', 'two/biases'],
  )
  assert.equal(layers.regularizationLosses.length, 1)
  assert.equal(layers.updates.length, 2)
})

test('a frozen filter has no L2 penalty', () => {
  const graph = new Graph()
  const variables = new Variables(graph, new Freeze(['one/*']))
  const images = placeholder(graph, 'images', 'float32', [2, 8, 8, 3])
  const layers = createLayers(variables, 'training')
  const regularized = layers.argScope({ conv2d: { l2: 0.1 } })
  regularized.conv2d(images, 'one', 2, 1)
  assert.equal(layers.regularizationLosses.length, 0)
  regularized.conv2d(images, 'two', 2, 1)
  assert.equal(layers.regularizationLosses.length, 1)
})

test('a variable of another shape with the same name is rejected', () => {
  const { images, layers } = setUp()
  layers.conv2d(images, 'conv', 2, 1)
  assert.throws(
    () => layers.conv2d(images, 'conv', 3, 1),
    /variable conv\/weights is \[1, 1, 3, 2\], it cannot also be \[1, 1, 3, 3\]/,
  )
})

test("an initial value depends on seed and name, and has He's standard deviation", async t => {
  const { graph, variables, images, layers } = setUp()
  layers.conv2d(images, 'b', 64, 3)
  layers.conv2d(images, 'a', 64, 3)
  const other = setUp()
  other.layers.conv2d(other.images, 'a', 64, 3)
  const open = (graph: Graph, variables: Variables) => {
    const seed = placeholder(graph, 'seed', 'int32')
    return openGraphSession(t, graph, {
      init: {
        inputs: { seed },
        outputs: {
          ready: identity(scalar(graph, 1), { controlInputs: variables.initialize(seed) }),
        },
      },
      read: {
        inputs: {},
        outputs: Object.fromEntries(variables.all.map(({ name, value }) => [name, value])),
      },
    })
  }
  const [both, alone] = [await open(graph, variables), await open(other.graph, other.variables)]
  both.run('init', { seed: 1 })
  alone.run('init', { seed: 1 })
  const [a, b] = ['a/weights', 'b/weights'].map(name => both.run('read').floats(name))
  assert.deepEqual(alone.run('read').floats('a/weights'), a)
  assert.notDeepEqual(a, b)
  const deviation = Math.sqrt(a!.reduce((sum, value) => sum + value * value, 0) / a!.length)
  assert.ok(Math.abs(deviation / Math.sqrt(2 / 27) - 1) < 0.05, `deviation ${deviation}`)
  alone.run('init', { seed: 2 })
  assert.notDeepEqual(alone.run('read').floats('a/weights'), a)
})

test('moving averages keep the share `momentum`, and inference normalizes by them', async t => {
  const { graph, variables, images, layers } = setUp([2, 1, 1, 1])
  const options = { momentum: 0.75, epsilon: 0 }
  const trained = layers.batchNorm(images, 'norm', options)
  const inferred = createLayers(variables, 'inference').batchNorm(images, 'norm', options)
  const [mean, variance] = ['norm/moving_mean', 'norm/moving_variance'].map(
    name => variables.all.find(each => each.name === name)!.value,
  )
  const session = await openGraphSession(t, graph, {
    init: {
      inputs: {},
      outputs: { ready: identity(scalar(graph, 1), { controlInputs: variables.initialize(1) }) },
    },
    train: {
      inputs: { images },
      outputs: { y: identity(trained, { controlInputs: layers.updates }) },
    },
    infer: { inputs: { images }, outputs: { y: inferred } },
    read: { inputs: {}, outputs: { mean: mean!, variance: variance! } },
  })
  session.run('init')
  const feeds = { images: { data: [1, 5], shape: [2, 1, 1, 1] } }
  assert.deepEqual(session.run('train', feeds).floats('y'), Float32Array.of(-1, 1))
  assert.equal(session.run('read').number('mean'), 0.75)
  assert.equal(session.run('read').number('variance'), 0.75 + 0.25 * 8)
  const expected = [1, 5].map(value => (value - 0.75) / Math.sqrt(2.75))
  const seen = session.run('infer', feeds).floats('y')
  assert.ok(
    seen.every((value, i) => Math.abs(value - expected[i]!) < 1e-5),
    `${seen}`,
  )
})

test('dropout depends on seed, step and name, and does nothing in inference', async t => {
  const { graph, variables, images } = setUp([2, 8, 8, 3])
  const seed = placeholder(graph, 'seed', 'int32')
  const step = placeholder(graph, 'step', 'int32')
  const layers = createLayers(variables, 'training', { rng: { seed, step } })
  const scope = layers.argScope({ dropout: { rate: 0.25 } })
  assert.equal(createLayers(variables, 'inference').dropout(images, 'a'), images)
  assert.throws(() => setUp().layers.dropout(images, 'a'), /a: dropout in training needs a seed/)
  const session = await openGraphSession(t, graph, {
    dropout: {
      inputs: { images, seed, step },
      outputs: { a: scope.dropout(images, 'a'), b: scope.dropout(images, 'b') },
    },
  })
  const ones = { data: Array<number>(384).fill(1), shape: [2, 8, 8, 3] }
  const run = (seed: number, step: number) => {
    const result = session.run('dropout', { images: ones, seed, step })
    return { a: result.floats('a'), b: result.floats('b') }
  }
  const first = run(1, 5)
  assert.deepEqual(run(1, 5), first)
  for (const other of [first.b, run(1, 6).a, run(2, 5).a]) assert.notDeepEqual(other, first.a)
  assert.deepEqual([...new Set(first.a)].toSorted(), [0, Math.fround(4 / 3)])
  const kept = first.a.filter(value => value > 0).length / first.a.length
  assert.ok(Math.abs(kept - 0.75) < 0.07, `${kept}`)
})

import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { test } from 'node:test'
import { gradients } from '../../src/graph/autodiff.js'
import { Graph } from '../../src/graph/graph.js'
import { saveTensors } from '../../src/graph/ops/checkpoint.js'
import { placeholder, scalar } from '../../src/graph/ops/constant.js'
import { group, identity } from '../../src/graph/ops/control.js'
import { mul } from '../../src/graph/ops/math.js'
import { reduceMean } from '../../src/graph/ops/reduce.js'
import { softmax, sparseSoftmaxCrossEntropy } from '../../src/graph/ops/softmax.js'
import { assignSub } from '../../src/graph/ops/state.js'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import { createLayers, type Mode } from '../../src/nets/layers.js'
import { type PlainResNetConfig, plainResNet } from '../../src/nets/plain-resnet.js'
import { Variables } from '../../src/nets/variables.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { signedUniforms } from '../graph/random.js'
import { openGraphSession, tensorflow } from '../graph/tensorflow.js'

const smallShape: PlainResNetConfig = { block: 'plain', blocks: 2, filters: 4, kernel: 3, ratio: 4 }

function build(options: PlainResNetConfig, mode: Mode, shape = [8, 6, 6, 3], classes = 3) {
  const graph = new Graph()
  const variables = new Variables(graph)
  const layers = createLayers(variables, mode)
  const logits = plainResNet(
    layers,
    placeholder(graph, 'images', 'float32', shape),
    options,
    classes,
  )
  return { graph, variables, layers, logits }
}

const shapesOf = (variables: Variables) =>
  Object.fromEntries(variables.all.map(({ name, shape }) => [name, shape.join('x')]))

test('a plain block is two convolutions, each after a batch norm', () => {
  const { variables, logits, layers } = build({ ...smallShape, blocks: 1 }, 'training')
  const norm = (path: string, size: number) =>
    ['beta', 'gamma', 'moving_mean', 'moving_variance'].map(part => [
      `resnet/${path}/BatchNorm/${part}`,
      String(size),
    ])
  assert.deepEqual(
    shapesOf(variables),
    Object.fromEntries([
      ['resnet/conv_0/weights', '3x3x3x4'],
      ...norm('conv_0', 4),
      ...norm('unit_1/conv1', 4),
      ['resnet/unit_1/conv1/weights', '3x3x4x4'],
      ...norm('unit_1/conv2', 4),
      ['resnet/unit_1/conv2/weights', '3x3x4x4'],
      ['resnet/conv_top/weights', '3x3x4x3'],
      ...norm('conv_top', 3),
    ]),
  )
  assert.deepEqual(logits.shape, [8, 3])
  assert.equal(layers.updates.length, 8)
})

test('a bottleneck block divides the filters by the ratio between two 1x1 convolutions', () => {
  const { variables } = build(
    { ...smallShape, block: 'bottleneck', blocks: 1, filters: 8 },
    'training',
  )
  const shapes = shapesOf(variables)
  assert.equal(shapes['resnet/unit_1/conv1/weights'], '1x1x8x2')
  assert.equal(shapes['resnet/unit_1/conv2/weights'], '3x3x2x2')
  assert.equal(shapes['resnet/unit_1/conv3/weights'], '1x1x2x8')
})

test('a ratio that does not divide the filters is rejected with both numbers', () => {
  assert.throws(
    () => build({ ...smallShape, block: 'bottleneck', filters: 6 }, 'training'),
    /6 filters cannot be divided by the ratio 4/,
  )
})

test('the default network for 32x32 colour images has 377,556 parameters', () => {
  const { variables } = build(
    { block: 'plain', blocks: 5, filters: 64, kernel: 3, ratio: 4 },
    'training',
    [64, 32, 32, 3],
    10,
  )
  const convolutions = 27 * 64 + 10 * 9 * 64 * 64 + 9 * 64 * 10
  const norms = 2 * (64 + 10 * 64 + 10)
  assert.equal(variables.parameters, convolutions + norms)
  assert.equal(variables.parameters, 377_556)
})

test('the inference network takes any batch size and shares the variables of the training network', () => {
  const { graph, variables } = build(smallShape, 'training')
  const before = variables.all.length
  const layers = createLayers(variables, 'inference')
  const images = placeholder(graph, 'any', 'float32', [-1, 6, 6, 3])
  assert.deepEqual(plainResNet(layers, images, smallShape, 3).shape, [-1, 3])
  assert.equal(variables.all.length, before)
  assert.equal(layers.updates.length, 0)
})

test('a thin network learns, and its exported model predicts as the training session does', async t => {
  const graph = new Graph()
  const variables = new Variables(graph)
  const images = placeholder(graph, 'images', 'float32', [8, 6, 6, 3])
  const labels = placeholder(graph, 'labels', 'int32', [8])
  const layers = createLayers(variables, 'training')
  const logits = graph.nameScope('train', () => plainResNet(layers, images, smallShape, 3))
  const loss = reduceMean(sparseSoftmaxCrossEntropy(logits, labels))
  const targets = variables.trainable
  const grads = gradients(
    loss,
    targets.map(({ value }) => value),
  )
  const steps = targets.map((target, i) => assignSub(target, mul(grads[i]!, 0.1)))
  const done = identity(loss, { controlInputs: [...steps, ...layers.updates] })

  const seed = placeholder(graph, 'seed', 'int32')
  const initialized = group(graph, variables.initialize(seed))
  const ready = identity(scalar(graph, 1), { controlInputs: [initialized] })

  const any = placeholder(graph, 'any', 'float32', [-1, 6, 6, 3])
  const probabilities = softmax(
    graph.nameScope('predict', () =>
      plainResNet(createLayers(variables, 'inference'), any, smallShape, 3),
    ),
  )
  const prefix = placeholder(graph, 'prefix', 'string')
  const saved = saveTensors(
    prefix,
    Object.fromEntries(variables.all.map(({ name, value }) => [name, value])),
  )

  const predict = { inputs: { images: any }, outputs: { probabilities } }
  const session = await openGraphSession(t, graph, {
    init: { inputs: { seed }, outputs: { ready } },
    train: { inputs: { images, labels }, outputs: { loss: done } },
    predict,
    save: { inputs: { prefix }, outputs: { prefix: identity(prefix, { controlInputs: [saved] }) } },
  })

  const random = signedUniforms(1)
  const data = Float32Array.from({ length: 8 * 6 * 6 * 3 }, random)
  const batch = {
    images: { data, shape: [8, 6, 6, 3] },
    labels: { data: [0, 1, 2, 0, 1, 2, 0, 1], shape: [8] },
  }
  const train = (count: number) => {
    session.run('init', { seed: 5 })
    return Array.from({ length: count }, () => session.run('train', batch).number('loss'))
  }
  const losses = train(60)
  assert.ok(losses.at(-1)! < losses[0]! / 2, `losses ${losses.join(' ')}`)
  assert.deepEqual(train(3), losses.slice(0, 3), 'the same seed gives the same run')

  const two = { images: { data: data.subarray(0, 2 * 108), shape: [2, 6, 6, 3] } }
  const expected = session.run('predict', two).get('probabilities')
  assert.deepEqual(expected.shape, [2, 3])

  const folder = await tempFolder(t)
  await mkdir(`${folder}/variables`)
  session.run('save', { prefix: variablesPrefix(folder) })
  await writeSavedModel(folder, graph, {
    signatures: { serving_default: predict },
    variables: variables.all,
  })
  const exported = await openSession(tensorflow(), folder)
  t.after(() => exported.close())
  const actual = exported.run('serving_default', two).get('probabilities')
  assert.deepEqual(actual.data, expected.data)
})

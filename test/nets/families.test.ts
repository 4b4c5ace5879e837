import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Graph } from '../../src/graph/graph.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import { sizeOf } from '../../src/graph/shape.js'
import { createLayers } from '../../src/nets/layers.js'
import { Variables } from '../../src/nets/variables.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import { buildNetwork } from '../../src/training/network.js'

function build(model: NetworkOptions, side = 224, classes = 1000) {
  const graph = new Graph()
  const variables = new Variables(graph)
  const layers = createLayers(variables, 'inference')
  const images = placeholder(graph, 'images', 'float32', [2, side, side, 3])
  const logits = buildNetwork(layers, images, model, classes)
  return { graph, variables, layers, logits }
}

const resnet = (depth: number, version: 1 | 2, stem: 'imagenet' | 'cifar' = 'imagenet') =>
  ({ kind: 'resnet', depth, version, stem }) as const
const vgg = (depth: 11 | 13 | 16 | 19, batchNorm = false, dense: 'full' | 'gap' = 'full') =>
  ({ kind: 'vgg', depth, batchNorm, dense, dropout: 0.5 }) as const

const published: [NetworkOptions, parameters: number, where: string][] = [
  [resnet(18, 1), 11_689_512, 'torchvision'],
  [resnet(34, 1), 21_797_672, 'torchvision'],
  [resnet(50, 1), 25_557_032, 'torchvision'],
  [resnet(101, 1), 44_549_160, 'torchvision'],
  [resnet(152, 1), 60_192_808, 'torchvision'],
  [vgg(11), 132_863_336, 'torchvision'],
  [vgg(13), 133_047_848, 'torchvision'],
  [vgg(16), 138_357_544, 'torchvision, TF-Slim and Keras'],
  [vgg(19), 143_667_240, 'torchvision, TF-Slim and Keras'],
  [vgg(16, true), 138_365_992, 'torchvision'],
]

for (const [model, parameters, where] of published) {
  test(`${JSON.stringify(model)} has the ${parameters} parameters of ${where}`, () => {
    assert.equal(build(model).variables.parameters, parameters)
  })
}

/** Keras's totals include moving averages. TF-Slim's networks have the same variables. */
const withAverages: [depth: number, total: number][] = [
  [50, 25_613_800],
  [101, 44_675_560],
  [152, 60_380_648],
]

for (const [depth, total] of withAverages) {
  test(`resnet v2 ${depth} has the ${total} values of Keras and TF-Slim, including moving averages`, () => {
    const { variables } = build(resnet(depth, 2))
    assert.equal(
      variables.all.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      total,
    )
  })
}

test('the variables of resnet v2 50 have the names of the published TF-Slim checkpoint', () => {
  const names = build(resnet(50, 2)).variables.all.map(({ name }) => name)
  const unit = 'resnet_v2_50/block1/unit_1/bottleneck_v2'
  for (const name of [
    'resnet_v2_50/conv1/weights',
    'resnet_v2_50/conv1/biases',
    `${unit}/preact/gamma`,
    `${unit}/shortcut/weights`,
    `${unit}/shortcut/biases`,
    `${unit}/conv1/weights`,
    `${unit}/conv1/BatchNorm/gamma`,
    `${unit}/conv2/BatchNorm/moving_variance`,
    `${unit}/conv3/biases`,
    'resnet_v2_50/block4/unit_3/bottleneck_v2/conv3/weights',
    'resnet_v2_50/postnorm/beta',
    'resnet_v2_50/logits/weights',
  ]) {
    assert.ok(names.includes(name), name)
  }
  const [weights, biases, norms] = [54, 22, 49]
  assert.equal(names.length, weights + biases + 4 * norms)
})

test('vgg 16 has the names and shapes of the published TF-Slim checkpoint', () => {
  const shapes = build(vgg(16)).variables.all.map(({ name, shape }) => `${name} ${shape.join('x')}`)
  assert.equal(shapes.length, 32)
  assert.equal(shapes[0], 'vgg_16/conv1/conv1_1/weights 3x3x3x64')
  assert.ok(shapes.includes('vgg_16/conv5/conv5_3/biases 512'))
  assert.ok(shapes.includes('vgg_16/fc6/weights 7x7x512x4096'))
  assert.ok(shapes.includes('vgg_16/fc7/weights 1x1x4096x4096'))
  assert.ok(shapes.includes('vgg_16/fc8/weights 1x1x4096x1000'))
})

// He et al. state 0.27, 1.7 and 1.7 million, without biases and projections
test('the networks of the CIFAR papers have about the published sizes', () => {
  const millions = (depth: number) =>
    Math.round(build(resnet(depth, 2, 'cifar'), 32, 10).variables.parameters / 1e4) / 100
  assert.deepEqual([20, 110, 164].map(millions), [0.27, 1.73, 1.71])
})

test('ResNet-1001 builds for 32x32 images', () => {
  const { variables, logits } = build(resnet(1001, 2, 'cifar'), 32, 10)
  assert.deepEqual(logits.shape, [2, 10])
  const convolutions = variables.all.filter(({ shape }) => shape.length === 4)
  assert.equal(convolutions.length, 1001 + 3)
  assert.equal(Math.round(variables.parameters / 1e5), 104)
})

test('the cifar stem keeps the image size', () => {
  const { graph } = build(resnet(18, 1, 'cifar'), 32, 10)
  const sides = graph.nodes
    .filter(node => node.op.type === 'Conv2D')
    .map(node => node.outputs[0]!.shape[1]!)
  assert.equal(sides[0], 32)
  assert.equal(sides.at(-1), 4)
})

test('vgg averages the map of logits of a larger image', () => {
  assert.deepEqual(build(vgg(11), 256, 5).logits.shape, [2, 5])
})

test('a batch norm is folded only into a convolution that nothing else reads', () => {
  const folded = (model: NetworkOptions, side = 32) =>
    build(model, side, 10).layers.folds.map(({ conv, norm }) => [conv, norm])
  const plain = {
    kind: 'resnet',
    block: 'plain',
    blocks: 2,
    filters: 4,
    kernel: 3,
    ratio: 4,
  } as const
  assert.deepEqual(folded(plain), [
    ['resnet/conv_0', 'resnet/conv_0/BatchNorm'],
    ['resnet/unit_1/conv1', 'resnet/unit_1/conv2/BatchNorm'],
    ['resnet/unit_2/conv1', 'resnet/unit_2/conv2/BatchNorm'],
    ['resnet/conv_top', 'resnet/conv_top/BatchNorm'],
  ])
  const deep = folded(resnet(20, 2, 'cifar'))
  // the first shortcut also reads the stem's output
  assert.ok(!deep.some(([conv]) => conv === 'resnet_v2_20/conv1'))
  assert.equal(deep.length, 9)
  assert.equal(folded(resnet(20, 1, 'cifar')).length, 19 + 2)
  assert.equal(folded(vgg(11, true, 'gap')).length, 8)
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gradients } from '../../src/graph/autodiff.js'
import { Graph, type Tensor } from '../../src/graph/graph.js'
import { constant, placeholder, scalar } from '../../src/graph/ops/constant.js'
import { identity } from '../../src/graph/ops/control.js'
import { addN } from '../../src/graph/ops/math.js'
import { reduceMean } from '../../src/graph/ops/reduce.js'
import { sparseSoftmaxCrossEntropy } from '../../src/graph/ops/softmax.js'
import { assign } from '../../src/graph/ops/state.js'
import { sizeOf } from '../../src/graph/shape.js'
import { createLayers, type Layers, type Precision } from '../../src/nets/layers.js'
import { type ResNetConfig, resnet } from '../../src/nets/resnet.js'
import { Variables } from '../../src/nets/variables.js'
import { type VggConfig, vgg } from '../../src/nets/vgg.js'
import type { CleanupScope } from '../../testing/temp-folder.js'
import { openGraphSession } from '../graph/tensorflow.js'

interface Case {
  name: string
  side: number
  options: ({ kind: 'resnet' } & ResNetConfig) | ({ kind: 'vgg' } & VggConfig)
  loss: number
  logits: number[]
  inferenceLogits: number[]
  gradientNorms: Record<string, number>
}

const file = 'test/nets/reference/families.json'
const { cases }: { cases: Case[] } = JSON.parse(readFileSync(file, 'utf8'))
const [batch, classes] = [4, 3]

const wave = (count: number, phase: number, scale: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * i * 0.37 + phase) * scale)

/** Effects that assign the weights of make_families.py. */
function assignWaves(variables: Variables) {
  return variables.all.map((target, i) => {
    const { name, shape } = target
    const fan = shape.length > 1 ? sizeOf(shape.slice(0, -1)) : 4
    const values = wave(sizeOf(shape), i * 0.7, 1.5 / Math.sqrt(fan))
    const positive = /gamma|moving_variance/.test(name)
    const initial = positive ? values.map(v => v * 0.5 + 1) : values
    return assign(target, constant(variables.graph, initial, { shape }))
  })
}

async function open(scope: CleanupScope, { options, side }: Case, precision: Precision) {
  const net = (layers: Layers, x: Tensor): Tensor =>
    options.kind === 'vgg' ? vgg(layers, x, options, classes) : resnet(layers, x, options, classes)
  const l2 = options.kind === 'vgg' ? 5e-4 : 0
  const graph = new Graph()
  const variables = new Variables(graph)
  const shape = [batch, side, side, 3]
  const images = placeholder(graph, 'images', 'float32', shape)
  const layers = createLayers(variables, 'training')
  const logits = net(layers.argScope({ conv2d: { precision, l2 } }), images)
  const labels = constant(graph, [0, 1, 2, 0], { dtype: 'int32' })
  const loss = addN([
    reduceMean(sparseSoftmaxCrossEntropy(logits, labels)),
    ...layers.regularizationLosses,
  ])
  const targets = variables.trainable
  const grads = gradients(
    loss,
    targets.map(({ value }) => value),
  )
  const inferenceLogits = net(createLayers(variables, 'inference'), images)
  const session = await openGraphSession(scope, graph, {
    set: {
      inputs: {},
      outputs: { done: identity(scalar(graph, 1), { controlInputs: assignWaves(variables) }) },
    },
    train: {
      inputs: { images },
      outputs: {
        loss,
        logits,
        ...Object.fromEntries(targets.map(({ name }, i) => [name, grads[i]!])),
      },
    },
    infer: { inputs: { images }, outputs: { inferenceLogits } },
  })
  session.run('set')
  const feeds = { images: { data: wave(sizeOf(shape), 0.2, 1), shape } }
  return {
    graph,
    names: targets.map(({ name }) => name),
    step: session.run('train', feeds),
    inferenceLogits: session.run('infer', feeds).floats('inferenceLogits'),
  }
}

function assertClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  what: string,
) {
  assert.equal(actual.length, expected.length, what)
  const largest = Math.max(...expected.map(Math.abs))
  for (const [i, value] of expected.entries()) {
    const distance = Math.abs(actual[i]! - value)
    assert.ok(
      distance <= tolerance * largest,
      `${what} ${i} is ${actual[i]}, TensorFlow says ${value}`,
    )
  }
}

for (const expected of cases) {
  test(`a thin ${expected.name} agrees with Python TensorFlow`, async t => {
    const { names, step, inferenceLogits } = await open(t, expected, 'fp32')
    assertClose([step.number('loss')], [expected.loss], 1e-4, 'the loss')
    assertClose(step.floats('logits'), expected.logits, 1e-4, 'logit')
    assertClose(inferenceLogits, expected.inferenceLogits, 1e-4, 'inference logit')
    assert.deepEqual(names.toSorted(), Object.keys(expected.gradientNorms).toSorted())
    const largest = Math.max(...Object.values(expected.gradientNorms))
    for (const [name, norm] of Object.entries(expected.gradientNorms)) {
      const actual = Math.hypot(...step.floats(name))
      const distance = Math.abs(actual - norm)
      assert.ok(
        distance <= 1e-3 * norm + 1e-5 * largest,
        `the gradient of ${name} has the norm ${actual}, TensorFlow's ${norm}`,
      )
    }
  })
}

for (const precision of ['bf16', 'fp16'] as const) {
  test(`with ${precision}, activations between layers are ${precision} and the loss is near that of fp32`, async t => {
    for (const expected of cases) {
      const { graph, step } = await open(t, expected, precision)
      // batch norm over few pixels amplifies rounding errors
      const tolerance = expected.name.includes('imagenet') ? 0.3 : 0.03
      assertClose([step.number('loss')], [expected.loss], tolerance, `the loss of ${expected.name}`)
      const half = precision === 'bf16' ? 'bfloat16' : 'float16'
      const activations = graph.nodes.filter(({ op }) => /^(Relu|MaxPool|AddV2)$/.test(op.type))
      assert.ok(activations.some(({ outputs }) => outputs[0]!.dtype === half))
      const upcasts = graph.nodes.filter(
        ({ op, inputs, outputs }) =>
          op.type === 'Cast' &&
          inputs[0]!.dtype === half &&
          outputs[0]!.dtype === 'float32' &&
          inputs[0]!.shape.length === 4 &&
          inputs[0]!.shape[0] === batch,
      )
      assert.ok(upcasts.length <= 2, `${expected.name} casts ${upcasts.length} activations up`)
    }
  })
}

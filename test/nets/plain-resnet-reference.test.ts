import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gradients } from '../../src/graph/autodiff.js'
import { Graph } from '../../src/graph/graph.js'
import { constant, placeholder, scalar } from '../../src/graph/ops/constant.js'
import { identity } from '../../src/graph/ops/control.js'
import { reduceMean } from '../../src/graph/ops/reduce.js'
import { sparseSoftmaxCrossEntropy } from '../../src/graph/ops/softmax.js'
import { assign } from '../../src/graph/ops/state.js'
import { sizeOf } from '../../src/graph/shape.js'
import { createLayers } from '../../src/nets/layers.js'
import { plainResNet } from '../../src/nets/plain-resnet.js'
import { Variables } from '../../src/nets/variables.js'
import { assertClose } from '../../testing/assert-close.js'
import { openGraphSession } from '../graph/tensorflow.js'
import { references } from './plain-resnet-reference.js'

const wave = (count: number, phase: number, scale: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.3 + phase) * scale)

const assertAgrees = (actual: number, expected: number, what: string) =>
  assertClose(actual, expected, 1e-4 * Math.max(1, Math.abs(expected)), what)

for (const { options, loss: expectedLoss, gradientStats, inferenceLogits } of references) {
  test(`a ${options.block} net agrees with Python TensorFlow`, async t => {
    const graph = new Graph()
    const variables = new Variables(graph)
    const images = placeholder(graph, 'images', 'float32', [8, 6, 6, 3])
    const layers = createLayers(variables, 'training')
    const logits = plainResNet(layers, images, options, 3)
    const labels = constant(graph, [0, 1, 2, 0, 1, 2, 0, 1], { dtype: 'int32' })
    const loss = reduceMean(sparseSoftmaxCrossEntropy(logits, labels))
    const targets = variables.trainable
    const grads = gradients(
      loss,
      targets.map(({ value }) => value),
    )
    const any = placeholder(graph, 'any', 'float32', [-1, 6, 6, 3])
    const predicted = plainResNet(createLayers(variables, 'inference'), any, options, 3)

    const assignments = variables.all.map((target, i) => {
      const values = wave(sizeOf(target.shape), i * 0.7, 0.5)
      const positive = /gamma|moving_variance/.test(target.name)
      const initial = positive ? values.map(value => value * 0.5 + 1) : values
      return assign(target, constant(graph, initial, { shape: target.shape }))
    })
    const session = await openGraphSession(t, graph, {
      set: {
        inputs: {},
        outputs: { done: identity(scalar(graph, 1), { controlInputs: assignments }) },
      },
      train: {
        inputs: { images },
        outputs: {
          loss: identity(loss, { controlInputs: layers.updates }),
          ...Object.fromEntries(targets.map(({ name }, i) => [name, grads[i]!])),
        },
      },
      infer: { inputs: { any }, outputs: { predicted } },
    })
    session.run('set')
    const data = wave(8 * 6 * 6 * 3, 0.2, 1)
    const step = session.run('train', { images: { data, shape: [8, 6, 6, 3] } })
    assertAgrees(step.number('loss'), expectedLoss, 'the loss')
    assert.deepEqual(
      targets.map(({ name }) => name).toSorted(),
      Object.keys(gradientStats).toSorted(),
    )
    for (const [name, [norm, sum]] of Object.entries(gradientStats)) {
      const gradient = step.floats(name)
      assertAgrees(Math.hypot(...gradient), norm, `the norm of the gradient of ${name}`)
      assertAgrees(
        gradient.reduce((a, b) => a + b, 0),
        sum,
        `the sum of the gradient of ${name}`,
      )
    }
    const two = session.run('infer', { any: { data: data.subarray(0, 216), shape: [2, 6, 6, 3] } })
    for (const [i, value] of two.floats('predicted').entries())
      assertAgrees(value, inferenceLogits[i]!, `logit ${i}`)
  })
}

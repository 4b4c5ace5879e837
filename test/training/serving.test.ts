import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readTensorBundle } from '../../src/formats/tensor-bundle.js'
import { Graph } from '../../src/graph/graph.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import { createLayers } from '../../src/nets/layers.js'
import { Variables } from '../../src/nets/variables.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import { layoutTensor } from '../../src/spec/weights.js'
import { normalize } from '../../src/training/images.js'
import { buildNetwork } from '../../src/training/network.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { buildServingProgram, filesSignature } from '../../src/training/serving.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { images, plan, reference, runtime } from './reference-job.js'

const { classes } = reference
const plainResNet = { kind: 'resnet', blocks: 2, filters: 8, kernel: 3, ratio: 4 } as const

const models: { model: NetworkOptions; side: number; folded: number; kept: number }[] = [
  { model: { ...plainResNet, block: 'plain' }, side: 8, folded: 4, kept: 2 },
  { model: { ...plainResNet, block: 'bottleneck' }, side: 8, folded: 6, kept: 2 },
  { model: { kind: 'resnet', depth: 20, version: 1, stem: 'cifar' }, side: 8, folded: 21, kept: 0 },
  { model: { kind: 'resnet', depth: 20, version: 2, stem: 'cifar' }, side: 8, folded: 9, kept: 10 },
  {
    model: { kind: 'vgg', depth: 11, batchNorm: true, dense: 'gap', dropout: 0.5 },
    side: 32,
    folded: 8,
    kept: 0,
  },
]

for (const { model, side, folded, kept } of models) {
  test(`${JSON.stringify(model)} predicts the same with ${folded} batch norms folded`, async t => {
    const root = await tempFolder(t)
    const format = { ...images, height: side, width: side }
    const program = buildTrainingProgram({ model, images: format, classes, plan })
    await writeSavedModel(join(root, 'program'), program.graph, program)
    const training = await openSession(runtime, join(root, 'program'))
    t.after(() => training.close())
    const files = { data: ['test/training/reference/images.tfrecord'], shape: [1] }
    training.run('init', { seed: 7 })
    if (side === 8) {
      training.run('start', { files, records: 40, seed: 7 })
      for (let batch = 0; batch < 3; batch++) {
        training.run('train', { learningRate: 0.01, seed: 7, batch })
      }
    }

    const serving = buildServingProgram({ model, images: format, classes })
    const norms = serving.graph.nodes.filter(
      ({ name, op }) => op.type === 'FusedBatchNormV3' && !name.startsWith(`${filesSignature}/`),
    )
    assert.equal(norms.length, kept)
    const unfolded = unfoldedProgram(model, format)
    const pixels = Float32Array.from({ length: 2 * side * side * 3 }, (_, i) => (i * 37) % 256)
    const logits = []
    for (const [name, spec] of Object.entries({ serving, unfolded })) {
      const folder = join(root, name)
      await writeSavedModel(folder, spec.graph, spec)
      training.run('export', { model: variablesPrefix(folder) })
      const session = await openSession(runtime, folder)
      t.after(() => session.close())
      const feeds = { images: { data: pixels, shape: [2, side, side, 3] } }
      logits.push(session.run('serving_default', feeds).floats('logits'))
    }
    const bundle = await readTensorBundle(`${variablesPrefix(join(root, 'serving'))}.index`)
    const layouts = bundle!.tensors.filter(({ name }) => name.startsWith('trainyard/'))
    const isVersion1 = 'version' in model && model.version === 1
    assert.deepEqual(
      layouts.map(({ name }) => name),
      isVersion1 ? [layoutTensor('torchvision')] : [],
    )
    const [actual, expected] = logits as [Float32Array, Float32Array]
    const largest = Math.max(...expected.map(Math.abs))
    for (const [i, value] of expected.entries()) {
      const distance = Math.abs(actual[i]! - value) / largest
      assert.ok(distance < 1e-5, `logit ${i} is ${actual[i]}, without folding ${value}`)
    }
  })
}

/** The network with its batch norms. The exported bundle has their variables too. */
function unfoldedProgram(model: NetworkOptions, format: typeof images) {
  const graph = new Graph()
  const variables = new Variables(graph)
  const { height, width, channels } = format
  const input = placeholder(graph, 'images', 'float32', [-1, height, width, channels])
  const layers = createLayers(variables, 'inference')
  const logits = buildNetwork(layers, normalize(input, format), model, classes)
  const serving_default = { inputs: { images: input }, outputs: { logits } }
  return { graph, variables: variables.all, signatures: { serving_default } }
}

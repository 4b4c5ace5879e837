// Steps that compute a part of their activations again need less memory, and give the same weights.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeExample } from '../../src/datasets/images/tfrecord/example.js'
import { TfrecordWriter } from '../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { loadNativeOps } from '../../src/engine/native-ops.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import type { TrainingKernels } from '../../src/spec/training-kernels.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import type { ImageFormat } from '../../src/training/images.js'
import { startInputPipeline } from '../../src/training/input.js'
import { stepMemory } from '../../src/training/memory.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { assertClose } from '../../testing/assert-close.js'
import { processFolder } from '../../testing/temp-folder.js'
import { images, openProgram, plan, reference } from './reference-job.js'

const skip = loadNativeOps() ? false : 'set-up could not compile the ops'

const plain = reference.cases[0]!.model
const vgg = { kind: 'vgg', depth: 11, dense: 'gap', dropout: 0.5 } as const
const resnet = { kind: 'resnet', stem: 'cifar' } as const
const networks: Record<string, NetworkOptions> = {
  'the plain net': plain,
  'ResNet-18 v1': { ...resnet, depth: 18, version: 1 },
  'ResNet-50 v2': { ...resnet, depth: 50, version: 2 },
  'ResNet-50 v1': { ...resnet, depth: 50, version: 1 },
  'VGG-11': { ...vgg, batchNorm: false },
  'VGG-11 with batch norm': { ...vgg, batchNorm: true },
}

const format: ImageFormat = { ...images, height: 32, width: 32 }
const records = join(processFolder(), 'images.tfrecord')
const writer = new TfrecordWriter(records)
for (let i = 0; i < 16; i++) {
  const image = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * (i + 3) + i) % 251)
  writer.write(encodeExample({ image, label: i % 3 }, format))
}
writer.close()
const input = { files: [records], first: 0, count: 16 }

async function train(
  model: NetworkOptions,
  kernels: TrainingKernels,
  options: Partial<TrainingPlan>,
) {
  const opened = await openProgram(model, { batchSize: 4, ...options }, format, { kernels })
  const { session, tempFolder } = opened
  session.run('init', { seed: 1 })
  startInputPipeline(session, opened.plan, input, input)
  const losses = [0, 1, 2].map(batch =>
    session.run('train', { seed: 1, batch, learningRate: 0.01 }).number('loss'),
  )
  const bundles = { model: join(tempFolder, 'model'), input: join(tempFolder, 'input') }
  session.run('save', bundles)
  session.close()
  return { losses, checkpoint: await readFile(`${bundles.model}.data-00000-of-00001`) }
}

type Training = Awaited<ReturnType<typeof train>>

/** TensorFlow may fuse a convolution with the bias and the sum that follow it, if the backward pass does not read them. */
function assertClosely(low: Training, normal: Training, tolerance: number): void {
  for (const [i, loss] of low.losses.entries()) {
    assertClose(loss, normal.losses[i]!, tolerance, `loss of step ${i + 1}`)
  }
}

for (const [i, [name, model]] of Object.entries(networks).entries()) {
  const hasBias = name.endsWith('v2') || model.kind === 'vgg'
  const precision = i % 2 === 0 ? 'fp32' : 'bf16'
  const what = hasBias ? 'losses within rounding' : 'weights, byte for byte'
  test(`${name} in ${precision}: low memory gives the same ${what}`, { skip }, async () => {
    const normal = await train(model, 'own', { precision })
    const low = await train(model, 'own', { precision, memory: 'low' })
    if (hasBias) return assertClosely(low, normal, precision === 'bf16' ? 0.1 : 1e-3)
    assert.deepEqual(low.losses, normal.losses)
    assert.ok(low.checkpoint.equals(normal.checkpoint), 'the checkpoints differ')
  })
}

test('low memory gives the same bytes each time', { skip }, async () => {
  const options = { precision: 'bf16', memory: 'low' } as const
  const [first, second] = [
    await train(networks['ResNet-50 v2']!, 'own', options),
    await train(networks['ResNet-50 v2']!, 'own', options),
  ]
  assert.ok(second.checkpoint.equals(first.checkpoint), 'the checkpoints differ')
})

test("with TensorFlow's batch norm, low memory gives the same losses within rounding", async () => {
  const options = { l2: 0.01, augment: { ...plan.augment, flip: true } }
  const normal = await train(plain, 'stock', options)
  const low = await train(plain, 'stock', { ...options, memory: 'low' })
  assertClosely(low, normal, 1e-5)
})

test('averages and clipped gradients are computed as without', { skip }, async () => {
  const options = { ema: { decay: 0.9 }, clipGradients: { norm: 1 } }
  const normal = await train(plain, 'own', options)
  const low = await train(plain, 'own', { ...options, memory: 'low' })
  assert.ok(low.checkpoint.equals(normal.checkpoint), 'the checkpoints differ')
})

/** The estimated bytes of a step, which batches of images of ImageNet's size dominate. */
function stepBytes(model: NetworkOptions, kernels: TrainingKernels, memory: 'normal' | 'low') {
  const program = buildTrainingProgram({
    model,
    images: { ...images, height: 224, width: 224 },
    classes: 3,
    plan: { ...plan, batchSize: 16, memory },
    kernels,
  })
  return stepMemory(program).stepBytes
}

test('with low memory, a step of a large network needs at most 60 % of its memory', () => {
  for (const version of [1, 2] as const) {
    const model = { kind: 'resnet', depth: 50, version, stem: 'imagenet' } as const
    const [normal, low] = (['normal', 'low'] as const).map(m => stepBytes(model, 'own', m))
    assert.ok(low! <= 0.6 * normal!, `version ${version}: ${low} bytes instead of ${normal}`)
  }
})

test('at most 60 % of a forward pass is computed again', () => {
  const model = { kind: 'resnet', depth: 50, version: 1, stem: 'imagenet' } as const
  const convolutions = (memory: 'normal' | 'low') => {
    const { graph } = buildTrainingProgram({
      model,
      images: { ...images, height: 64, width: 64 },
      classes: 3,
      plan: { ...plan, memory },
      kernels: 'own',
    })
    return graph.nodes.filter(({ op, name }) => op.type === 'Conv2D' && name.startsWith('train/'))
      .length
  }
  const [normal, low] = [convolutions('normal'), convolutions('low')]
  assert.ok(low > normal, 'no convolution is computed again')
  assert.ok(low < 1.6 * normal, `${low} convolutions instead of ${normal}`)
})

import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import type { NetworkOptions } from '../../src/spec/model-options.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { buildServingProgram } from '../../src/training/serving.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { plan, runtime } from '../training/reference-job.js'

const small = { kind: 'resnet', blocks: 2, filters: 8, kernel: 3, ratio: 4 } as const

/** A network of each kind of layer that networks have. */
export const networks: readonly { model: NetworkOptions; side: number }[] = [
  { model: { ...small, block: 'plain' }, side: 8 },
  { model: { ...small, block: 'bottleneck' }, side: 8 },
  { model: { kind: 'resnet', depth: 20, version: 1, stem: 'cifar' }, side: 16 },
  { model: { kind: 'resnet', depth: 18, version: 1, stem: 'imagenet' }, side: 33 },
  { model: { kind: 'resnet', depth: 50, version: 2, stem: 'imagenet' }, side: 33 },
  { model: { kind: 'vgg', depth: 11, batchNorm: true, dense: 'gap', dropout: 0.5 }, side: 32 },
]

const classes = 5
const channels = 3 as const

export interface ServedExample {
  /** With `saved_model/`, as the folder of a published version. */
  folder: string
  input: { height: number; width: number; channels: 3; mean: number[]; std: number[] }
  labels: string[]
  /** Pixels [2, height, width, channels], and TensorFlow's logits [2, classes] for them. */
  pixels: Float32Array
  logits: Float32Array
}

/** Writes a served network with random weights, and predicts with it. */
export async function serveNetwork(
  t: TestContext,
  model: NetworkOptions,
  side: number,
): Promise<ServedExample> {
  const folder = await tempFolder(t)
  const images = { height: side, width: side, channels, mean: [100, 110, 120], std: [50, 60, 70] }
  const format = { ...images, encoding: 'raw' } as const
  const program = buildTrainingProgram({ model, images: format, classes, plan })
  await writeSavedModel(join(folder, 'program'), program.graph, program)
  const training = await openSession(runtime, join(folder, 'program'))
  t.after(() => training.close())
  training.run('init', { seed: 7 })
  const serving = buildServingProgram({ model, images: format, classes })
  const savedModel = join(folder, 'saved_model')
  await writeSavedModel(savedModel, serving.graph, serving)
  training.run('export', { model: variablesPrefix(savedModel) })

  const session = await openSession(runtime, savedModel)
  t.after(() => session.close())
  const shape = [2, side, side, channels]
  const pixels = Float32Array.from({ length: 2 * side * side * channels }, (_, i) => (i * 37) % 256)
  const logits = session.run('serving_default', { images: { data: pixels, shape } })
  return {
    folder,
    input: { ...images, channels },
    labels: Array.from({ length: classes }, (_, i) => `class ${i}`),
    pixels,
    logits: logits.floats('logits'),
  }
}

/** The largest difference, as a part of the largest expected number. */
export const largestDifference = (actual: readonly number[], expected: Float32Array): number => {
  const largest = Math.max(...expected.map(Math.abs))
  return Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!) / largest))
}

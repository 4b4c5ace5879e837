import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { variablesPrefix, writeSavedModel } from '../../../src/graph/saved-model.js'
import { openSession } from '../../../src/graph/session.js'
import type { ServedModel } from '../../../src/serving/pool/request.js'
import type { PlainResNet } from '../../../src/spec/model-options.js'
import type { ImageFormat } from '../../../src/training/images.js'
import { buildTrainingProgram } from '../../../src/training/program.js'
import { buildServingProgram, type ServedNetwork } from '../../../src/training/serving.js'
import { images, plan, reference, runtime } from '../../training/reference-job.js'

const { classes } = reference
const model: PlainResNet = {
  kind: 'resnet',
  block: 'plain',
  blocks: 2,
  filters: 8,
  kernel: 3,
  ratio: 4,
}

/** Writes a network with random weights to the folder `target`, as a trainer publishes it. */
export async function writeNetwork(
  target: string,
  { model, images, classes }: ServedNetwork & { images: ImageFormat },
  seed: number,
): Promise<void> {
  const program = buildTrainingProgram({ model, images, classes, plan })
  const training = `${target}-program`
  await writeSavedModel(training, program.graph, program)
  const session = await openSession(runtime, training)
  await rm(training, { recursive: true })
  session.run('init', { seed })
  const { height, width } = images
  const resize = { height, width, mode: 'fill' } as const
  const serving = buildServingProgram({ model, images: { ...images, resize }, classes })
  await writeSavedModel(target, serving.graph, serving)
  session.run('export', { model: variablesPrefix(target) })
  session.close()
}

/** Writes a small residual network with random weights, as a trainer publishes it. */
export async function publishNetwork(
  folder: string,
  name: string,
  seed: number,
): Promise<ServedModel> {
  const target = join(folder, name)
  await writeNetwork(target, { model, images, classes }, seed)
  return {
    name,
    version: 1,
    folder: target,
    image: [images.height, images.width, 3],
    precision: 'fp32',
  }
}

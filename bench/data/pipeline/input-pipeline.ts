import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { engineEnvironment } from '../../../src/engine/environment.js'
import { pythonProgram } from '../../peer.js'
import type { Program } from '../../subject.js'
import { pythonOf } from '../../venv.js'
import type { DataCase, DataPart } from '../part.js'
import { pythonScript } from '../python-script.js'
import { imageSide, imagesEachBatch, type PipelineRequest, pipelineCases } from './cases.js'
import { storePhotos } from './stored-images.js'

/** More than any subject prepares in advance. */
const preparedBatches = 16
/** Of the case that trains: each takes seconds. */
const trainingBatches = 2

/**
 * Reads a data set of JPEGs as training does: shuffled, decoded, augmented, as batches of standardized
 * float32 pixels, with all cores. The last case trains a network on them, from a stream and from memory.
 */
export const inputPipeline: DataPart = async (folder, { images }, threads) => {
  const batches = Math.max(1, Math.floor(images / imagesEachBatch))
  const programs = await readers(threads)
  const bySide = new Map<number | null, ReturnType<typeof storePhotos>>()
  const requests = new Map<string, PipelineRequest>()
  for (const { name, ...each } of pipelineCases) {
    const { side } = each
    const tempFolder = join(folder, side ? `side-${side}` : 'different-sizes')
    if (!bySide.has(side)) bySide.set(side, storePhotos(tempFolder, side, images))
    const { photos, stored } = await bySide.get(side)!
    const { mean, std } = stored.manifest
    const data = { photos, stored, mean, std, tempFolder }
    const amounts = { imageSide, imagesEachBatch, batches, preparedBatches }
    requests.set(name, { ...each, ...data, ...amounts })
  }
  const [firstRequest] = requests.values()
  const cases: DataCase[] = []
  for (const [name, request] of requests) {
    cases.push({ name, request, programs, images: batches * imagesEachBatch })
  }
  cases.push({
    name: `training-resnet18-${imageSide}`,
    request: { ...firstRequest, batches: trainingBatches },
    programs: new Map([
      ['trainyard', ours('trainyard-job.js', [], threads)],
      ['in-memory', ours('trainyard-job.js', ['--in-memory'], threads)],
    ]),
    images: trainingBatches * imagesEachBatch,
  })
  return cases
}

/** One after the other: their environments are created if they are missing. */
async function readers(threads: number): Promise<ReadonlyMap<string, Program>> {
  const python = async (environment: 'tensorflow' | 'torch', script: string) =>
    pythonProgram(await pythonOf(environment, 'cpu'), [pythonScript(script)], threads)
  return new Map([
    ['trainyard', ours('trainyard-input.js', [], threads)],
    ['keras', await python('tensorflow', 'with_keras_dataset.py')],
    ['torch', await python('torch', 'with_torch_loader.py')],
  ])
}

const ours = (script: string, options: readonly string[], threads: number): Program => ({
  command: process.execPath,
  args: [fileURLToPath(new URL(script, import.meta.url)), ...options],
  env: engineEnvironment({ cores: threads }),
})

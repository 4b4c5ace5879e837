// The subject trainyard: the input of a streaming job, up to the pixels that its network gets.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { loadTensorFlow } from '../../../src/engine/tensorflow.js'
import { Graph } from '../../../src/graph/graph.js'
import { slice } from '../../../src/graph/ops/array.js'
import { placeholder } from '../../../src/graph/ops/constant.js'
import { writeSavedModel } from '../../../src/graph/saved-model.js'
import { openSession } from '../../../src/graph/session.js'
import { augmentBatch } from '../../../src/training/augmented-batch.js'
import { normalizeBatch } from '../../../src/training/images.js'
import { buildInputPipeline, startInputPipeline } from '../../../src/training/input.js'
import { type PreparedSubject, runSubject } from '../../subject-protocol.js'
import { versionsOf } from '../../train/binding.js'
import { planJob, recordsOf } from '../../train/job.js'
import type { PipelineRequest } from './cases.js'

async function prepare(request: PipelineRequest): Promise<PreparedSubject> {
  const { stored, padCrop, minArea, imagesEachBatch: batchSize } = request
  const { manifest: images } = stored
  const { training: plan } = planJob('the input pipeline', stored.manifest, {
    model: { kind: 'resnet' },
    training: {
      batchSize,
      input: 'streaming',
      augment: { flip: true, padCrop, randomResizedCrop: minArea },
    },
  })
  const graph = new Graph()
  const seed = placeholder(graph, 'seed', 'int32')
  const batch = placeholder(graph, 'batch', 'int32')
  const records = { training: images.records, validation: 0 }
  const input = buildInputPipeline({ graph, images, plan, seed }, records)
  const classes = images.labels.length
  const { pixels } = augmentBatch(input.training(batch), {
    ...{ plan, batchSize, images, classes },
    rng: { seed, batch },
    engine: 'cpu',
  })
  // one value of each image: to hand out all of them would copy them once more than training does
  const corners = slice(normalizeBatch(pixels, images), [0, 0, 0, 0], [batchSize, 1, 1, 1])
  const program = {
    graph,
    signatures: {
      ...input.signatures,
      read: { inputs: { seed, batch }, outputs: { corners } },
    },
  }
  const folder = mkdtempSync(join(request.tempFolder, 'program-'))
  await writeSavedModel(folder, graph, program)
  const tf = loadTensorFlow()
  const session = await openSession(tf, folder)
  const training = recordsOf(images, stored.folder)
  startInputPipeline(session, plan, training, { ...training, first: images.records, count: 0 })
  let next = 0
  const read = (batches: number) => {
    for (let i = 0; i < batches; i++) session.run('read', { seed: plan.seed, batch: next++ })
  }
  read(request.batches)
  return {
    ready: { versions: versionsOf(tf) },
    async steps(count) {
      const times = []
      for (let step = 0; step < count; step++) {
        read(request.preparedBatches)
        const since = performance.now()
        read(request.batches)
        times.push(performance.now() - since)
      }
      return times
    },
  }
}

await runSubject(prepare)

// Jobs whose steps take long enough for the input to keep up: from a stream, or `--in-memory`.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { runSubject } from '../../subject-protocol.js'
import { planJob, startJob } from '../../train/job.js'
import type { PreparedTraining } from '../../train/ready.js'
import type { PipelineRequest } from './cases.js'

async function prepare(request: PipelineRequest): Promise<PreparedTraining> {
  const { stored, padCrop, minArea, imagesEachBatch: batchSize } = request
  const job = planJob('training', stored.manifest, {
    model: { kind: 'resnet', depth: 18, version: 1, stem: 'imagenet' },
    training: {
      batchSize,
      input: process.argv.includes('--in-memory') ? 'in-memory' : 'streaming',
      augment: { flip: true, padCrop, randomResizedCrop: minArea },
    },
  })
  const tempFolder = mkdtempSync(join(request.tempFolder, 'job-'))
  const prepared = await startJob(job, stored.manifest, {
    kernels: 'own',
    datasetFolder: stored.folder,
    tempFolder,
  })
  return {
    ...prepared,
    async steps(count) {
      const times = []
      for (let step = 0; step < count; step++) {
        const each = await prepared.steps(request.batches)
        times.push(each.reduce((sum, ms) => sum + ms, 0))
      }
      return times
    },
  }
}

await runSubject(prepare)

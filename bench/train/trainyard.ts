// The subjects trainyard and, with the option --stock-kernels, trainyard-stock: a job planned as by the server, run by
// the trainer's own loop.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runSubject } from '../subject-protocol.js'
import type { CaseRequest, Network } from './cases.js'
import { planJob, startJob } from './job.js'
import type { PreparedTraining } from './ready.js'
import { writeDataset } from './synthetic.js'

/** Models as a client would request them. */
const models: Readonly<Record<Network, object>> = {
  'resnet-plain': { kind: 'resnet', block: 'plain', blocks: 5, filters: 64 },
  resnet50: { kind: 'resnet', depth: 50, version: 1, stem: 'imagenet' },
  vgg16: { kind: 'vgg', depth: 16, dense: 'gap', dropout: 0 },
}

const kernels = process.argv.includes('--stock-kernels') ? 'stock' : 'own'

async function prepare(request: CaseRequest): Promise<PreparedTraining> {
  const { name, network, batch, precision } = request
  // two subjects with other kernels share the case's folder
  const tempFolder = join(request.tempFolder, kernels)
  await mkdir(tempFolder)
  const datasetFolder = join(tempFolder, 'dataset')
  const dataset = await writeDataset(request, datasetFolder)
  const job = planJob(name, dataset, {
    model: models[network],
    training: {
      batchSize: batch,
      learningRate: 1e-3,
      ...(precision === 'fp32' ? {} : { precision }),
    },
  })
  return startJob(job, dataset, { datasetFolder, tempFolder, kernels })
}

await runSubject(prepare)

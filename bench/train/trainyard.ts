// The subject trainyard: a job planned as by the server, run by the trainer's own loop.
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

async function prepare(request: CaseRequest): Promise<PreparedTraining> {
  const { name, network, batch, precision, tempFolder } = request
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
  return startJob(job, dataset, { datasetFolder, tempFolder })
}

await runSubject(prepare)

// The subjects trainyard and, with the option --stock-kernels, trainyard-stock: a job planned as by the server, run by
// the trainer's own loop. With --shards and --devices, the subjects of bench/scale.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runSubject } from '../subject-protocol.js'
import type { CaseRequest } from './cases.js'
import { planJob, startJob } from './job.js'
import { models } from './models.js'
import type { PreparedTraining } from './ready.js'
import { writeDataset } from './synthetic.js'

const { values } = parseArgs({
  options: {
    'stock-kernels': { type: 'boolean', default: false },
    shards: { type: 'string', default: '1' },
    devices: { type: 'string', default: '1' },
  },
})
const kernels = values['stock-kernels'] ? 'stock' : 'own'
const devices = Number(values.devices)

async function prepare(request: CaseRequest): Promise<PreparedTraining> {
  const { name, network, batch, precision } = request
  // several subjects share the case's folder
  const tempFolder = join(request.tempFolder, `${kernels}-${values.shards}-${devices}`)
  await mkdir(tempFolder)
  const datasetFolder = join(tempFolder, 'dataset')
  const dataset = await writeDataset(request, datasetFolder)
  const job = planJob(name, dataset, {
    model: models[network],
    training: {
      batchSize: batch,
      learningRate: 1e-3,
      shards: Number(values.shards),
      ...(precision === 'fp32' ? {} : { precision }),
    },
  })
  return startJob(job, dataset, { datasetFolder, tempFolder, kernels, devices })
}

await runSubject(prepare)

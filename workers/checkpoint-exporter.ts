// The process that makes checkpoints of jobs predict: it writes one to a folder that is like that of a model, for the
// predictors, and answers what the checkpoint takes and predicts.
import { copyFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setEnvironment } from '../src/config.js'
import { engineEnvironment } from '../src/engine/environment.js'
import { loadTensorFlow } from '../src/engine/tensorflow.js'
import { variablesPrefix, writeSavedModel } from '../src/graph/saved-model.js'
import { openSession } from '../src/graph/session.js'
import { answerTasks } from '../src/ipc/answer-parent.js'
import type { CheckpointContract, CheckpointExportTask } from '../src/spec/ipc-messages.js'
import { type BoostingJob, isBoosting, isPrediction, type NetworkJob } from '../src/spec/job.js'
import { buildCheckpointExport } from '../src/training/checkpoint-export.js'
import { buildServingProgram } from '../src/training/serving.js'
import { readTensors } from '../src/weights/read-tensors.js'
import { columnsOf, requireTable } from './attempts/boosting-tables.js'
import { boostingContract, imagesOf, networkContract } from './attempts/model-contract.js'

// one core, and no GPU: a job may train on the others at this moment
setEnvironment(engineEnvironment({ cores: 1, gpus: '' }))

answerTasks((task: CheckpointExportTask): Promise<CheckpointContract> => {
  const { job } = task
  // the server selects checkpoints of jobs that train
  if (isPrediction(job)) throw new Error(`job ${job.id} predicts`)
  return isBoosting(job) ? exportTrees(task, job) : exportNetwork(task, job)
})

async function exportNetwork(
  { checkpoint, step, dataset, folder }: CheckpointExportTask,
  job: NetworkJob,
): Promise<CheckpointContract> {
  const images = imagesOf(job, dataset)
  const options = { model: job.model, images, classes: images.labels.length }
  const savedModel = join(folder, 'saved_model')
  const serving = buildServingProgram(options)
  await writeSavedModel(savedModel, serving.graph, serving)
  const from = join(checkpoint, `model.ckpt-${step}`)
  const tensors = await readTensors(from)
  if (!tensors) throw new Error(`the checkpoint of step ${step} cannot be read`)
  const exporter = buildCheckpointExport(options, new Set(tensors.map(({ name }) => name)))
  const program = join(folder, 'export')
  await writeSavedModel(program, exporter.graph, exporter)
  const session = await openSession(loadTensorFlow(), program)
  try {
    session.run('export', { from, to: variablesPrefix(savedModel) })
  } finally {
    session.close()
    await rm(program, { recursive: true })
  }
  return networkContract(images)
}

async function exportTrees(
  { checkpoint, dataset, folder }: CheckpointExportTask,
  job: BoostingJob,
): Promise<CheckpointContract> {
  const columns = columnsOf(job, requireTable(dataset))
  const contract = boostingContract(job, dataset, columns)
  await copyFile(join(checkpoint, 'model.ubj'), join(folder, 'model.ubj'))
  // what the predictor of rows reads of a manifest
  const manifest = JSON.stringify({ model: job.model, ...contract })
  await writeFile(join(folder, 'manifest.json'), manifest)
  return contract
}

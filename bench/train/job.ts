import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Errors } from 'typebox/value'
import { readInstallation } from '../../src/engine/installation.js'
import { loadTrainingOps } from '../../src/engine/native-ops.js'
import { loadTensorFlow } from '../../src/engine/tensorflow.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import { planNetworkJob } from '../../src/planning/plan.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import { type NetworkJob, NetworkJobRequest } from '../../src/spec/job.js'
import type { TrainingKernels } from '../../src/spec/training-kernels.js'
import { buildProgram } from '../../src/training/build-program.js'
import { deviceNames, sessionOptions } from '../../src/training/devices.js'
import { runTraining } from '../../src/training/loop.js'
import { BenchError } from '../failure.js'
import { versionsOf } from './binding.js'
import { StepController } from './pace.js'
import type { PreparedTraining } from './ready.js'

/** A request without the steps to train. */
interface RequestedJob {
  model: object
  training: object
}

/** More steps than any bench runs, so that neither the job's end nor a checkpoint interferes. */
const endlessSteps = 1_000_000

const identity = { id: '0'.repeat(26), createdAt: new Date(0).toISOString() }

/** Plans an endless job on all images as the server would, so that no option is silently ignored. */
export function planJob(
  name: string,
  dataset: ImagesManifest,
  { model, training }: RequestedJob,
): NetworkJob {
  const request = {
    model,
    dataset: dataset.name,
    training: {
      steps: endlessSteps,
      checkpointEvery: endlessSteps,
      validation: 0,
      ...training,
    },
  }
  const errors = Errors(NetworkJobRequest, request)
  if (errors.length === 0)
    return planNetworkJob(identity, request as NetworkJobRequest, dataset, null)
  const reasons = errors
    // the enclosing object reports these errors better
    .filter(({ keyword }) => keyword !== 'boolean')
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${quoted(params)}`)
  throw new BenchError(`the server would refuse the job of ${name}: ${reasons.join('; ')}`)
}

const quoted = (params: object) => Object.values(params).flat().join(', ')

interface BenchJobOptions {
  datasetFolder: string
  tempFolder: string
  /** With `stock`, no kernel of a convolution is measured either. */
  kernels: TrainingKernels
  /** Devices that compute a step's micro-batches. Default: 1. */
  devices?: number
}

/** Starts a planned job in the trainer's own loop, and runs its first step. */
export async function startJob(
  { model, training: plan }: NetworkJob,
  dataset: ImagesManifest,
  { datasetFolder, tempFolder, kernels, devices = 1 }: BenchJobOptions,
): Promise<PreparedTraining> {
  const lap = stopwatch()
  const tf = loadTensorFlow()
  const loaded = lap()
  const engine = readInstallation().kind
  const classes = dataset.labels.length
  const records = { training: dataset.records, validation: 0 }
  const program = await buildProgram(
    {
      model,
      images: dataset,
      classes,
      plan,
      records,
      engine,
      kernels: kernels === 'own' && !loadTrainingOps() ? 'stock' : kernels,
      devices: deviceNames(plan, engine, { workers: 1, devices }),
    },
    {
      tf,
      folders: {
        stage: () => mkdtemp(join(tempFolder, 'kernels-')),
        discard: folder => rm(folder, { recursive: true }),
      },
      threads: availableParallelism(),
      measures: kernels === 'own' && engine === 'cpu',
      // standard output is for the bench
      log: console.error,
      recorder: {
        convKernels: async () => null,
        agreeOnConvKernels: async proposed => proposed,
      },
      reserveMemory: async () => {},
    },
  )
  await writeSavedModel(join(tempFolder, 'program'), program.graph, program)
  const graph = lap()
  const options = sessionOptions(plan, engine, devices)
  const session = await openSession(tf, join(tempFolder, 'program'), options)

  let opened = 0
  const controller = new StepController()
  const first = controller.run(1)
  const training = recordsOf(dataset, datasetFolder)
  const validation = { ...training, first: training.count, count: 0 }
  const job = runTraining(
    { session, plan, training, validation, labels: dataset.labels, resume: null, devices },
    {
      // variables are initialized, and the input pipeline runs
      phase: () => {
        opened = lap()
      },
      row: async () => controller.recordStep(),
      checkpoint: async () => {},
      shouldContinue: () => controller.shouldContinue(),
    },
  ).then(() => {
    throw new BenchError(`the job ended after ${endlessSteps} steps`)
  })
  await Promise.race([first, job])
  return {
    ready: {
      parameters: program.parameters,
      versions: versionsOf(tf),
      start: { graph, engine: loaded, session: opened },
    },
    steps: count => Promise.race([controller.run(count), job]),
  }
}

/** All records of a data set in a folder. */
export const recordsOf = ({ shards, records }: ImagesManifest, folder: string) => ({
  files: shards.map(({ name }) => join(folder, name)),
  first: 0,
  count: records,
})

/** Each call returns the seconds since the previous call. */
function stopwatch(): () => number {
  let since = performance.now()
  return () => {
    const seconds = (performance.now() - since) / 1000
    since = performance.now()
    return seconds
  }
}

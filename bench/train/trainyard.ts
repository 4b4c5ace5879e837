// The subject trainyard: a job planned as by the server, run by the trainer's own loop.
import { join } from 'node:path'
import { Errors } from 'typebox/value'
import { loadTensorFlow } from '../../src/engine/tensorflow.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import { planNetworkJob } from '../../src/planning/plan.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import { NetworkJobRequest } from '../../src/spec/job.js'
import { runTraining } from '../../src/training/loop.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import { BenchError } from '../failure.js'
import { runSubject } from '../subject-protocol.js'
import { versionsOf } from './binding.js'
import type { Case, CaseRequest, Network } from './cases.js'
import { StepController } from './pace.js'
import type { PreparedTraining } from './ready.js'
import { writeDataset } from './synthetic.js'

/** Models as a client would request them. */
const models: Readonly<Record<Network, object>> = {
  'resnet-plain': { kind: 'resnet', block: 'plain', blocks: 5, filters: 64 },
  resnet50: { kind: 'resnet', depth: 50, version: 1, stem: 'imagenet' },
  vgg16: { kind: 'vgg', depth: 16, dense: 'gap', dropout: 0 },
}

/** More steps than any bench runs, so that neither the job's end nor a checkpoint interferes. */
const endlessSteps = 1_000_000

async function prepare(request: CaseRequest): Promise<PreparedTraining> {
  const folder = join(request.tempFolder, 'dataset')
  const dataset = await writeDataset(request, folder)
  const { model, training: plan } = planNetworkJob(identity, requestFor(request), dataset, null)
  const lap = stopwatch()
  const classes = dataset.labels.length
  const records = { training: dataset.records, validation: 0 }
  const program = buildTrainingProgram({ model, images: dataset, classes, plan, records })
  await writeSavedModel(join(request.tempFolder, 'program'), program.graph, program)
  const graph = lap()
  const tf = loadTensorFlow()
  const engine = lap()
  const session = await openSession(tf, join(request.tempFolder, 'program'))

  let opened = 0
  const controller = new StepController()
  const first = controller.run(1)
  const training = recordsOf(dataset, folder)
  const validation = { ...training, first: training.count, count: 0 }
  const job = runTraining(
    { session, plan, training, validation, labels: dataset.labels, resume: null },
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
      start: { graph, engine, session: opened },
    },
    steps: count => Promise.race([controller.run(count), job]),
  }
}

const identity = { id: '0'.repeat(26), createdAt: new Date(0).toISOString() }

/** Validates the request as the server would, so that no option is silently ignored. */
function requestFor({ name, network, batch, precision }: Case): NetworkJobRequest {
  const request = {
    model: models[network],
    dataset: 'noise',
    training: {
      steps: endlessSteps,
      checkpointEvery: endlessSteps,
      batchSize: batch,
      learningRate: 1e-3,
      validation: 0,
      ...(precision === 'fp32' ? {} : { precision }),
    },
  }
  const errors = Errors(NetworkJobRequest, request)
  if (errors.length === 0) return request as NetworkJobRequest
  const reasons = errors
    // the enclosing object reports these errors better
    .filter(({ keyword }) => keyword !== 'boolean')
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${quoted(params)}`)
  throw new BenchError(`the server would refuse the job of ${name}: ${reasons.join('; ')}`)
}

const quoted = (params: object) => Object.values(params).flat().join(', ')

const recordsOf = ({ shards, records }: ImagesManifest, folder: string) => ({
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

await runSubject(prepare)

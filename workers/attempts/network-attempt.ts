import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Datasets } from '../../src/datasets/datasets.js'
import { readInstallation } from '../../src/engine/installation.js'
import { loadTrainingOps } from '../../src/engine/native-ops.js'
import type { TensorFlow } from '../../src/engine/tensorflow.js'
import { TrainingFailure } from '../../src/errors.js'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession, type Session } from '../../src/graph/session.js'
import { checkpointState } from '../../src/jobs/record/checkpoints.js'
import { jobPaths } from '../../src/jobs/record/job-paths.js'
import { savedModelFolder } from '../../src/models/served-network.js'
import { estimateMemory } from '../../src/planning/dry-run.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import type { InitSource } from '../../src/spec/init-from.js'
import type { TrainerTask } from '../../src/spec/ipc-messages.js'
import type { Metrics, NetworkJob } from '../../src/spec/job.js'
import type { MemoryEstimate } from '../../src/spec/memory-estimate.js'
import { type MetricRow, metricsAt } from '../../src/spec/metrics.js'
import { devicesOf } from '../../src/spec/resources.js'
import { fp32Serving } from '../../src/spec/serving-options.js'
import { type Places, placesAtOnce, shardsOf } from '../../src/spec/shards.js'
import type { TrainingKernels } from '../../src/spec/training-kernels.js'
import type { WeightsTensor } from '../../src/spec/weights.js'
import type { Store } from '../../src/store/store.js'
import { buildProgram } from '../../src/training/build-program.js'
import { deviceNames, placesToUse, sessionOptions } from '../../src/training/devices.js'
import {
  type LoopHooks,
  type LoopInput,
  noBestCheckpoint,
  runTraining,
} from '../../src/training/loop.js'
import { stepMemory } from '../../src/training/memory.js'
import type { ProgramOptions } from '../../src/training/program.js'
import { buildServingProgram } from '../../src/training/serving.js'
import { AttemptRecorder, type CheckpointWriter, type TrainerDeps } from './attempt-recorder.js'
import { rethrowWithRecord } from './bad-sample.js'
import { chooseServedPrecision } from './choose-precision.js'
import { imageRanges } from './image-ranges.js'
import { resolveInitialWeights } from './initial-weights.js'
import { imagesOf, networkContract, requireImages } from './model-contract.js'
import { Cluster, type NetworkGangDeps } from './network-gang.js'
import { writeNetworkReference } from './network-reference.js'
import { resolvePrecision } from './precision.js'
import { resolveTrainingKernels } from './training-kernels.js'

export interface NetworkAttemptDeps extends TrainerDeps<NetworkJob> {
  tf: TensorFlow
  /** Processor cores that the trainer may use. */
  threads: number
  /** GPUs that it may use. */
  gpus: number
  /** Whose kernels training steps may run. */
  kernels: 'auto' | 'stock'
  /** Asks for the memory of the training; returns when the job may take it. */
  reserveMemory(memory: MemoryEstimate): Promise<void>
  /** The other trainers of the job; null if this one trains alone. */
  gang: NetworkGangDeps | null
}

/** Saves the session's variables and the input pipeline's state under two file prefixes. */
type SaveBundles = Parameters<LoopHooks['checkpoint']>[1]
type NetworkRecorder = AttemptRecorder<SaveBundles>

const checkpointWriter: CheckpointWriter<SaveBundles> = {
  format: 'tensorflow',
  async write(folder, step, save) {
    const { model, input } = bundlePrefixes(folder, step)
    save(model, input)
    await writeFile(join(folder, 'checkpoint'), checkpointState([`model.ckpt-${step}`]))
  },
}

/**
 * Runs one attempt of a network job until the model is published or the worker stops it. In a gang, rank 0 does; the
 * other ranks compute what it sends them.
 */
export async function runNetworkAttempt(deps: NetworkAttemptDeps): Promise<void> {
  const { gang } = deps
  if (!gang) return lead(deps, null)
  const cluster = await joinCluster(deps, gang)
  if (gang.placement.rank === 0) return cluster.run(() => lead(deps, cluster))
  await cluster.serve(deps.stopRequested, deps.send)
  await deps.send({ type: 'left' })
}

/** The server of a rank has all the devices that the job asks for, if the machine has them. */
function joinCluster(deps: NetworkAttemptDeps, gang: NetworkGangDeps): Promise<Cluster> {
  const { training } = deps.task.job
  const devices = Math.min(devicesOf(deps.task.job), availableDevices(deps))
  return Cluster.join(gang, devices, sessionOptions(training, readInstallation().kind, devices))
}

async function lead(deps: NetworkAttemptDeps, cluster: Cluster | null): Promise<void> {
  const { store, task } = deps
  const { job, resumeFrom } = task
  const recorder = await AttemptRecorder.open(deps, checkpointWriter)
  await recorder.phase('preparing', resumeFrom ?? 0)
  const input = await loopInput(store, task, await recorder.rowsUpToResume())
  // only the first start needs the source; it may be gone by the time of a resume
  const source = resumeFrom === null ? job.initFrom : null
  const initialWeights = source && (await resolveInitialWeights(store, source))
  const places = placesOfAttempt(deps, cluster)
  const computed = { cluster, places }
  const session = await openProgram(deps, recorder, input, computed, initialWeights?.tensors)
  const completed = await runTraining(
    { ...input, session, devices: placesAtOnce(places), initFrom: initialWeights?.prefix },
    recorder,
  )
    .catch(error => rethrowIfWeightsIntact(error, deps, source))
    .catch(async error => rethrowWithRecord(error, await imageFiles(store, task)))
  if (!completed) return recorder.stopped()
  await publish(deps, recorder, session, input, cluster)
}

/** The files of the data sets that a job trains and validates on. */
async function imageFiles(store: Store, { dataset, validation }: TrainerTask<NetworkJob>) {
  const datasets = new Datasets(store)
  return Promise.all(
    [dataset, ...(validation ? [validation] : [])].map(async manifest => ({
      manifest: requireImages(manifest),
      paths: await datasets.shardPaths(manifest),
    })),
  )
}

/**
 * Weights that cannot be restored fail the job only if their files are still as they were when they were
 * checked. An attempt that is superseded and does not know it yet may have pruned the checkpoint since:
 * then this attempt crashes, and the next one resumes from the newest checkpoint that is left.
 */
export async function rethrowIfWeightsIntact(
  error: unknown,
  { store, task: { job, resumeFrom } }: Pick<NetworkAttemptDeps, 'store' | 'task'>,
  source: InitSource | null | undefined,
): Promise<never> {
  if (!(error instanceof TrainingFailure) || error.code !== 'invalid') throw error
  if (resumeFrom !== null && !(await store.verify(jobPaths(job.id).checkpoint(resumeFrom)))) {
    throw new Error(`the checkpoint of step ${resumeFrom} is gone or damaged`, { cause: error })
  }
  // says so if the source is gone
  if (source) await resolveInitialWeights(store, source)
  throw error
}

/** The devices of this process: GPUs, or as many as it has threads. */
const availableDevices = ({ threads, gpus }: NetworkAttemptDeps): number =>
  Math.max(1, readInstallation().kind === 'cuda' ? gpus : threads)

/** As many places as the job asks for, or as fit of those that there are. They do not change the weights. */
function placesOfAttempt(deps: NetworkAttemptDeps, cluster: Cluster | null): Places {
  const { job } = deps.task
  const there = {
    workers: cluster?.workers ?? 1,
    devices: cluster?.devices ?? availableDevices(deps),
  }
  const places = placesToUse(job.training, devicesOf(job), there)
  const shards = shardsOf(job.training)
  if (shards > 1) console.log(describePlaces(shards, places, deps.task.job))
  return places
}

function describePlaces(shards: number, { workers, devices }: Places, job: NetworkJob): string {
  const ofGpu = readInstallation().kind === 'cuda'
  const kind = ofGpu ? 'GPUs' : 'devices that share the processor'
  const one = ofGpu ? 'one GPU' : 'the processor'
  const where = devices === 1 ? one : `${devices} ${kind}`
  const whose = workers === 1 ? '' : ` of each of ${workers} ranks`
  const asked = devicesOf(job)
  const fewer = devices < asked ? `, and not on ${asked}, which this machine does not have` : ''
  return `${shards} micro-batches of a step are computed on ${where}${whose}${fewer}`
}

const kernelNames: Record<TrainingKernels, string> = {
  own: "Trainyard's own kernels for batch norm and weight updates, and TensorFlow's for the rest",
  stock: "TensorFlow's kernels",
}

/** Stores the training graph with the attempt, as a SavedModel that other tools can read, and loads it. */
async function openProgram(
  { tf, store, task, threads, kernels: setting, reserveMemory }: NetworkAttemptDeps,
  recorder: NetworkRecorder,
  { training, validation }: Pick<LoopInput, 'training' | 'validation'>,
  { cluster, places }: { cluster: Cluster | null; places: Places },
  initialTensors: readonly WeightsTensor[] | undefined,
): Promise<Session> {
  const { job, dataset, attempt } = task
  const validationSet = task.validation && requireImages(task.validation)
  const requestedPrecision = job.training.precision
  const precision = await resolvePrecision(requestedPrecision)
  if (precision !== requestedPrecision) {
    console.log(
      `this machine has no instructions for ${requestedPrecision}; it computes in ${precision}`,
    )
  }
  const began = await recorder.agreeOnThreads(threads)
  if (began !== threads) {
    console.log(
      `the job began with ${began} threads, and this attempt has ${threads}: TensorFlow divides sums by their number, so the last digits of the weights differ from those of an undisturbed job`,
    )
  }
  const engine = readInstallation().kind
  const { kernels, warning } = await resolveTrainingKernels(
    {
      setting,
      engine,
      precision,
      resumes: task.resumeFrom !== null,
      agree: proposed => recorder.agreeOnKernels(proposed),
    },
    () => loadTrainingOps() && (cluster?.hasOps ?? true),
  )
  console.log(warning ?? `training steps run ${kernelNames[kernels]}`)
  const images = imagesOf(job, dataset)
  const options: ProgramOptions = {
    model: job.model,
    images,
    validationImages: validationSet ?? images,
    classes: images.labels.length,
    classWeights: classWeightsOf(job, images),
    plan: { ...job.training, precision },
    records: { training: training.count, validation: validation.count },
    freeze: job.freeze ?? [],
    checkpointTensors: initialTensors,
    engine,
    kernels,
    devices: deviceNames(job.training, engine, places),
  }
  const program = await buildProgram(options, {
    tf,
    folders: store,
    threads,
    // a job that goes on from a checkpoint and agreed on nothing is older than the choice
    measures: setting === 'auto' && engine === 'cpu' && task.resumeFrom === null,
    log: console.log,
    recorder,
    reserveMemory: built =>
      reserveMemory(estimateMemory(job.model.kind, stepMemory(built), cluster?.workers)),
  })
  if (program.initialized) {
    await recorder.writeInitialized(program.initialized)
    const { matched, skipped } = program.initialized
    console.log(
      `${matched.length} variables start from the given weights, ${skipped.length} from random values`,
    )
  }
  const staged = await store.stage()
  await writeSavedModel(staged, program.graph, program)
  const key = `${jobPaths(job.id).attempt(attempt)}/program`
  await store.commit(staged, key, { parameters: program.parameters })
  return openSession(tf, await store.folder(key), {
    ...sessionOptions(job.training, engine, places.devices),
    ...(cluster && { target: cluster.target }),
  })
}

/** The weights of the classes in the order of their numbers. */
function classWeightsOf({ training }: NetworkJob, { labels }: ImagesManifest) {
  const { classWeights } = training
  return classWeights ? labels.map(label => classWeights[label]!) : undefined
}

async function loopInput(
  store: Store,
  { job, dataset, validation, resumeFrom }: TrainerTask<NetworkJob>,
  history: MetricRow[],
): Promise<Omit<LoopInput, 'session'>> {
  const plan = job.training
  const images = requireImages(dataset)
  const validationImages = validation && requireImages(validation)
  return {
    plan,
    labels: images.labels,
    ...(await imageRanges(new Datasets(store), plan, images, validationImages)),
    resume: resumeFrom === null ? null : await checkpointBundles(store, job.id, resumeFrom),
    history,
  }
}

async function checkpointBundles(store: Store, id: string, step: number) {
  const folder = await store.folder(jobPaths(id).checkpoint(step))
  return { step, ...bundlePrefixes(folder, step) }
}

const bundlePrefixes = (folder: string, step: number) => ({
  model: join(folder, `model.ckpt-${step}`),
  input: join(folder, `input.ckpt-${step}`),
})

/** Publishes the last step or, with `exportBest`, the best checkpoint. */
async function publish(
  { store, task, tf, threads, stopRequested }: NetworkAttemptDeps,
  recorder: NetworkRecorder,
  session: Session,
  { training, validation }: Pick<LoopInput, 'training' | 'validation'>,
  cluster: Cluster | null,
): Promise<void> {
  const { job, dataset } = task
  const rows = await recorder.rows()
  const lastStep = rows.at(-1)!.step
  await recorder.phase('saving', lastStep)
  const step = await stepToPublish(job, recorder, lastStep)
  const metrics = metricsAt(rows, step)
  await assertFiniteLoss(recorder, step, metrics)
  if (step !== lastStep) {
    const { model, input } = await checkpointBundles(store, job.id, step)
    session.run('restore', { model, input })
  }
  assertFiniteWeights(session, step)
  const evaluation = await recorder.evaluation(step)
  const images = imagesOf(job, dataset)
  const newModel = {
    name: job.name,
    jobId: job.id,
    createdAt: new Date().toISOString(),
    model: job.model,
    dataset: job.dataset,
    step,
    ...networkContract(images),
    metrics,
    ...(evaluation && { evaluation }),
  }
  await recorder.publish(lastStep, async staged => {
    const folder = savedModelFolder(staged)
    const network = { model: job.model, images, classes: images.labels.length }
    const served = buildServingProgram(network)
    await writeSavedModel(folder, served.graph, served)
    session.run('export', { model: variablesPrefix(folder) })
    // its memory is for the networks that are compared
    session.close()
    await cluster?.release()
    const temp = await store.stage()
    const deps = { tf, threads, classes: job.training.validationClasses, tick: stopRequested }
    const seen = {
      training,
      validation,
      format: images,
      validationFormat: task.validation ? requireImages(task.validation) : images,
    }
    const plan = job.serving ?? fp32Serving
    const precision = await chooseServedPrecision(deps, staged, temp, network, seen, plan)
    const published = { ...newModel, precision }
    await writeNetworkReference(deps, staged, temp, published, seen)
    await recorder.shareEvaluationRecords(step, staged)
    await store.discard(temp)
    return published
  })
}

/** The step of the best checkpoint if `exportBest` is set and there is one, else the last step. */
async function stepToPublish(job: NetworkJob, recorder: NetworkRecorder, lastStep: number) {
  const best = job.training.exportBest ? await recorder.best() : null
  if (!best) return lastStep
  if (best.intact) return best.step
  console.log(
    `the best checkpoint, of step ${best.step}, is damaged: its files do not match their checksums; the last step is published instead`,
  )
  return lastStep
}

/** The loss of a step is computed before its update, which may have made the weights NaN. */
function assertFiniteWeights(session: Session, step: number): void {
  const count = session.run('countNonFinite').number('count')
  if (count === 0) return
  throw new TrainingFailure(
    'nan_loss',
    `${count} weights are NaN or infinite after step ${step}, so its model cannot be published; try a lower learning rate`,
  )
}

/** After a finite training loss, the last update may still have made the weights NaN. */
async function assertFiniteLoss(
  recorder: NetworkRecorder,
  step: number,
  { validationLoss }: Metrics,
): Promise<void> {
  if (validationLoss === undefined || Number.isFinite(Number(validationLoss))) return
  const best = await recorder.best()
  const checkpoint = best ? `the best checkpoint is that of step ${best.step}` : noBestCheckpoint
  throw new TrainingFailure(
    'nan_loss',
    `the validation loss is ${validationLoss} at step ${step}, so its model cannot be published; ${checkpoint}; try a lower learning rate`,
  )
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Datasets } from '../../src/datasets/datasets.js'
import type { TensorFlow } from '../../src/engine/tensorflow.js'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession, type Session } from '../../src/graph/session.js'
import { Checkpoints, checkpointState } from '../../src/jobs/record/checkpoints.js'
import { jobPaths } from '../../src/jobs/record/job-paths.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { ModelRegistry } from '../../src/models/registry.js'
import type { DatasetManifest, ImagesManifest } from '../../src/spec/dataset.js'
import type { Metrics, NetworkJob } from '../../src/spec/job.js'
import type { WeightsTensor } from '../../src/spec/weights.js'
import type { Store } from '../../src/store/store.js'
import { type LoopHooks, type LoopInput, runTraining } from '../../src/training/loop.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import type { RecordRange } from '../../src/training/record-range.js'
import { buildServingProgram } from '../../src/training/serving.js'
import {
  attemptsUpTo,
  effectiveRows,
  metricsAt,
  modelProvenance,
  openAttemptRecorder,
  rowsUpToResume,
  type TrainerDeps,
} from './attempt-recorder.js'
import { resolveInitialWeights } from './initial-weights.js'
import { resolvePrecision } from './precision.js'

export interface NetworkAttemptDeps extends TrainerDeps<NetworkJob> {
  tf: TensorFlow
}

/** One attempt at a job, from its program to its model, or to where it is stopped. */
export async function runNetworkAttempt(deps: NetworkAttemptDeps): Promise<void> {
  const { task, send } = deps
  await send({ type: 'phase', phase: 'preparing', step: task.resumeFrom ?? 0 })
  const input = await loopInput(deps)
  // only a fresh start needs them: by the time of a resume their source may be gone
  const source = task.resumeFrom === null ? task.job.initFrom : null
  const initialWeights = source && (await resolveInitialWeights(deps.store, source))
  const session = await openProgram(deps, input, initialWeights?.tensors)
  const completed = await runTraining(
    { ...input, session, initFrom: initialWeights?.prefix },
    loopHooks(await openAttemptRecorder(deps)),
  )
  if (!completed) return send({ type: 'stopped' })
  const { step, best, metrics } = await outcome(deps)
  await send({ type: 'phase', phase: 'saving', step })
  if (best !== null && best !== step) {
    const { model, input } = await checkpointBundles(deps.store, task.job.id, best)
    session.run('restore', { model, input })
  }
  const model = await publish(deps, session, best ?? step, metrics)
  await send({ type: 'finished', model: { id: model.name, version: model.version }, metrics, step })
}

/** The training graph is kept with the attempt: a SavedModel that other tools can look at. */
async function openProgram(
  { tf, store, task }: NetworkAttemptDeps,
  { training, validation }: Pick<LoopInput, 'training' | 'validation'>,
  initialTensors: readonly WeightsTensor[] | undefined,
): Promise<Session> {
  const { job, dataset, attempt } = task
  const requestedPrecision = job.training.precision
  const precision = await resolvePrecision(requestedPrecision)
  if (precision !== requestedPrecision) {
    console.log(
      `this machine has no instructions for ${requestedPrecision}: it computes in ${precision}`,
    )
  }
  const images = requireImages(dataset)
  const program = buildTrainingProgram({
    model: job.model,
    images,
    classes: images.labels.length,
    plan: { ...job.training, precision },
    records: { training: training.count, validation: validation.count },
    freeze: job.freeze ?? [],
    checkpointTensors: initialTensors,
  })
  if (program.initialized) {
    await new JobRecords(store).writeInitialized(job.id, program.initialized)
    const { matched, skipped } = program.initialized
    console.log(`${matched.length} variables begin with given weights, ${skipped.length} afresh`)
  }
  const staged = await store.stage()
  await writeSavedModel(staged, program.graph, program)
  const key = `${jobPaths(job.id).attempt(attempt)}/program`
  await store.commit(staged, key, { parameters: program.parameters })
  return openSession(tf, await store.folder(key))
}

/** The plan let no network have a table. */
function requireImages(dataset: DatasetManifest): ImagesManifest {
  if (dataset.kind === 'images') return dataset
  throw new Error(`data set ${dataset.id} is a ${dataset.kind}`)
}

async function loopInput(deps: NetworkAttemptDeps): Promise<Omit<LoopInput, 'session'>> {
  const { store, task } = deps
  const { job, dataset, validation, resumeFrom } = task
  const plan = job.training
  const heldOut = 'holdOut' in plan.validation ? plan.validation.holdOut : 0
  const trainingCount = dataset.records - heldOut
  const training = await shardRecords(store, dataset, 0, trainingCount)
  return {
    plan,
    training,
    validation: validation
      ? await shardRecords(store, validation, 0, validation.records)
      : { ...training, first: trainingCount, count: heldOut },
    resume: resumeFrom === null ? null : await checkpointBundles(store, job.id, resumeFrom),
    history: await rowsUpToResume(deps),
  }
}

async function shardRecords(
  store: Store,
  dataset: DatasetManifest,
  first: number,
  count: number,
): Promise<RecordRange> {
  return { files: await new Datasets(store).shardPaths(dataset), first, count }
}

async function checkpointBundles(store: Store, id: string, step: number) {
  const folder = await store.folder(jobPaths(id).checkpoint(step))
  return {
    step,
    model: join(folder, `model.ckpt-${step}`),
    input: join(folder, `input.ckpt-${step}`),
  }
}

function loopHooks(recorder: Awaited<ReturnType<typeof openAttemptRecorder>>): LoopHooks {
  return {
    ...recorder,
    checkpoint: (step, save, best) =>
      recorder.checkpoint(step, 'tensorflow', best, async folder => {
        save(join(folder, `model.ckpt-${step}`), join(folder, `input.ckpt-${step}`))
        await writeFile(join(folder, 'checkpoint'), checkpointState([`model.ckpt-${step}`]))
      }),
  }
}

/** The last step, the best where that one's model is asked for, and the metrics of the model's step. */
async function outcome({ store, task }: NetworkAttemptDeps) {
  const { id, training } = task.job
  const attempts = await attemptsUpTo(store, task)
  const rows = await effectiveRows(store, task)
  const step = rows.at(-1)!.step
  const best = training.exportBest ? await new Checkpoints(store).bestVerified(id, attempts) : null
  return { step, best, metrics: metricsAt(rows, best ?? step) }
}

async function publish(
  { store, task }: NetworkAttemptDeps,
  session: Session,
  step: number,
  metrics: Metrics,
) {
  const { job, dataset } = task
  const images = requireImages(dataset)
  const { height, width, channels, mean, std, labels } = images
  const staged = await store.stage()
  const folder = join(staged, 'saved_model')
  const serving = buildServingProgram({ model: job.model, images, classes: labels.length })
  await writeSavedModel(folder, serving.graph, serving)
  session.run('export', { model: variablesPrefix(folder) })
  return new ModelRegistry(store).publish(staged, {
    ...modelProvenance(job),
    step,
    input: { height, width, channels, mean, std },
    labels,
    metrics,
  })
}

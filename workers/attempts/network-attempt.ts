import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Datasets } from '../../src/datasets/datasets.js'
import type { TensorFlow } from '../../src/engine/tensorflow.js'
import { variablesPrefix, writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession, type Session } from '../../src/graph/session.js'
import { Checkpoints, checkpointState } from '../../src/jobs/record/checkpoints.js'
import { jobKeys } from '../../src/jobs/record/job-paths.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { Models } from '../../src/models/registry.js'
import type { DatasetManifest, ImagesManifest } from '../../src/spec/dataset.js'
import type { Metrics, NetworkJob } from '../../src/spec/job.js'
import type { WeightsTensor } from '../../src/spec/weights.js'
import type { Store } from '../../src/store/store.js'
import { type LoopHooks, type LoopInput, runTraining } from '../../src/training/loop.js'
import { buildTrainingProgram } from '../../src/training/program.js'
import type { Records } from '../../src/training/record-range.js'
import { buildServingProgram } from '../../src/training/serving.js'
import {
  attemptsUpTo,
  historyOf,
  metricsAt,
  originOf,
  rowsOf,
  surroundings,
  type TrainerParts,
} from './attempt-recorder.js'
import { findWeights } from './initial-weights.js'
import { precisionHere } from './precision.js'

export interface TrainingParts extends TrainerParts<NetworkJob> {
  tf: TensorFlow
}

/** One attempt at a job, from its program to its model, or to where it is stopped. */
export async function trainAttempt(parts: TrainingParts): Promise<void> {
  const { task, tell } = parts
  await tell({ type: 'phase', phase: 'preparing', step: task.resumeFrom ?? 0 })
  const input = await loopInput(parts)
  // only a fresh start needs them: by the time of a resume their source may be gone
  const source = task.resumeFrom === null ? task.job.initFrom : null
  const given = source && (await findWeights(parts.store, source))
  const session = await openProgram(parts, input, given?.tensors)
  const ended = await runTraining(
    { ...input, session, initFrom: given?.prefix },
    hooks(await surroundings(parts)),
  )
  if (!ended) return tell({ type: 'stopped' })
  const { step, best, metrics } = await outcome(parts)
  await tell({ type: 'phase', phase: 'saving', step })
  if (best !== null && best !== step) {
    const { model, input } = await bundles(parts.store, task.job.id, best)
    session.run('restore', { model, input })
  }
  const model = await publish(parts, session, best ?? step, metrics)
  await tell({ type: 'finished', model: { id: model.name, version: model.version }, metrics, step })
}

/** The training graph is kept with the attempt: a SavedModel that other tools can look at. */
async function openProgram(
  { tf, store, task }: TrainingParts,
  { training, validation }: Pick<LoopInput, 'training' | 'validation'>,
  given: readonly WeightsTensor[] | undefined,
): Promise<Session> {
  const { job, dataset, epoch } = task
  const asked = job.training.precision
  const precision = await precisionHere(asked)
  if (precision !== asked) {
    console.log(`this machine has no instructions for ${asked}: it computes in ${precision}`)
  }
  const images = imagesOf(dataset)
  const program = buildTrainingProgram({
    model: job.model,
    images,
    classes: images.labels.length,
    plan: { ...job.training, precision },
    records: { training: training.count, validation: validation.count },
    freeze: job.freeze ?? [],
    given,
  })
  if (program.initialised) {
    await new JobRecords(store).writeInitialised(job.id, program.initialised)
    const { matched, skipped } = program.initialised
    console.log(`${matched.length} variables begin with given weights, ${skipped.length} afresh`)
  }
  const staged = await store.stage()
  await writeSavedModel(staged, program.graph, program)
  const key = `${jobKeys(job.id).attempt(epoch)}/program`
  await store.commit(staged, key, { parameters: program.parameters })
  return openSession(tf, await store.folder(key))
}

/** The plan let no network have a table. */
function imagesOf(dataset: DatasetManifest): ImagesManifest {
  if (dataset.kind === 'images') return dataset
  throw new Error(`data set ${dataset.id} is a ${dataset.kind}`)
}

async function loopInput(parts: TrainingParts): Promise<Omit<LoopInput, 'session'>> {
  const { store, task } = parts
  const { job, dataset, validation, resumeFrom } = task
  const plan = job.training
  const held = 'holdOut' in plan.validation ? plan.validation.holdOut : 0
  const kept = dataset.records - held
  const training = await recordsOf(store, dataset, 0, kept)
  return {
    plan,
    training,
    validation: validation
      ? await recordsOf(store, validation, 0, validation.records)
      : { ...training, first: kept, count: held },
    resume: resumeFrom === null ? null : await bundles(store, job.id, resumeFrom),
    history: await historyOf(parts),
  }
}

async function recordsOf(
  store: Store,
  dataset: DatasetManifest,
  first: number,
  count: number,
): Promise<Records> {
  return { files: await new Datasets(store).shardFiles(dataset), first, count }
}

async function bundles(store: Store, id: string, step: number) {
  const folder = await store.folder(jobKeys(id).checkpoint(step))
  return {
    step,
    model: join(folder, `model.ckpt-${step}`),
    input: join(folder, `input.ckpt-${step}`),
  }
}

function hooks(around: Awaited<ReturnType<typeof surroundings>>): LoopHooks {
  return {
    ...around,
    checkpoint: (step, save, best) =>
      around.checkpoint(step, 'tensorflow', best, async folder => {
        save(join(folder, `model.ckpt-${step}`), join(folder, `input.ckpt-${step}`))
        await writeFile(join(folder, 'checkpoint'), checkpointState([`model.ckpt-${step}`]))
      }),
  }
}

/** The last step, the best where that one's model is asked for, and the metrics of the model's step. */
async function outcome({ store, task }: TrainingParts) {
  const { id, training } = task.job
  const attempts = await attemptsUpTo(store, task)
  const rows = await rowsOf(store, task)
  const step = rows.at(-1)!.step
  const best = training.exportBest ? await new Checkpoints(store).bestWhole(id, attempts) : null
  return { step, best, metrics: metricsAt(rows, best ?? step) }
}

async function publish(
  { store, task }: TrainingParts,
  session: Session,
  step: number,
  metrics: Metrics,
) {
  const { job, dataset } = task
  const images = imagesOf(dataset)
  const { height, width, channels, mean, std, labels } = images
  const staged = await store.stage()
  const folder = join(staged, 'saved_model')
  const serving = buildServingProgram({ model: job.model, images, classes: labels.length })
  await writeSavedModel(folder, serving.graph, serving)
  session.run('export', { model: variablesPrefix(folder) })
  return new Models(store).publish(staged, {
    ...originOf(job),
    step,
    input: { height, width, channels, mean, std },
    labels,
    metrics,
  })
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Datasets } from '../src/datasets/datasets.js'
import { findGpus } from '../src/engine/gpus.js'
import type { TensorFlow } from '../src/engine/tensorflow.js'
import { TrainyardError } from '../src/errors.js'
import { variablesPrefix, writeSavedModel } from '../src/graph/saved-model.js'
import { openSession, type Session } from '../src/graph/session.js'
import { Checkpoints, checkpointState } from '../src/jobs/checkpoints.js'
import { jobKeys } from '../src/jobs/keys.js'
import { MetricsLog } from '../src/jobs/metrics-log.js'
import { JobRecords } from '../src/jobs/records.js'
import { Models } from '../src/models/registry.js'
import type { DatasetManifest, ImagesManifest } from '../src/spec/dataset.js'
import type { Metrics } from '../src/spec/job.js'
import type { FromTrainer, TrainerTask } from '../src/spec/messages.js'
import type { MetricRow } from '../src/spec/metrics.js'
import type { WeightsTensor } from '../src/spec/weights.js'
import type { Store } from '../src/store/store.js'
import { type LoopHooks, type LoopInput, runTraining } from '../src/training/loop.js'
import { buildTrainingProgram } from '../src/training/program.js'
import type { Records } from '../src/training/records.js'
import { buildServingProgram } from '../src/training/serving.js'
import { findWeights } from './init-from.js'

export type StopReason = 'cancel' | 'drain'

export interface TrainingParts {
  tf: TensorFlow
  store: Store
  task: TrainerTask
  tell(message: FromTrainer): Promise<void>
  /** Asked after each step. */
  stopAsked(): Promise<StopReason | null>
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
  const ended = await runTraining({ ...input, session, initFrom: given?.prefix }, hooks(parts))
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
  if (job.training.precision === 'fp16' && (await findGpus()).length === 0) throw noGpu()
  const images = imagesOf(dataset)
  const program = buildTrainingProgram({
    model: job.model,
    images,
    classes: images.labels.length,
    plan: job.training,
    records: { training: training.count, validation: validation.count },
    freeze: job.freeze ?? [],
    given,
  })
  if (program.initialised) {
    await new JobRecords(store).writeInitialised(job.id, program.initialised)
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

const noGpu = () =>
  new TrainyardError(
    'no_gpu',
    'invalid',
    'precision is fp16, but this machine has no GPU; take bf16 or fp32',
  )

async function loopInput({ store, task }: TrainingParts): Promise<Omit<LoopInput, 'session'>> {
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
    history: (await rowsOf(store, job.id)).filter(({ step }) => step <= (resumeFrom ?? 0)),
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

function hooks({ store, task, tell, stopAsked }: TrainingParts): LoopHooks {
  const { job, epoch } = task
  const log = new MetricsLog(store)
  const checkpoints = new Checkpoints(store)
  const records = new JobRecords(store)
  return {
    phase: (phase, step) => void tell({ type: 'phase', phase, step }),
    async row(row) {
      // first into the log, then to whoever listens: what was heard is never missing later
      await log.append(job.id, epoch, row)
      void tell({ type: 'metrics', row })
    },
    async checkpoint(step, save, best) {
      const staged = await store.stage()
      save(join(staged, `model.ckpt-${step}`), join(staged, `input.ckpt-${step}`))
      await writeFile(join(staged, 'checkpoint'), checkpointState([`model.ckpt-${step}`]))
      // a checkpoint that lasts must not stand behind rows that do not
      await store.sync(jobKeys(job.id).metrics(epoch))
      if (!(await records.isCurrent(job.id, epoch))) process.exit(1)
      await checkpoints.commit(job.id, staged, {
        step,
        epoch,
        createdAt: new Date().toISOString(),
        best,
      })
      const attempts = await records.attempts(job.id)
      await checkpoints.prune(job.id, job.training.keepCheckpoints, attempts)
      void tell({ type: 'checkpoint', step })
    },
    goOn: async () => (await stopAsked()) === null,
  }
}

/** All rows that count, from whichever attempt they are. */
async function rowsOf(store: Store, id: string): Promise<MetricRow[]> {
  return new MetricsLog(store).rows(id, await new JobRecords(store).attempts(id))
}

/** The last step, the best where that one's model is asked for, and the metrics of the model's step. */
async function outcome({ store, task }: TrainingParts) {
  const { id, training } = task.job
  const attempts = await new JobRecords(store).attempts(id)
  const rows = await rowsOf(store, id)
  const step = rows.at(-1)!.step
  const best = training.exportBest ? await new Checkpoints(store).bestWhole(id, attempts) : null
  const metrics: Metrics = {}
  for (const row of rows) if (row.step <= (best ?? step)) Object.assign(metrics, row.values)
  return { step, best, metrics }
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
    name: job.name,
    jobId: job.id,
    createdAt: new Date().toISOString(),
    model: job.model,
    dataset: job.dataset,
    step,
    input: { height, width, channels, mean, std },
    labels,
    metrics,
  })
}

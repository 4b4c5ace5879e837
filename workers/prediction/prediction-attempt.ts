import { Datasets } from '../../src/datasets/datasets.js'
import { datasetKey } from '../../src/datasets/stored/dataset-key.js'
import { asImages, asTable, type StoredDataset } from '../../src/datasets/stored/stored-dataset.js'
import type { TensorFlow } from '../../src/engine/tensorflow.js'
import { isDamaged, isMissing, TrainingFailure } from '../../src/errors.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { ModelRegistry } from '../../src/models/registry.js'
import { partRecords } from '../../src/planning/prediction-size.js'
import { columnNames } from '../../src/predictions/fields.js'
import { isSameEngine, PartBuffer, type PredictionEngine } from '../../src/predictions/part-file.js'
import { metricsOf, type Scores, scoreRemarks } from '../../src/predictions/scores.js'
import type { NetworkOptions } from '../../src/runtimes/network.js'
import type { PredictionJob } from '../../src/spec/job.js'
import { isBoostingModel, type Model } from '../../src/spec/model.js'
import { defaultOutputs } from '../../src/spec/predict-options.js'
import type { Store } from '../../src/store/store.js'
import {
  AttemptRecorder,
  type CheckpointWriter,
  type TrainerDeps,
} from '../attempts/attempt-recorder.js'
import type { RecordPredictor } from './batch-predictor.js'
import { openImagePredictor } from './predict-images.js'
import { openRowsPredictor } from './predict-rows.js'
import { offsetOf, writePredictedDataset } from './predicted-dataset.js'
import { coverage, findParts, type Gap, type StoredPart } from './predicted-parts.js'

export interface PredictionAttemptDeps extends TrainerDeps<PredictionJob> {
  loadTensorFlow(): TensorFlow
  /** Processor cores that the trainer may use, and the runtime of networks, as the predictors have them. */
  network: Omit<NetworkOptions, 'precision'>
}

/** What a checkpoint is written from. */
interface Part {
  engine: PredictionEngine
  buffer: PartBuffer
  scores: Scores
}

type Recorder = AttemptRecorder<Part>

const checkpointWriter: CheckpointWriter<Part> = {
  format: 'predictions',
  write: (folder, _step, { buffer, engine, scores }) => buffer.write(folder, { engine, scores }),
}

/** A crash costs no more than this time of predictions. */
const maxSecondsPerPart = 30

/** Runs one attempt of a job that predicts, until the data set is stored or the worker stops it. */
export async function runPredictionAttempt(deps: PredictionAttemptDeps): Promise<void> {
  const { store, task } = deps
  const { job } = task
  const recorder = await AttemptRecorder.open(deps, checkpointWriter)
  await recorder.phase('preparing', 0)
  const model = await findModel(store, job)
  const dataset = await openDataset(store, task)
  const earlier = await storedParts(store, task)
  const { network } = deps
  using predictor = await openPredictor(
    { ...deps, network: { ...network, ...asBefore(network, earlier) } },
    model,
    dataset,
  )
  const { engine } = predictor
  console.log(
    `model '${model.id}', version ${model.version}, predicts with ${engine.runtime} in ${engine.precision}`,
  )
  const before = coverage(earlier, engine, job.predict.steps)
  reportOthers(earlier, predictor)
  await recorder.phase('predicting', 0)
  for (const gap of before.gaps) {
    if (!(await predictGap(gap, job, predictor, recorder, task.resumeFrom ?? 0))) {
      return recorder.stopped()
    }
  }
  await recorder.phase('saving', job.predict.steps)
  await publish(deps, model, dataset, predictor, recorder)
}

/** The version that the plan names. Its deletion is refused while the job needs it, unless the files go by other hands. */
async function findModel(store: Store, { predict }: PredictionJob): Promise<Model> {
  const models = new ModelRegistry(store)
  try {
    const model = await models.get(predict.model, predict.version)
    await models.assertIntact(model)
    return model
  } catch (cause) {
    if (!isMissing(cause) && !isDamaged(cause)) throw cause
    const message = `version ${predict.version} of model '${predict.model}' is gone or damaged: ${cause.message}`
    throw new TrainingFailure('model_gone', message, { cause })
  }
}

async function openDataset(
  store: Store,
  { dataset }: PredictionAttemptDeps['task'],
): Promise<StoredDataset> {
  const key = datasetKey(dataset.id)
  return { manifest: dataset, folder: await store.folder(key), key }
}

async function openPredictor(
  { store, loadTensorFlow, network, task }: PredictionAttemptDeps,
  model: Model,
  dataset: StoredDataset,
): Promise<RecordPredictor> {
  const { outputs, topK } = task.job.predict
  const selection = { outputs: outputs ?? defaultOutputs(null), topK }
  const folder = await new ModelRegistry(store).folder(model)
  if (isBoostingModel(model)) {
    const { threads } = network
    return openRowsPredictor(folder, model, asTable(dataset), {
      threads,
      selection,
      firstRow: offsetOf(task.job, dataset),
    })
  }
  const options = { ...network, tf: loadTensorFlow(), selection }
  return openImagePredictor(folder, model, asImages(dataset), options)
}

/** What this attempt and earlier ones have predicted. */
async function storedParts(store: Store, { job, attempt }: PredictionAttemptDeps['task']) {
  const attempts = await new JobRecords(store).attempts(job.id)
  const own = attempts.filter(record => record.attempt <= attempt)
  return findParts(store, job.id, own)
}

/** The runtime of the predictions that are stored, so that it is not chosen again. TensorFlow's threads are given by then. */
function asBefore(
  { runtime }: PredictionAttemptDeps['network'],
  parts: readonly StoredPart[],
): Partial<PredictionAttemptDeps['network']> {
  const engine = parts.at(-1)?.engine
  if (runtime !== 'auto' || !engine) return {}
  if (engine.runtime === 'tensorflow') return { runtime: 'tensorflow' }
  return engine.runtime === 'openvino' && engine.threads !== null
    ? { runtime: 'openvino', threads: engine.threads }
    : {}
}

/** Says why predictions that are stored are made again. */
function reportOthers(parts: readonly StoredPart[], { engine }: RecordPredictor): void {
  const others = parts.filter(part => !isSameEngine(part.engine, engine))
  const [other] = others
  if (!other) return
  const describe = ({ runtime, precision, threads }: PredictionEngine) =>
    `${runtime} in ${precision}, by ${threads} threads`
  console.log(
    `${others.length} checkpoints are not used, and their records are predicted again: they were made with ${describe(other.engine)}, and the last digits of ${describe(engine)} may differ`,
  )
}

/** Predicts records that are missing, a checkpoint at a time. Returns false if the worker stops the attempt. */
async function predictGap(
  { first, end, scores }: Gap,
  job: PredictionJob,
  predictor: RecordPredictor,
  recorder: Recorder,
  resumedFrom: number,
): Promise<boolean> {
  const columns = predictor.fields.flatMap(columnNames).length
  // what is not stored yet is in memory
  const maxRecords = Math.min(
    job.predict.checkpointEvery ?? Number.POSITIVE_INFINITY,
    partRecords(columns),
  )
  let buffer = new PartBuffer(predictor.fields, first)
  let since = performance.now()
  const store = async () => {
    const step = buffer.first + buffer.count
    const seconds = (performance.now() - since) / 1000
    if (step > resumedFrom) {
      const values = {
        examplesPerSecond: buffer.count / Math.max(seconds, 1e-9),
        ...(predictor.scored && metricsOf(scores, predictor.scored)),
      }
      await recorder.row({ step, time: new Date().toISOString(), values })
    }
    await recorder.checkpoint(step, { engine: predictor.engine, buffer, scores })
    buffer = new PartBuffer(predictor.fields, step)
    since = performance.now()
  }
  for await (const { count, fields } of predictor.predict({ first, end }, scores, maxRecords)) {
    buffer.add(fields, count)
    const isLate = performance.now() - since > maxSecondsPerPart * 1000
    const isLast = buffer.first + buffer.count === end
    const goesOn = await recorder.shouldContinue()
    if (buffer.count >= maxRecords || isLate || isLast || !goesOn) await store()
    if (!goesOn) return false
  }
  return true
}

async function publish(
  { store, task }: PredictionAttemptDeps,
  model: Model,
  dataset: StoredDataset,
  predictor: RecordPredictor,
  recorder: Recorder,
): Promise<void> {
  const { job } = task
  const { predict } = job
  const found = await storedParts(store, task)
  const { parts, gaps } = coverage(found, predictor.engine, predict.steps)
  // a newer attempt may have taken the job over, or a disk damaged a file since it was written
  if (gaps.length > 0) throw new Error(`the predictions from record ${gaps[0]!.first} on are gone`)
  const { scores } = parts.at(-1)!
  // what is printed is in the job's log
  for (const line of scoreRemarks(scores, predictor.scored, predict.steps)) console.log(line)
  const folder = await store.stage()
  try {
    const { fields } = predictor
    const datasets = new Datasets(store)
    const onRows = signOfLife(() => void recorder.phase('saving', predict.steps))
    const content = await writePredictedDataset({
      datasets,
      job,
      dataset,
      fields,
      parts,
      folder,
      onRows,
    })
    const predictedBy = {
      ...{ model: model.id, version: model.version, dataset: job.dataset.id, job: job.id },
      ...(predict.split !== null && { split: predict.split }),
    }
    const { datasetName: name } = predict
    const manifest = { ...content, name, createdAt: new Date().toISOString(), predictedBy }
    const metrics = predictor.scored ? metricsOf(scores, predictor.scored) : {}
    const { id } = manifest
    await recorder.publishDataset({ id, name }, predict.steps, metrics, async () => {
      const { created } = await datasets.publish(folder, manifest, name)
      if (!created) console.log(`data set ${id} exists already, with the same content`)
    })
  } catch (error) {
    await store.discard(folder)
    throw error
  }
}

const signOfLifeMs = 60_000

/** Calls `send` now and then, since the worker kills a trainer that is silent for long. */
function signOfLife(send: () => void): () => void {
  let sentAt = performance.now()
  return () => {
    if (performance.now() - sentAt < signOfLifeMs) return
    sentAt = performance.now()
    send()
  }
}

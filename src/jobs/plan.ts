import { type Flaw, TrainyardError } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
import type { JobManifest, JobRequest } from '../spec/job.js'
import type { LearningRate, TrainingPlan, TrainingRequest } from '../spec/training-options.js'

const defaults = {
  epochs: 10,
  batchSize: 64,
  peak: 0.002,
  seed: 1,
  holdOut: 0.1,
  shuffleBuffer: 2000,
  displayEvery: 1,
  snapshotEvery: 500,
  keepCheckpoints: 3,
}

/** Fills in every choice that a request leaves open; throws with all that cannot work on this data. */
export function planJob(
  identity: { id: string; createdAt: string },
  request: JobRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): JobManifest {
  const flaws: Flaw[] = []
  const asked: TrainingRequest = request.training ?? {}
  if (asked.epochs !== undefined && asked.steps !== undefined) {
    flaws.push(flaw('/training/steps', 'contradiction', 'give epochs or steps, not both'))
  }
  const held = holdOut(asked, dataset)
  const batchSize = asked.batchSize ?? defaults.batchSize
  const stepsPerEpoch = Math.floor((dataset.records - held) / batchSize)
  if (stepsPerEpoch < 1) {
    const left = `data set '${dataset.name}' has ${dataset.records - held} records to train on`
    flaws.push(flaw('/training/batchSize', 'too_large', `batchSize is ${batchSize}, but ${left}`))
  }
  if (validation) flaws.push(...misfit(dataset, validation))
  const steps = asked.steps ?? (asked.epochs ?? defaults.epochs) * stepsPerEpoch
  const learningRate = schedule(asked.learningRate)
  if (learningRate.warmupSteps > steps) {
    const message = `warmupSteps is ${learningRate.warmupSteps}, but the job has ${steps} steps`
    flaws.push(flaw('/training/learningRate/warmupSteps', 'too_large', message))
  }
  const { kind, block = 'plain', blocks = 5, filters = 64, kernel = 3, ratio = 4 } = request.model
  if (block === 'bottleneck' && filters % ratio !== 0) {
    const message = `filters is ${filters}, which ratio ${ratio} does not divide`
    flaws.push(flaw('/model/ratio', 'indivisible', message))
  }
  if (flaws.length > 0) {
    const detail = flaws.map(({ message }) => message).join('; ')
    throw new TrainyardError('INVALID_JOB', 'invalid', detail, { errors: flaws })
  }
  const training: TrainingPlan = {
    steps,
    stepsPerEpoch,
    batchSize,
    optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7, ...asked.optimizer },
    learningRate,
    seed: asked.seed ?? defaults.seed,
    validation: validation ? { dataset: validation.id } : { holdOut: held },
    shuffleBuffer: asked.shuffleBuffer ?? defaults.shuffleBuffer,
    input: inputForm(asked, dataset, validation),
    displayEvery: asked.displayEvery ?? defaults.displayEvery,
    snapshotEvery: asked.snapshotEvery ?? Math.min(stepsPerEpoch, defaults.snapshotEvery),
    keepCheckpoints: asked.keepCheckpoints ?? defaults.keepCheckpoints,
  }
  return {
    ...identity,
    name: request.name ?? `${kind}-${dataset.name}`.slice(0, 63),
    model: { kind, block, blocks, filters, kernel, ratio },
    dataset: { id: dataset.id, name: dataset.name },
    training,
  }
}

const flaw = (path: string, code: string, message: string): Flaw => ({ path, code, message })

function holdOut(asked: TrainingRequest, dataset: DatasetManifest): number {
  if (typeof asked.validation === 'object') return 0
  return Math.round((asked.validation ?? defaults.holdOut) * dataset.records)
}

/** The most bytes of decoded pixels that are kept in memory without being asked to. */
const residentBytes = 2 ** 30

function inputForm(
  { input = 'auto' }: TrainingRequest,
  dataset: DatasetManifest,
  validation: DatasetManifest | null,
): 'resident' | 'streamed' {
  if (input !== 'auto') return input
  const records = dataset.records + (validation?.records ?? 0)
  const bytes = records * dataset.height * dataset.width * dataset.channels
  return bytes <= residentBytes ? 'resident' : 'streamed'
}

function schedule(asked: TrainingRequest['learningRate']): LearningRate {
  if (asked === undefined) return { schedule: 'cosine', peak: defaults.peak, warmupSteps: 0 }
  if (typeof asked === 'number') return { schedule: 'constant', peak: asked, warmupSteps: 0 }
  return { peak: defaults.peak, warmupSteps: 0, ...asked }
}

function misfit(dataset: DatasetManifest, validation: DatasetManifest): Flaw[] {
  const size = ({ height, width, channels }: DatasetManifest) => `${height}x${width}x${channels}`
  const flaws: Flaw[] = []
  const path = '/training/validation/dataset'
  if (size(dataset) !== size(validation)) {
    const message = `'${validation.name}' has images of ${size(validation)}, '${dataset.name}' of ${size(dataset)}`
    flaws.push(flaw(path, 'shape_mismatch', message))
  }
  if (validation.labels.length > dataset.labels.length) {
    const message = `'${validation.name}' has ${validation.labels.length} classes, '${dataset.name}' ${dataset.labels.length}`
    flaws.push(flaw(path, 'class_mismatch', message))
  }
  return flaws
}

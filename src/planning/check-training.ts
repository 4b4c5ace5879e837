import type { FieldErrors } from '../errors.js'
import type { ImagesManifest } from '../spec/dataset.js'
import type { TrainingPlan, TrainingRequest } from '../spec/training-options.js'

/** TensorFlow counts batches in int32. */
const maxBatchCount = 2 ** 31 - 1

interface TrainingData {
  dataset: ImagesManifest
  /** Records of `dataset` that are not held out. */
  trainingRecords: number
  hasValidation: boolean
}

/** Adds an error for each training option that does not fit the others or the images. */
export function checkTraining(
  request: TrainingRequest,
  plan: TrainingPlan,
  data: TrainingData,
  errors: FieldErrors,
): void {
  checkLength(request, plan, data, errors)
  checkLearningRate(request, plan, errors)
  checkOptimizer(request, plan, errors)
  checkPrecision(request, plan, errors)
  checkAugmentation(plan, data.dataset, errors)
  if (!data.hasValidation) rejectValidationOptions(request, errors)
}

function checkLength(
  request: TrainingRequest,
  { steps, stepsPerEpoch, batchSize, accumulateSteps, shards = 1 }: TrainingPlan,
  { dataset, trainingRecords }: TrainingData,
  errors: FieldErrors,
): void {
  if (request.epochs !== undefined && request.steps !== undefined) {
    errors.add('/training/steps', 'contradiction', 'give epochs or steps, not both')
  }
  if (stepsPerEpoch < 1) {
    const batch = accumulateSteps > 1 ? 'batchSize times accumulateSteps' : 'batchSize'
    const message = `${batch} is ${batchSize * accumulateSteps}, but data set '${dataset.name}' has ${trainingRecords} records to train on`
    errors.add('/training/batchSize', 'too_large', message)
  }
  if (steps * accumulateSteps > maxBatchCount) {
    const message = `steps times accumulateSteps is ${steps * accumulateSteps}, at most ${maxBatchCount} batches can be counted`
    errors.add('/training/accumulateSteps', 'too_large', message)
  } else if (steps * shards > maxBatchCount) {
    const message = `steps times shards is ${steps * shards}, at most ${maxBatchCount} micro-batches can be counted`
    errors.add('/training/shards', 'too_large', message)
  }
}

function checkLearningRate(
  request: TrainingRequest,
  { steps, learningRate }: TrainingPlan,
  errors: FieldErrors,
): void {
  const path = '/training/learningRate'
  const { schedule, warmupSteps } = learningRate
  // a one-cycle schedule also has to fall
  if (warmupSteps > steps || (schedule === 'oneCycle' && warmupSteps === steps)) {
    const message = `warmupSteps is ${warmupSteps}, but the job has ${steps} steps`
    errors.add(`${path}/warmupSteps`, 'too_large', message)
  }
  const requested = request.learningRate
  if (typeof requested !== 'object' || requested.schedule !== 'step') return
  const { everySteps, boundaries } = requested
  if (everySteps !== undefined && boundaries !== undefined) {
    const message = 'give boundaries or everySteps, not both'
    errors.add(`${path}/everySteps`, 'contradiction', message)
  }
  const pastEnd = boundaries?.find(boundary => boundary >= steps)
  if (pastEnd !== undefined) {
    const message = `a boundary is ${pastEnd}, but the job has ${steps} steps`
    errors.add(`${path}/boundaries`, 'too_large', message)
  }
}

function checkOptimizer(
  request: TrainingRequest,
  { optimizer }: TrainingPlan,
  errors: FieldErrors,
): void {
  const requestsNesterov = request.optimizer?.kind === 'sgd' && request.optimizer.nesterov === true
  if (requestsNesterov && optimizer.kind === 'sgd' && optimizer.momentum === 0) {
    const message = 'nesterov looks ahead along the momentum, which is 0'
    errors.add('/training/optimizer/nesterov', 'contradiction', message)
  }
}

function checkPrecision(
  { lossScale }: TrainingRequest,
  { precision }: TrainingPlan,
  errors: FieldErrors,
): void {
  if (lossScale === undefined || precision === 'fp16') return
  const message = `precision is ${precision}, whose gradients need no loss scale: only fp16 has one`
  errors.add('/training/lossScale', 'contradiction', message)
}

function checkAugmentation(
  { augment, batchSize }: TrainingPlan,
  { height, width, channels }: ImagesManifest,
  errors: FieldErrors,
): void {
  const path = '/training/augment'
  for (const field of ['padCrop', 'cutout'] as const) {
    if (augment[field] < Math.min(height, width)) continue
    const message = `${field} is ${augment[field]}, but the images are ${height}x${width}`
    errors.add(`${path}/${field}`, 'too_large', message)
  }
  if (augment.colorJitter.saturation > 0 && channels !== 3) {
    const message = `saturation needs images in colour, but these have ${channels} ${channels === 1 ? 'channel' : 'channels'}`
    errors.add(`${path}/colorJitter/saturation`, 'contradiction', message)
  }
  if (augment.mixup > 0 && batchSize === 1) {
    const message = 'mixup mixes the images of a batch, but batchSize is 1'
    errors.add(`${path}/mixup`, 'contradiction', message)
  }
}

function rejectValidationOptions(request: TrainingRequest, errors: FieldErrors): void {
  for (const field of ['earlyStopping', 'keepBest', 'exportBest'] as const) {
    if (!request[field]) continue
    const message = `${field} needs validation results, but nothing is held out: give validation`
    errors.add(`/training/${field}`, 'contradiction', message)
  }
}

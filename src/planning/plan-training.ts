import type { Static } from 'typebox'
import type { FieldErrors } from '../errors.js'
import type { ImagesManifest } from '../spec/dataset.js'
import type { NetworkJobRequest } from '../spec/job.js'
import { type LearningRate, schedules } from '../spec/learning-rate.js'
import type { Notes } from '../spec/notes.js'
import type { OptimizerKind, OptimizerOptions } from '../spec/optimizer-options.js'
import { devicesOf, workersOf } from '../spec/resources.js'
import { maxShards } from '../spec/shards.js'
import {
  defaultL2,
  TrainingOptions,
  type TrainingOptionWithoutDefault,
  type TrainingPlan,
} from '../spec/training-options.js'
import type { ImageSplitPlan, ImageValidation } from '../spec/validation-split.js'
import { withDefaults } from '../spec/with-defaults.js'
import { checkTraining } from './check-training.js'
import { planClassWeights } from './plan-class-weights.js'
import { noteNothingHeldOut, requestedHoldOut } from './plan-hold-out.js'
import type { PlannedParts } from './plan-parts.js'
import { checkShards } from './plan-shards.js'

/** Peak learning rates for requests without one. */
const defaultPeaks: Record<OptimizerKind, number> = {
  adam: 0.002,
  adamw: 0.002,
  sgd: 0.05,
  rmsprop: 0.001,
}
/** Warm-up of the one-cycle schedule, as a fraction of all steps. */
const oneCycleWarmupFraction = 0.3
/** Drops of the step schedule, as fractions of all steps (He et al. 2016, arXiv:1603.05027). */
const stepDropFractions = [0.5, 0.75]
/** `input: 'auto'` keeps up to this many bytes of decoded pixels in memory. */
const maxInMemoryBytes = 2 ** 30

/**
 * Fills in every training option of a network. Adds an error for each option that does not fit the
 * others or the images, and a note for each that had to be fitted to the data.
 */
export function planTraining(
  { model, training: request = {}, resources = {} }: NetworkJobRequest,
  {
    training: dataset,
    validation,
    validationPlan,
    split: trainedSplits,
  }: PlannedParts<ImagesManifest>,
  errors: FieldErrors,
  notes: Notes,
): TrainingPlan {
  const {
    epochs,
    split: _,
    shards = Math.min(maxShards, devicesOf({ resources }) * workersOf({ resources })),
    ...options
  } = withDefaults<typeof TrainingOptions, TrainingOptionWithoutDefault>(TrainingOptions, request)
  const split =
    validationPlan ?? planHoldOut(request.validation ?? options.validation, dataset, notes)
  const heldOut = 'holdOut' in split ? split.holdOut : 0
  const trainingRecords = dataset.records - heldOut
  const batchSize = request.batchSize ?? fitBatchSize(options, shards, trainingRecords, notes)
  const stepsPerEpoch = Math.floor(trainingRecords / (batchSize * options.accumulateSteps))
  const steps = options.steps ?? epochs * stepsPerEpoch
  const hasValidation = validation !== null || heldOut > 0
  const optimizer = options.optimizer as OptimizerOptions
  const plan: TrainingPlan = {
    ...options,
    steps,
    stepsPerEpoch,
    batchSize,
    ...(shards > 1 && { shards }),
    optimizer,
    l2: options.l2 ?? defaultL2[model.kind],
    classWeights: options.classWeights
      ? planClassWeights(options.classWeights, dataset.labels, dataset.classCounts, errors)
      : null,
    learningRate: resolveLearningRate(options.learningRate, {
      steps,
      stepsPerEpoch,
      defaultPeak: defaultPeaks[optimizer.kind],
    }),
    ema: options.ema ? (options.ema as TrainingPlan['ema']) : null,
    augment: options.augment as TrainingPlan['augment'],
    ...(trainedSplits && { split: trainedSplits }),
    validation: split,
    validateEvery: options.validateEvery ?? Math.max(1, stepsPerEpoch),
    earlyStopping: (options.earlyStopping as TrainingPlan['earlyStopping']) ?? null,
    keepBest: hasValidation ? (options.keepBest as TrainingPlan['keepBest']) : null,
    input: options.input === 'auto' ? chooseInput(dataset, validation) : options.input,
    checkpointEvery: options.checkpointEvery ?? null,
    checkpointSeconds: options.checkpointSeconds ?? null,
    ...(options.precision === 'fp16' && { lossScale: options.lossScale ?? 'dynamic' }),
  }
  checkTraining(request, plan, { dataset, trainingRecords, hasValidation }, errors)
  const places = { workers: workersOf({ resources }), devices: devicesOf({ resources }) }
  checkShards(plan, places, errors)
  return plan
}

function planHoldOut(
  requested: ImageValidation,
  { name, records, classCounts }: ImagesManifest,
  notes: Notes,
): ImageSplitPlan {
  const { holdOut: share, by = 'random' } = requestedHoldOut(requested)
  const holdOut = Math.round(share * records)
  if (share > 0 && holdOut === 0) noteNothingHeldOut(share, records, 'record', name, notes)
  if (by === 'random') return { holdOut }
  const classes = classCounts.filter(count => count > 0).length
  if (holdOut > 0 && (holdOut < classes || classCounts.includes(1))) {
    const message = `some of the ${classes} classes have no image to validate on: ${holdOut} of ${records} images are held out, and no class gives its only image`
    notes.add('class_not_validated', message)
  }
  return { holdOut, by }
}

/** The default batch size, or fewer images if there are not so many, or if shards do not divide it. */
function fitBatchSize(
  { batchSize, accumulateSteps }: { batchSize: number; accumulateSteps: number },
  shards: number,
  trainingRecords: number,
  notes: Notes,
): number {
  const most = Math.min(batchSize, Math.floor(trainingRecords / accumulateSteps))
  const fitting = Math.max(shards, Math.floor(most / shards) * shards)
  if (fitting === batchSize) return batchSize
  const reason =
    most < batchSize
      ? `there are ${trainingRecords} records to train on`
      : `${shards} shards divide it`
  const message = `training.batchSize is ${fitting} and not ${batchSize}, since ${reason}`
  notes.add('batch_size_fitted', message)
  return fitting
}

function chooseInput(
  dataset: ImagesManifest,
  validation: ImagesManifest | null,
): 'in-memory' | 'streaming' {
  const records = dataset.records + (validation?.records ?? 0)
  const bytes = records * dataset.height * dataset.width * dataset.channels
  return bytes <= maxInMemoryBytes ? 'in-memory' : 'streaming'
}

/** Adds what depends on the length of the job and on the optimizer to a schedule's options. */
function resolveLearningRate(
  requested: Static<typeof LearningRate>,
  {
    steps,
    stepsPerEpoch,
    defaultPeak,
  }: { steps: number; stepsPerEpoch: number; defaultPeak: number },
): LearningRate {
  if (typeof requested === 'number') {
    return withDefaults(schedules.constant, { schedule: 'constant', peak: requested })
  }
  const rate = { peak: defaultPeak, ...requested }
  switch (rate.schedule) {
    case 'step': {
      const boundaries = stepDropFractions.map(fraction => Math.round(fraction * steps))
      return (rate.everySteps ? rate : { boundaries, ...rate }) as LearningRate
    }
    case 'exponential':
      return { everySteps: Math.max(1, stepsPerEpoch), ...rate } as LearningRate
    case 'oneCycle': {
      const warmupSteps = Math.max(2, Math.round(oneCycleWarmupFraction * steps))
      return { warmupSteps, ...rate } as LearningRate
    }
    default:
      return rate as LearningRate
  }
}

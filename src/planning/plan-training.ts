import type { Static } from 'typebox'
import type { FieldErrors } from '../errors.js'
import type { ImagesManifest } from '../spec/dataset.js'
import { type LearningRate, schedules } from '../spec/learning-rate.js'
import type { OptimizerKind, OptimizerOptions } from '../spec/optimizer-options.js'
import {
  TrainingOptions,
  type TrainingOptionWithoutDefault,
  type TrainingPlan,
  type TrainingRequest,
} from '../spec/training-options.js'
import { withDefaults } from '../spec/with-defaults.js'
import { checkTraining } from './check-training.js'

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
 * others or the images.
 */
export function planTraining(
  request: TrainingRequest,
  dataset: ImagesManifest,
  validation: ImagesManifest | null,
  errors: FieldErrors,
): TrainingPlan {
  const { epochs, ...options } = withDefaults<typeof TrainingOptions, TrainingOptionWithoutDefault>(
    TrainingOptions,
    request,
  )
  const heldOut =
    typeof options.validation === 'number' ? Math.round(options.validation * dataset.records) : 0
  const trainingRecords = dataset.records - heldOut
  const stepsPerEpoch = Math.floor(trainingRecords / (options.batchSize * options.accumulateSteps))
  const steps = options.steps ?? epochs * stepsPerEpoch
  const hasValidation = validation !== null || heldOut > 0
  const optimizer = options.optimizer as OptimizerOptions
  const plan: TrainingPlan = {
    ...options,
    steps,
    stepsPerEpoch,
    optimizer,
    learningRate: resolveLearningRate(options.learningRate, {
      steps,
      stepsPerEpoch,
      defaultPeak: defaultPeaks[optimizer.kind],
    }),
    ema: options.ema ? (options.ema as TrainingPlan['ema']) : null,
    augment: options.augment as TrainingPlan['augment'],
    validation: validation ? { dataset: validation.id } : { holdOut: heldOut },
    validateEvery: options.validateEvery ?? Math.max(1, stepsPerEpoch),
    earlyStopping: (options.earlyStopping as TrainingPlan['earlyStopping']) ?? null,
    keepBest: hasValidation ? (options.keepBest as TrainingPlan['keepBest']) : null,
    input: options.input === 'auto' ? chooseInput(dataset, validation) : options.input,
    checkpointEvery: options.checkpointEvery ?? null,
    checkpointSeconds: options.checkpointSeconds ?? null,
  }
  checkTraining(request, plan, { dataset, trainingRecords, hasValidation }, errors)
  return plan
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

import type { Static, TSchema } from 'typebox'
import { Default } from 'typebox/value'
import type { FieldError } from '../errors.js'
import { Augmentation } from '../spec/augmentation.js'
import type { ImagesManifest } from '../spec/dataset.js'
import { type LearningRate, schedules } from '../spec/learning-rate.js'
import { type OptimizerOptions, optimizers } from '../spec/optimizer-options.js'
import {
  EarlyStopping,
  Ema,
  KeepBest,
  type TrainingPlan,
  type TrainingRequest,
} from '../spec/training-options.js'

const defaults = {
  epochs: 10,
  batchSize: 64,
  peak: { adam: 0.002, adamw: 0.002, sgd: 0.05, rmsprop: 0.001 },
  /** Of all steps: how long a one-cycle schedule rises. */
  oneCycleWarmupFraction: 0.3,
  /** Of all steps: where He et al. 2016 let the rate drop. */
  stepDropFractions: [0.5, 0.75],
  seed: 1,
  holdOut: 0.1,
  shuffleBuffer: 2000,
  logEvery: 1,
  keepCheckpoints: 3,
}

/** Every choice made, and what cannot work on this data. */
export function planTraining(
  request: TrainingRequest,
  dataset: ImagesManifest,
  validation: ImagesManifest | null,
): { plan: TrainingPlan; fieldErrors: FieldError[] } {
  const heldOut = heldOutRecords(request, dataset)
  const batchSize = request.batchSize ?? defaults.batchSize
  const accumulateSteps = request.accumulateSteps ?? 1
  const stepsPerEpoch = Math.floor((dataset.records - heldOut) / (batchSize * accumulateSteps))
  const steps = request.steps ?? (request.epochs ?? defaults.epochs) * stepsPerEpoch
  const optimizer = withDefaults(optimizers[request.optimizer?.kind ?? 'adam'], {
    kind: 'adam',
    ...request.optimizer,
  }) as OptimizerOptions
  const hasValidation = validation !== null || heldOut > 0
  const keepBest = withDefaults(KeepBest, request.keepBest ?? {})
  const plan: TrainingPlan = {
    steps,
    stepsPerEpoch,
    batchSize,
    optimizer,
    learningRate: resolveLearningRate(request, {
      steps,
      stepsPerEpoch,
      peak: defaults.peak[optimizer.kind],
    }),
    labelSmoothing: request.labelSmoothing ?? 0,
    clipGradients: request.clipGradients ?? {},
    accumulateSteps,
    ema: request.ema ? withDefaults(Ema, request.ema) : null,
    augment: withDefaults(Augmentation, request.augment ?? {}) as TrainingPlan['augment'],
    seed: request.seed ?? defaults.seed,
    validation: validation ? { dataset: validation.id } : { holdOut: heldOut },
    validateEvery: request.validateEvery ?? Math.max(1, stepsPerEpoch),
    earlyStopping: request.earlyStopping
      ? withDefaults(EarlyStopping, request.earlyStopping)
      : null,
    keepBest: hasValidation ? keepBest : null,
    exportBest: request.exportBest ?? true,
    shuffleBuffer: request.shuffleBuffer ?? defaults.shuffleBuffer,
    input: resolveInput(request, dataset, validation),
    logEvery: request.logEvery ?? defaults.logEvery,
    checkpointEvery: request.checkpointEvery ?? null,
    checkpointSeconds: request.checkpointSeconds ?? null,
    keepCheckpoints: request.keepCheckpoints ?? defaults.keepCheckpoints,
    precision: request.precision ?? 'fp32',
  }
  return {
    plan,
    fieldErrors: validateTraining(request, plan, dataset, {
      evaluated: hasValidation,
      left: dataset.records - heldOut,
    }),
  }
}

/** The defaults that a schema states, for what a request leaves open. */
export const withDefaults = <S extends TSchema>(schema: S, input: object) =>
  Default(schema, structuredClone(input)) as Required<Static<S>>

/** The most bytes of decoded pixels that are kept in memory without being asked to. */
const maxInMemoryBytes = 2 ** 30

function resolveInput(
  { input = 'auto' }: TrainingRequest,
  dataset: ImagesManifest,
  validation: ImagesManifest | null,
): 'in-memory' | 'streaming' {
  if (input !== 'auto') return input
  const records = dataset.records + (validation?.records ?? 0)
  const bytes = records * dataset.height * dataset.width * dataset.channels
  return bytes <= maxInMemoryBytes ? 'in-memory' : 'streaming'
}

function heldOutRecords(request: TrainingRequest, dataset: ImagesManifest): number {
  if (typeof request.validation === 'object') return 0
  return Math.round((request.validation ?? defaults.holdOut) * dataset.records)
}

function resolveLearningRate(
  { learningRate: requested }: TrainingRequest,
  { steps, stepsPerEpoch, peak }: { steps: number; stepsPerEpoch: number; peak: number },
): LearningRate {
  if (typeof requested === 'number')
    return { schedule: 'constant', peak: requested, warmupSteps: 0 }
  const withPeak = { peak, ...(requested ?? { schedule: 'cosine' as const }) }
  // what follows from the length of the job; the schemas state the rest
  switch (withPeak.schedule) {
    case 'step': {
      const dropSteps = withPeak.everySteps
        ? { everySteps: withPeak.everySteps }
        : { boundaries: defaults.stepDropFractions.map(fraction => Math.round(fraction * steps)) }
      return withDefaults(schedules.step, { ...dropSteps, ...withPeak }) as LearningRate
    }
    case 'exponential':
      return withDefaults(schedules.exponential, {
        everySteps: Math.max(1, stepsPerEpoch),
        ...withPeak,
      })
    case 'oneCycle': {
      const warmupSteps = Math.max(2, Math.round(defaults.oneCycleWarmupFraction * steps))
      return withDefaults(schedules.oneCycle, { warmupSteps, ...withPeak })
    }
    default:
      return withDefaults(schedules[withPeak.schedule], withPeak) as LearningRate
  }
}

/** Batches are counted in int32. */
const maxBatchCount = 2 ** 31 - 1

type Check = readonly [wrong: boolean, path: string, code: string, message: string]

function validateTraining(
  request: TrainingRequest,
  plan: TrainingPlan,
  dataset: ImagesManifest,
  { evaluated: hasValidation, left: trainingRecords }: { evaluated: boolean; left: number },
): FieldError[] {
  const { steps, batchSize, accumulateSteps, learningRate: rate, augment, optimizer } = plan
  const { height, width, channels } = dataset
  const size = `the images are ${height}x${width}`
  const side = Math.min(height, width)
  const needsValidation = 'but nothing is held out to measure by; give validation'
  const batch = accumulateSteps > 1 ? 'batchSize times accumulateSteps' : 'batchSize'
  const warmupFillsJob = rate.schedule === 'oneCycle' && rate.warmupSteps >= steps
  const stepSchedule =
    typeof request.learningRate === 'object' && request.learningRate.schedule === 'step'
      ? request.learningRate
      : null
  const boundaryPastEnd = stepSchedule?.boundaries?.find(boundary => boundary >= steps)
  const noMomentum = optimizer.kind === 'sgd' && optimizer.momentum === 0
  const nesterov = request.optimizer?.kind === 'sgd' && request.optimizer.nesterov === true

  const checks: Check[] = [
    [
      request.epochs !== undefined && request.steps !== undefined,
      'steps',
      'contradiction',
      'give epochs or steps, not both',
    ],
    [
      plan.stepsPerEpoch < 1,
      'batchSize',
      'too_large',
      `${batch} is ${batchSize * accumulateSteps}, but data set '${dataset.name}' has ${trainingRecords} records to train on`,
    ],
    [
      steps * accumulateSteps > maxBatchCount,
      'accumulateSteps',
      'too_large',
      `steps times accumulateSteps is ${steps * accumulateSteps}, at most ${maxBatchCount} batches can be counted`,
    ],
    [
      rate.warmupSteps > steps || warmupFillsJob,
      'learningRate/warmupSteps',
      'too_large',
      `warmupSteps is ${rate.warmupSteps}, but the job has ${steps} steps`,
    ],
    [
      stepSchedule?.everySteps !== undefined && stepSchedule.boundaries !== undefined,
      'learningRate/everySteps',
      'contradiction',
      'give boundaries or everySteps, not both',
    ],
    [
      boundaryPastEnd !== undefined,
      'learningRate/boundaries',
      'too_large',
      `a boundary is ${boundaryPastEnd}, but the job has ${steps} steps`,
    ],
    [
      noMomentum && nesterov,
      'optimizer/nesterov',
      'contradiction',
      'nesterov looks ahead along the momentum, which is 0',
    ],
    [
      augment.padCrop >= side,
      'augment/padCrop',
      'too_large',
      `padCrop is ${augment.padCrop}, but ${size}`,
    ],
    [
      augment.cutout >= side,
      'augment/cutout',
      'too_large',
      `cutout is ${augment.cutout}, but ${size}`,
    ],
    [
      augment.colorJitter.saturation > 0 && channels !== 3,
      'augment/colorJitter/saturation',
      'contradiction',
      `saturation needs images in colour, but these have ${channels} ${channels === 1 ? 'channel' : 'channels'}`,
    ],
    [
      augment.mixup > 0 && batchSize === 1,
      'augment/mixup',
      'contradiction',
      'mixup mixes the images of a batch, but batchSize is 1',
    ],
    ...(['earlyStopping', 'keepBest', 'exportBest'] as const).map(
      (name): Check => [
        !hasValidation && Boolean(request[name]),
        name,
        'contradiction',
        `${name} ${needsValidation}`,
      ],
    ),
  ]
  return checks
    .filter(([failed]) => failed)
    .map(([, path, code, message]) => ({ path: `/training/${path}`, code, message }))
}

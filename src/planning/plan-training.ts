import type { Static, TSchema } from 'typebox'
import { Default } from 'typebox/value'
import type { Flaw } from '../errors.js'
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
  rise: 0.3,
  /** Of all steps: where He et al. 2016 let the rate drop. */
  drops: [0.5, 0.75],
  seed: 1,
  holdOut: 0.1,
  shuffleBuffer: 2000,
  displayEvery: 1,
  keepCheckpoints: 3,
}

/** Every choice made, and what cannot work on this data. */
export function planTraining(
  asked: TrainingRequest,
  dataset: ImagesManifest,
  validation: ImagesManifest | null,
): { plan: TrainingPlan; flaws: Flaw[] } {
  const held = holdOut(asked, dataset)
  const batchSize = asked.batchSize ?? defaults.batchSize
  const accumulateSteps = asked.accumulateSteps ?? 1
  const stepsPerEpoch = Math.floor((dataset.records - held) / (batchSize * accumulateSteps))
  const steps = asked.steps ?? (asked.epochs ?? defaults.epochs) * stepsPerEpoch
  const optimizer = filled(optimizers[asked.optimizer?.kind ?? 'adam'], {
    kind: 'adam',
    ...asked.optimizer,
  }) as OptimizerOptions
  const evaluated = validation !== null || held > 0
  const keepBest = filled(KeepBest, asked.keepBest ?? {})
  const plan: TrainingPlan = {
    steps,
    stepsPerEpoch,
    batchSize,
    optimizer,
    learningRate: schedule(asked, { steps, stepsPerEpoch, peak: defaults.peak[optimizer.kind] }),
    labelSmoothing: asked.labelSmoothing ?? 0,
    clipGradients: asked.clipGradients ?? {},
    accumulateSteps,
    ema: asked.ema ? filled(Ema, asked.ema) : null,
    augment: filled(Augmentation, asked.augment ?? {}) as TrainingPlan['augment'],
    seed: asked.seed ?? defaults.seed,
    validation: validation ? { dataset: validation.id } : { holdOut: held },
    validateEvery: asked.validateEvery ?? Math.max(1, stepsPerEpoch),
    earlyStopping: asked.earlyStopping ? filled(EarlyStopping, asked.earlyStopping) : null,
    keepBest: evaluated ? keepBest : null,
    exportBest: asked.exportBest ?? true,
    shuffleBuffer: asked.shuffleBuffer ?? defaults.shuffleBuffer,
    input: inputForm(asked, dataset, validation),
    displayEvery: asked.displayEvery ?? defaults.displayEvery,
    snapshotEvery: asked.snapshotEvery ?? null,
    snapshotSeconds: asked.snapshotSeconds ?? null,
    keepCheckpoints: asked.keepCheckpoints ?? defaults.keepCheckpoints,
    precision: asked.precision ?? 'fp32',
  }
  return { plan, flaws: flawsOf(asked, plan, dataset, { evaluated, left: dataset.records - held }) }
}

/** The defaults that a schema states, for what a request leaves open. */
export const filled = <S extends TSchema>(schema: S, asked: object) =>
  Default(schema, structuredClone(asked)) as Required<Static<S>>

/** The most bytes of decoded pixels that are kept in memory without being asked to. */
const residentBytes = 2 ** 30

function inputForm(
  { input = 'auto' }: TrainingRequest,
  dataset: ImagesManifest,
  validation: ImagesManifest | null,
): 'resident' | 'streamed' {
  if (input !== 'auto') return input
  const records = dataset.records + (validation?.records ?? 0)
  const bytes = records * dataset.height * dataset.width * dataset.channels
  return bytes <= residentBytes ? 'resident' : 'streamed'
}

function holdOut(asked: TrainingRequest, dataset: ImagesManifest): number {
  if (typeof asked.validation === 'object') return 0
  return Math.round((asked.validation ?? defaults.holdOut) * dataset.records)
}

function schedule(
  { learningRate: asked }: TrainingRequest,
  { steps, stepsPerEpoch, peak }: { steps: number; stepsPerEpoch: number; peak: number },
): LearningRate {
  if (typeof asked === 'number') return { schedule: 'constant', peak: asked, warmupSteps: 0 }
  const given = { peak, ...(asked ?? { schedule: 'cosine' as const }) }
  // what follows from the length of the job; the schemas state the rest
  switch (given.schedule) {
    case 'step': {
      const drops = given.everySteps
        ? { everySteps: given.everySteps }
        : { boundaries: defaults.drops.map(part => Math.round(part * steps)) }
      return filled(schedules.step, { ...drops, ...given }) as LearningRate
    }
    case 'exponential':
      return filled(schedules.exponential, { everySteps: Math.max(1, stepsPerEpoch), ...given })
    case 'oneCycle': {
      const warmupSteps = Math.max(2, Math.round(defaults.rise * steps))
      return filled(schedules.oneCycle, { warmupSteps, ...given })
    }
    default:
      return filled(schedules[given.schedule], given) as LearningRate
  }
}

/** Batches are counted in int32. */
const largestCount = 2 ** 31 - 1

type Finding = readonly [wrong: boolean, path: string, code: string, message: string]

function flawsOf(
  asked: TrainingRequest,
  plan: TrainingPlan,
  dataset: ImagesManifest,
  { evaluated, left }: { evaluated: boolean; left: number },
): Flaw[] {
  const { steps, batchSize, accumulateSteps, learningRate: rate, augment, optimizer } = plan
  const { height, width, channels } = dataset
  const size = `the images are ${height}x${width}`
  const side = Math.min(height, width)
  const unseen = 'but nothing is held out to measure by; give validation'
  const batch = accumulateSteps > 1 ? 'batchSize times accumulateSteps' : 'batchSize'
  const risesToTheEnd = rate.schedule === 'oneCycle' && rate.warmupSteps >= steps
  const drops =
    typeof asked.learningRate === 'object' && asked.learningRate.schedule === 'step'
      ? asked.learningRate
      : null
  const beyond = drops?.boundaries?.find(boundary => boundary >= steps)
  const still = optimizer.kind === 'sgd' && optimizer.momentum === 0
  const nesterov = asked.optimizer?.kind === 'sgd' && asked.optimizer.nesterov === true

  const findings: Finding[] = [
    [
      asked.epochs !== undefined && asked.steps !== undefined,
      'steps',
      'contradiction',
      'give epochs or steps, not both',
    ],
    [
      plan.stepsPerEpoch < 1,
      'batchSize',
      'too_large',
      `${batch} is ${batchSize * accumulateSteps}, but data set '${dataset.name}' has ${left} records to train on`,
    ],
    [
      steps * accumulateSteps > largestCount,
      'accumulateSteps',
      'too_large',
      `steps times accumulateSteps is ${steps * accumulateSteps}, at most ${largestCount} batches can be counted`,
    ],
    [
      rate.warmupSteps > steps || risesToTheEnd,
      'learningRate/warmupSteps',
      'too_large',
      `warmupSteps is ${rate.warmupSteps}, but the job has ${steps} steps`,
    ],
    [
      drops?.everySteps !== undefined && drops.boundaries !== undefined,
      'learningRate/everySteps',
      'contradiction',
      'give boundaries or everySteps, not both',
    ],
    [
      beyond !== undefined,
      'learningRate/boundaries',
      'too_large',
      `a boundary is ${beyond}, but the job has ${steps} steps`,
    ],
    [
      still && nesterov,
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
      (name): Finding => [
        !evaluated && Boolean(asked[name]),
        name,
        'contradiction',
        `${name} ${unseen}`,
      ],
    ),
  ]
  return findings
    .filter(([wrong]) => wrong)
    .map(([, path, code, message]) => ({ path: `/training/${path}`, code, message }))
}

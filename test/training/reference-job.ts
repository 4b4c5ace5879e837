import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadTensorFlow } from '../../src/engine/tensorflow.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import type { MetricRow } from '../../src/spec/metrics.js'
import type { NetworkOptions, PlainResNet } from '../../src/spec/model-options.js'
import type { TrainingPlan } from '../../src/spec/training-options.js'
import { deviceNames, sessionOptions } from '../../src/training/devices.js'
import type { ImageFormat } from '../../src/training/images.js'
import type { LoopHooks } from '../../src/training/loop.js'
import { buildTrainingProgram, type ProgramOptions } from '../../src/training/program.js'
import { processFolder } from '../../testing/temp-folder.js'

export interface Reference {
  height: number
  width: number
  channels: 3
  classes: number
  batchSize: number
  steps: number
  seed: number
  learningRate: number
  mean: number[]
  std: number[]
  cases: {
    model: PlainResNet
    parameters: number
    losses: number[]
    validationLoss: number
    validationAccuracy: number
    firstImageProbabilities: number[]
  }[]
}

const folder = 'test/training/reference'
export const reference: Reference = JSON.parse(await readFile(join(folder, 'losses.json'), 'utf8'))
export const records = join(folder, 'images.tfrecord')
export const images = { ...reference, encoding: 'raw' as const }
export const runtime = loadTensorFlow()
export const allRecords = {
  files: [records],
  first: 0,
  count: reference.batchSize * reference.steps,
}

/** Trains and validates on all records. */
export const allInput = {
  training: allRecords,
  validation: allRecords,
  labels: Array.from({ length: reference.classes }, (_, label) => String(label)),
}

/** The options of make_reference.py. A shuffle buffer of one record keeps the order of the file. */
export const plan: TrainingPlan = {
  steps: reference.steps,
  stepsPerEpoch: reference.steps,
  batchSize: reference.batchSize,
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0 },
  learningRate: { schedule: 'constant', peak: reference.learningRate, warmupSteps: 0 },
  labelSmoothing: 0,
  clipGradients: {},
  accumulateSteps: 1,
  ema: null,
  augment: {
    flip: false,
    padCrop: 0,
    randomResizedCrop: 1,
    cutout: 0,
    colorJitter: { brightness: 0, contrast: 0, saturation: 0 },
    mixup: 0,
  },
  seed: reference.seed,
  validation: { holdOut: 0 },
  validateEvery: reference.steps,
  earlyStopping: null,
  keepBest: null,
  exportBest: true,
  shuffleBuffer: 1,
  logEvery: 1,
  checkpointEvery: 100,
  keepCheckpoints: 1,
  precision: 'fp32',
}

export async function openProgram(
  model: NetworkOptions,
  options: Partial<TrainingPlan> = {},
  format: ImageFormat = images,
  {
    deviceCount = 1,
    ...more
  }: Pick<ProgramOptions, 'kernels' | 'batchNorm' | 'freeze' | 'records'> & {
    deviceCount?: number
  } = {},
) {
  const tempFolder = processFolder()
  const mergedPlan = { ...plan, ...options }
  const { classes } = reference
  const { classWeights } = mergedPlan
  const program = buildTrainingProgram({
    model,
    images: format,
    classes,
    classWeights: classWeights ? Object.values(classWeights) : undefined,
    plan: mergedPlan,
    ...more,
    devices: deviceNames(mergedPlan, 'cpu', { workers: 1, devices: deviceCount }),
  })
  await writeSavedModel(join(tempFolder, 'program'), program.graph, program)
  const session = await openSession(
    runtime,
    join(tempFolder, 'program'),
    sessionOptions(mergedPlan, 'cpu', deviceCount),
  )
  return { tempFolder, program, session, plan: mergedPlan }
}

export function recordingHooks(rows: MetricRow[], overrides: Partial<LoopHooks> = {}): LoopHooks {
  return {
    phase: () => {},
    row: async row => void rows.push(row),
    checkpoint: async () => {},
    shouldContinue: async () => true,
    ...overrides,
  }
}

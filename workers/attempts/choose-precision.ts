// Decides what a network is served in when its model is published, by what each precision costs.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cpuFlags, supportsBfloat16 } from '../../src/engine/processor.js'
import type { TensorFlow } from '../../src/engine/tensorflow.js'
import { savedModelFolder } from '../../src/models/served-network.js'
import type { LoadedNetwork } from '../../src/runtimes/network.js'
import { openNetwork } from '../../src/runtimes/open-network.js'
import { Notes } from '../../src/spec/notes.js'
import type {
  MeasuredImages,
  PrecisionAccuracy,
  PrecisionCard,
} from '../../src/spec/precision-card.js'
import type { ServedPrecision, ServingPlan } from '../../src/spec/serving-options.js'
import { type ImageSample, sampleRange } from '../../src/training/image-reader.js'
import type { ImageFormat } from '../../src/training/images.js'
import type { RecordRange } from '../../src/training/record-range.js'
import type { ServedNetwork } from '../../src/training/serving.js'
import { type ImageSource, measurePrecision, openImageSource } from './measure-precision.js'
import { quantizeNetwork } from './quantize-network.js'

/** Images that accuracies are measured on: a minute of ResNet-50 on two cores. */
const maxMeasured = 2000
/** Images that int8 is calibrated with, as many as in NNCF. */
const maxCalibrated = 300

/** The images that a network was trained and validated on. */
export interface SeenImages {
  training: RecordRange
  validation: RecordRange
  format: ImageFormat
  /** How the images to validate on are stored. */
  validationFormat: ImageFormat
}

/** The images to validate on or, if there are none, those of the training. */
export const partToMeasure = ({ training, validation, format, validationFormat }: SeenImages) =>
  validation.count > 0
    ? ({ part: 'validation', range: validation, format: validationFormat } as const)
    : ({ part: 'training', range: training, format } as const)

export interface PrecisionDeps extends Omit<ImageSource, 'reader'> {
  threads: number
}

/**
 * Adds to a staged model, which has its SavedModel in float32, what its precision needs, and says what it is
 * served in. `temp`: a folder for what is needed on the way.
 */
export async function chooseServedPrecision(
  deps: PrecisionDeps,
  staged: string,
  temp: string,
  network: ServedNetwork,
  seen: SeenImages,
  { precision: requested, maxAccuracyLoss }: ServingPlan,
): Promise<PrecisionCard> {
  const notes = new Notes()
  const card = (choice: Omit<PrecisionCard, 'requested' | 'maxAccuracyLoss' | 'notes'>) => ({
    requested,
    maxAccuracyLoss,
    ...choice,
    notes: notes.all,
  })
  const unmeasured = { measured: null, calibrated: null, accuracies: [] }
  if (requested === 'fp32') return card({ served: 'fp32', ...unmeasured })
  const candidate = requested === 'auto' ? 'bf16' : requested
  if (candidate === 'bf16' && !supportsBfloat16(cpuFlags())) return withoutMeasurement()

  const { part, range, format } = partToMeasure(seen)
  const classes = part === 'validation' ? deps.classes : undefined
  const source = await openImageSource({ ...deps, classes }, join(temp, 'reader'), format)
  let calibrated: MeasuredImages | null = null
  if (candidate === 'int8') {
    const sample = sampleRange(range, maxCalibrated)
    const folders = { fp32: savedModelFolder(staged), int8: savedModelFolder(staged, 'int8'), temp }
    await quantizeNetwork(source, network, folders, sample)
    calibrated = { part, images: sample.count }
  }
  const sample = sampleRange(range, maxMeasured)
  const accuracies = await compareWithFp32(source, deps.threads, staged, candidate, sample)
  if (!accuracies) return withoutMeasurement()
  if (part === 'training') {
    notes.add(
      'precision_measured_in_training',
      'there is no validation data: the accuracies are those of images that the model was trained on',
    )
  }
  const { accuracyLoss, accuracy, agreement } = accuracies[1]!
  const isWithinLimit = accuracyLoss <= maxAccuracyLoss
  console.log(
    `${candidate} predicts the same class as fp32 for ${percent(agreement)} of ${sample.count} images; its accuracy is ${percent(accuracy)}, that of fp32 ${percent(accuracies[0]!.accuracy)}`,
  )
  if (!isWithinLimit) {
    const message = `${candidate} would lower the accuracy by ${percent(accuracyLoss)} of the images, more than serving.maxAccuracyLoss, ${percent(maxAccuracyLoss)}: the model is served in fp32`
    notes.add('precision_refused', message)
    if (candidate === 'int8') await rm(savedModelFolder(staged, 'int8'), { recursive: true })
    console.log(message)
  }
  return card({
    served: isWithinLimit ? candidate : 'fp32',
    measured: { part, images: sample.count },
    calibrated,
    accuracies,
  })

  /** bf16 that was asked for is served all the same; chosen by `auto`, it is not. */
  function withoutMeasurement(): PrecisionCard {
    const consequence =
      requested === 'auto' ? 'the model is served in fp32' : 'it is served as asked'
    notes.add(
      'precision_unmeasured',
      `this machine does not compute in bf16, so what bf16 costs could not be measured: ${consequence}`,
    )
    return card({ served: requested === 'auto' ? 'fp32' : candidate, ...unmeasured })
  }
}

/** The network of a staged model, in one runtime: which is faster differs from run to run, and so would the last bits. */
export const openStagedNetwork = (
  tf: TensorFlow,
  staged: string,
  precision: ServedPrecision,
  threads: number,
): Promise<LoadedNetwork> =>
  openNetwork(tf, savedModelFolder(staged, precision), { threads, runtime: 'openvino', precision })

/** Null if no runtime of this machine computes in `precision`. */
async function compareWithFp32(
  source: ImageSource,
  threads: number,
  staged: string,
  precision: ServedPrecision,
  sample: ImageSample,
): Promise<PrecisionAccuracy[] | null> {
  const open = (each: ServedPrecision) => openStagedNetwork(source.tf, staged, each, threads)
  const network = await open(precision)
  try {
    // TensorFlow computes the roundings of int8 in float32
    if (precision === 'bf16' && network.precision !== 'bf16') return null
    const fp32 = await open('fp32')
    try {
      return await measurePrecision(source, sample, fp32, network, precision)
    } finally {
      fp32.close()
    }
  } finally {
    network.close()
  }
}

const percent = (share: number) => `${Number((100 * share).toFixed(2))} %`

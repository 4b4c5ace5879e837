import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { savedModelFolder } from '../../src/models/served-network.js'
import { openNetwork } from '../../src/runtimes/open-network.js'
import type { NetworkManifest } from '../../src/spec/model.js'
import type { ServedPrecision } from '../../src/spec/serving-options.js'
import {
  type ImageSample,
  imageReaderProgram,
  sampleRange,
} from '../../src/training/image-reader.js'
import type { ImageFormat } from '../../src/training/images.js'
import { referencePart } from '../../src/watching/bins.js'
import { imageColumns, imageFeatures } from '../../src/watching/image-features.js'
import type { PrecisionDeps, SeenImages } from './choose-precision.js'
import { forEachBatch, type ImageSource } from './measure-precision.js'
import { writeReference } from './write-reference.js'

/** Images that are counted: half a minute of ResNet-50 on two cores. With ten bins, chance alone makes a PSI of 0.01. */
const maxImages = 1000
const readBatch = 32

/**
 * Writes the histograms of a sample of the training images, and of the answers of the staged network to validation
 * images if there are some. `temp`: a folder for what is needed on the way.
 */
export async function writeNetworkReference(
  deps: PrecisionDeps,
  staged: string,
  temp: string,
  manifest: Omit<NetworkManifest, 'version'>,
  seen: SeenImages,
): Promise<void> {
  const { height, width, channels } = manifest.input
  const columns = imageColumns(channels)
  const features: Float32Array[] = []
  const source = (format: ImageFormat) => openSource(deps, join(temp, 'images'), format)
  await forEachBatch(
    await source(seen.format),
    sampleRange(seen.training, maxImages),
    ({ pixels }) => features.push(imageFeatures(pixels, [height, width, channels])),
  )
  const rows = concatenate(features)
  const of = seen.training.count
  const inputs = referencePart('training', of, { rows, width: columns.length, columns })
  const part = seen.validation.count > 0 ? 'validation' : 'training'
  const format = part === 'validation' ? seen.validationFormat : seen.format
  const precision = manifest.precision?.served ?? 'fp32'
  const sample = sampleRange(seen[part], maxImages)
  const answers = await answersOf(await source(format), deps.threads, staged, precision, sample)
  await writeReference(staged, manifest, inputs, { part, of: seen[part].count, ...answers })
}

async function openSource(
  deps: PrecisionDeps,
  reader: string,
  format: ImageFormat,
): Promise<ImageSource> {
  await rm(reader, { recursive: true, force: true })
  const program = imageReaderProgram(format, readBatch)
  await writeSavedModel(reader, program.graph, program)
  return { ...deps, reader }
}

async function answersOf(
  source: ImageSource,
  threads: number,
  staged: string,
  precision: ServedPrecision,
  sample: ImageSample,
): Promise<{ values: Float32Array; outputs: number }> {
  const folder = savedModelFolder(staged, precision)
  // which runtime is faster differs from run to run, and so would the last bits
  const network = await openNetwork(source.tf, folder, { threads, runtime: 'openvino', precision })
  const values: Float32Array[] = []
  let outputs = 0
  try {
    await forEachBatch(source, sample, async ({ pixels, shape, labels }) => {
      const { probabilities, classes } = await network.run({ data: pixels, shape })
      values.push(probabilities.slice(0, labels.length * classes))
      outputs = classes
    })
  } finally {
    network.close()
  }
  return { values: concatenate(values), outputs }
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

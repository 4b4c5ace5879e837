import { join } from 'node:path'
import type { NetworkManifest } from '../../src/spec/model.js'
import type { ServedPrecision } from '../../src/spec/serving-options.js'
import { type ImageSample, sampleRange } from '../../src/training/image-reader.js'
import type { ImageFormat } from '../../src/training/images.js'
import { referencePart } from '../../src/watching/bins.js'
import { imageColumns, imageFeatures } from '../../src/watching/image-features.js'
import {
  openStagedNetwork,
  type PrecisionDeps,
  partToMeasure,
  type SeenImages,
} from './choose-precision.js'
import { forEachBatch, type ImageSource, openImageSource } from './measure-precision.js'
import { writeReference } from './write-reference.js'

/** Images that are counted: half a minute of ResNet-50 on two cores. With ten bins, chance alone makes a PSI of 0.01. */
const maxImages = 1000

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
  const source = (format: ImageFormat) => openImageSource(deps, join(temp, 'images'), format)
  await forEachBatch(
    await source(seen.format),
    sampleRange(seen.training, maxImages),
    ({ pixels }) => features.push(imageFeatures(pixels, [height, width, channels])),
  )
  const rows = concatenate(features)
  const of = seen.training.count
  const inputs = referencePart('training', of, { rows, width: columns.length, columns })
  const { part, range, format } = partToMeasure(seen)
  const precision = manifest.precision?.served ?? 'fp32'
  const sample = sampleRange(range, maxImages)
  const answers = await answersOf(await source(format), deps.threads, staged, precision, sample)
  await writeReference(staged, manifest, inputs, { part, of: range.count, ...answers })
}

async function answersOf(
  source: ImageSource,
  threads: number,
  staged: string,
  precision: ServedPrecision,
  sample: ImageSample,
): Promise<{ values: Float32Array; outputs: number }> {
  const network = await openStagedNetwork(source.tf, staged, precision, threads)
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

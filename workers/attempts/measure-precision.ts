import { rm } from 'node:fs/promises'
import type { TensorFlow } from '../../src/engine/tensorflow.js'
import { writeSavedModel } from '../../src/graph/saved-model.js'
import { openSession } from '../../src/graph/session.js'
import type { LoadedNetwork } from '../../src/runtimes/network.js'
import type { PrecisionAccuracy } from '../../src/spec/precision-card.js'
import type { ServedPrecision } from '../../src/spec/serving-options.js'
import {
  type ImageSample,
  imageReaderProgram,
  readImages,
} from '../../src/training/image-reader.js'
import type { ImageFormat } from '../../src/training/images.js'

const readBatch = 32

/** What measurements and calibration read images with. */
export interface ImageSource {
  tf: TensorFlow
  /** The folder of `imageReaderProgram`. */
  reader: string
  /** The training class of each class of the validation data; absent if they are the same. */
  classes?: readonly number[] | undefined
  /** Called between batches. */
  tick(): Promise<unknown>
}

/** Writes the program that reads images of a format into the folder `reader`, in place of what is there. */
export async function openImageSource(
  source: Omit<ImageSource, 'reader'>,
  reader: string,
  format: ImageFormat,
): Promise<ImageSource> {
  await rm(reader, { recursive: true, force: true })
  const program = imageReaderProgram(format, readBatch)
  await writeSavedModel(reader, program.graph, program)
  return { ...source, reader }
}

/** Hands a sample to `use`, batch by batch. */
export async function forEachBatch(
  { tf, reader, tick }: ImageSource,
  sample: ImageSample,
  use: (batch: ReturnType<typeof readImages> extends Generator<infer B> ? B : never) => unknown,
): Promise<void> {
  const session = await openSession(tf, reader)
  try {
    for (const batch of readImages(session, sample)) {
      await use(batch)
      await tick()
    }
  } finally {
    session.close()
  }
}

/** Compares the classes that two networks predict for a sample: fp32's, and those of `network`. */
export async function measurePrecision(
  source: ImageSource,
  sample: ImageSample,
  fp32: LoadedNetwork,
  network: LoadedNetwork,
  precision: ServedPrecision,
): Promise<PrecisionAccuracy[]> {
  const correct = { fp32: 0, network: 0 }
  let equal = 0
  await forEachBatch(source, sample, async ({ pixels, shape, labels }) => {
    const batch = { data: pixels, shape }
    const expected = topClasses(await fp32.run(batch))
    const actual = topClasses(await network.run(batch))
    for (const [i, label] of labels.entries()) {
      const truth = source.classes?.[label] ?? label
      if (expected[i] === truth) correct.fp32++
      if (actual[i] === truth) correct.network++
      if (expected[i] === actual[i]) equal++
    }
  })
  const share = (count: number) => count / sample.count
  return [
    {
      precision: 'fp32',
      runtime: fp32.runtime,
      accuracy: share(correct.fp32),
      accuracyLoss: 0,
      agreement: 1,
    },
    {
      precision,
      runtime: network.runtime,
      accuracy: share(correct.network),
      accuracyLoss: share(correct.fp32 - correct.network),
      agreement: share(equal),
    },
  ]
}

/** The class with the largest logit of each image; of equal ones, the first. */
function topClasses({ logits, classes }: { logits: Float32Array; classes: number }): number[] {
  return Array.from({ length: logits.length / classes }, (_, image) => {
    const row = logits.subarray(image * classes, (image + 1) * classes)
    return row.indexOf(Math.max(...row))
  })
}

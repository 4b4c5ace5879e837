import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { ImageDecoder } from '../../src/datasets/images/encoded/image-decoder.js'
import { ImageError } from '../../src/datasets/images/image-error.js'
import { openImageIndex } from '../../src/datasets/images/image-index.js'
import { shuffledOrder } from '../../src/datasets/images/shuffled-order.js'
import { decodeExample } from '../../src/datasets/images/tfrecord/example.js'
import { readRecords } from '../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { TrainingFailure } from '../../src/errors.js'
import { undecodableImage } from '../../src/graph/decode-errors.js'
import { SessionError } from '../../src/graph/values.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'

interface ImageFiles {
  manifest: ImagesManifest
  /** Absolute paths of its shards, in order. */
  paths: readonly string[]
}

/**
 * Names the record if the error of a training is that an image cannot be decoded: TensorFlow's message does not
 * say which. Uploads decode every image, but data sets of older versions were not checked. Throws the error, or
 * a TrainingFailure with the code bad_sample.
 */
export async function rethrowWithRecord(
  error: unknown,
  datasets: readonly ImageFiles[],
): Promise<never> {
  if (!(error instanceof SessionError) || !undecodableImage.test(error.message)) throw error
  console.log('an image cannot be decoded: looking for its record')
  for (const dataset of datasets) {
    if (dataset.manifest.encoding !== 'encoded') continue
    const found = await findBadImage(dataset)
    if (found) throw new TrainingFailure('bad_sample', `${found}; upload the data set without it`)
  }
  throw error
}

/** Says which record of the data set is the first that cannot be decoded, and why. */
export async function findBadImage({ manifest, paths }: ImageFiles): Promise<string | null> {
  const decoder = await ImageDecoder.open(manifest)
  let first = 0
  for (const [i, path] of paths.entries()) {
    const shard = manifest.shards[i]!
    let record = 0
    for (const data of readRecords(shard.name, path)) {
      const [image] = decoder.decode([decodeExample(data).image])
      if (image instanceof ImageError) {
        const uploaded = await uploadedImage({ manifest, paths }, first + record)
        return `${uploaded} of data set '${manifest.name}' (record ${record} of ${shard.name}): ${image.message}`
      }
      record++
    }
    first += shard.records
    // a trainer has to take its worker's messages in between
    await setImmediate()
  }
  return null
}

/** Names the image of a record by its place in the upload. */
async function uploadedImage({ manifest, paths }: ImageFiles, record: number): Promise<string> {
  const { index: file, records } = manifest
  if (!file) return `record ${shuffledOrder(records)[record]}`
  // shards lie in a folder beside the index
  const index = await openImageIndex(join(dirname(dirname(paths[0]!)), file.name))
  try {
    for await (const { source } of index.rows(record, 1)) return `image '${source}'`
    throw new Error(`${file.name} has no row ${record}`)
  } finally {
    await index.close()
  }
}

import { join } from 'node:path'
import { lru } from 'tiny-lru'
import { DamagedError, TrainyardError } from '../../errors.js'
import type { ImagesManifest } from '../../spec/dataset.js'
import { ImageError } from '../images/image-error.js'
import { decodeExample, type ImageExample } from '../images/tfrecord/example.js'
import { nextRecordOffset, readRecord } from '../images/tfrecord/tfrecord-reader.js'
import { InputFile } from '../input-file.js'
import type { StoredDataset } from './stored-dataset.js'

type StoredImages = StoredDataset<ImagesManifest>

/** Where each image is, 12 bytes for each, outside the heap. */
export interface ImagePlaces {
  labels: Int32Array
  /** Byte offsets of the records in their shards. */
  offsets: Float64Array
}

/** 12 bytes for each of at most 10,000,000 images. */
const kept = lru<ImagePlaces>(2)

export function imagePlaces(dataset: StoredImages): ImagePlaces {
  const known = kept.get(dataset.key)
  if (known) return known
  const places = scanShards(dataset)
  kept.set(dataset.key, places)
  return places
}

/** Data sets of older versions have no index. */
function scanShards(dataset: StoredImages): ImagePlaces {
  const { shards, records } = dataset.manifest
  const labels = new Int32Array(records)
  const offsets = new Float64Array(records)
  let record = 0
  for (const shard of shards.keys()) {
    withShard(dataset, shard, file => {
      for (let inShard = 0, offset = 0; offset < file.size; inShard++) {
        const data = readRecord(file, inShard, offset, file.size)
        labels[record] = Number(decodeExample(data).label)
        offsets[record++] = offset
        offset = nextRecordOffset(offset, data.length)
      }
    })
  }
  if (record === records) return { labels, offsets }
  throw new DamagedError(
    `${dataset.key}/manifest.json`,
    `says that there are ${records} images, but the shards have ${record}`,
  )
}

/** Reads an image and checks its checksum. Throws a DamagedError that names the shard. */
export function readImage(dataset: StoredImages, index: number): ImageExample {
  const offset = imagePlaces(dataset).offsets[index]!
  const { shard, first } = shardOf(dataset.manifest, index)
  return withShard(dataset, shard, file => {
    const example = decodeExample(readRecord(file, index - first, offset, file.size))
    return { ...example, image: Uint8Array.from(example.image) }
  })
}

/** The shard of an image, and the index of its first image. */
function shardOf({ shards }: ImagesManifest, index: number): { shard: number; first: number } {
  let first = 0
  for (const [shard, { records }] of shards.entries()) {
    if (index < first + records) return { shard, first }
    first += records
  }
  throw new RangeError(`image ${index} of ${first}`)
}

function withShard<T>(
  { manifest, folder, key }: StoredImages,
  shard: number,
  read: (file: InputFile) => T,
): T {
  const { name } = manifest.shards[shard]!
  let file: InputFile | undefined
  try {
    file = new InputFile(name, join(folder, name))
    return read(file)
  } catch (error) {
    throw asDamage(`${key}/${name}`, error)
  } finally {
    file?.close()
  }
}

/** What a reader of uploads finds wrong with a stored file is damage. */
function asDamage(file: string, error: unknown): unknown {
  if (error instanceof TrainyardError) {
    const [place] = error.errors
    const at = place?.path.split('#')[1]?.replaceAll('&', ' at ').replaceAll('=', ' ')
    return new DamagedError(
      file,
      `is damaged${at ? ` at ${at}` : ''}: ${place?.message ?? error.message}`,
      error,
    )
  }
  if (error instanceof ImageError)
    return new DamagedError(file, `is damaged: ${error.message}`, error)
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new DamagedError(file, 'is missing', error)
  }
  return error
}

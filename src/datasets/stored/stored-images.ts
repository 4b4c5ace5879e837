import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { lru } from 'tiny-lru'
import { DamagedError, TrainyardError } from '../../errors.js'
import type { ImagesManifest } from '../../spec/dataset.js'
import { ImageError } from '../images/image-error.js'
import { type ImageIndex, type ImageIndexRow, openImageIndex } from '../images/image-index.js'
import { decodeExample, type ImageExample } from '../images/tfrecord/example.js'
import { nextRecordOffset, readRecord } from '../images/tfrecord/tfrecord-reader.js'
import { InputFile } from '../input-file.js'
import type { StoredDataset } from './stored-dataset.js'

type StoredImages = StoredDataset<ImagesManifest>

/** Where each image is: 14 bytes for each, outside the heap. */
export interface ImagePlaces {
  labels: Int32Array
  /** Numbers of the shards. */
  shards: Uint16Array
  /** Byte offsets of the records in their shards. */
  offsets: Float64Array
}

/** Of at most 10,000,000 images each. */
const kept = lru<Promise<ImagePlaces>>(2)

/** From the index or, of a data set of a version that wrote none, from the shards. Throws a DamagedError. */
export function imagePlaces(dataset: StoredImages): Promise<ImagePlaces> {
  const known = kept.get(dataset.key)
  if (known) return known
  const places = dataset.manifest.index ? readIndex(dataset) : scanShards(dataset)
  kept.set(dataset.key, places)
  places.catch(() => kept.delete(dataset.key))
  return places
}

async function readIndex(dataset: StoredImages): Promise<ImagePlaces> {
  await assertIndexIntact(dataset)
  return withIndex(dataset, async index => ({
    labels: Int32Array.from(await index.numbers('label')),
    shards: Uint16Array.from(await index.numbers('shard')),
    offsets: await index.numbers('offset'),
  }))
}

async function assertIndexIntact({ manifest, folder, key }: StoredImages): Promise<void> {
  const { name, sha256 } = manifest.index!
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(join(folder, name)), hash)
  } catch (error) {
    throw asDamage(`${key}/${name}`, error)
  }
  if (hash.digest('hex') !== sha256) {
    throw new DamagedError(`${key}/${name}`, 'does not match its checksum')
  }
}

async function withIndex<T>(
  { manifest, folder }: StoredImages,
  read: (index: ImageIndex) => Promise<T>,
): Promise<T> {
  const index = await openImageIndex(join(folder, manifest.index!.name))
  try {
    return await read(index)
  } finally {
    await index.close()
  }
}

/** Rows that are so near are read at once. */
const maxGap = 64

/** What the index has on images; nothing if there is no index. `indices` ascend. */
export async function readIndexRows(
  dataset: StoredImages,
  indices: readonly number[],
): Promise<Map<number, ImageIndexRow>> {
  const found = new Map<number, ImageIndexRow>()
  if (!dataset.manifest.index) return found
  const wanted = new Set(indices)
  return withIndex(dataset, async index => {
    for (let i = 0; i < indices.length; ) {
      const first = indices[i]!
      let last = first
      for (; i < indices.length && indices[i]! - last <= maxGap; i++) last = indices[i]!
      let at = first
      for await (const row of index.rows(first, last - first + 1)) {
        if (wanted.has(at)) found.set(at, row)
        at++
      }
    }
    return found
  })
}

/** The path in the upload of each image, in order; null if there is no index. */
export async function* readSources(
  dataset: StoredImages,
): AsyncGenerator<{ index: number; source: string | null }> {
  const { records, index: file } = dataset.manifest
  if (!file) {
    for (let index = 0; index < records; index++) yield { index, source: null }
    return
  }
  const rows = await openImageIndex(join(dataset.folder, file.name))
  try {
    let index = 0
    for await (const { source } of rows.rows()) yield { index: index++, source }
  } finally {
    await rows.close()
  }
}

async function scanShards(dataset: StoredImages): Promise<ImagePlaces> {
  const { shards, records } = dataset.manifest
  const places: ImagePlaces = {
    labels: new Int32Array(records),
    shards: new Uint16Array(records),
    offsets: new Float64Array(records),
  }
  let record = 0
  for (const shard of shards.keys()) {
    withShard(dataset, shard, file => {
      for (let inShard = 0, offset = 0; offset < file.size; inShard++) {
        const data = readRecord(file, inShard, offset, file.size)
        places.labels[record] = Number(decodeExample(data).label)
        places.shards[record] = shard
        places.offsets[record++] = offset
        offset = nextRecordOffset(offset, data.length)
      }
    })
  }
  if (record === records) return places
  throw new DamagedError(
    `${dataset.key}/manifest.json`,
    `says that there are ${records} images, but the shards have ${record}`,
  )
}

/** Reads an image and checks its checksum. Throws a DamagedError that names the shard. */
export function readImage(
  dataset: StoredImages,
  { shards, offsets }: ImagePlaces,
  index: number,
): ImageExample {
  const shard = shards[index]!
  return withShard(dataset, shard, file => {
    const record = index - firstRecord(dataset.manifest, shard)
    const example = decodeExample(readRecord(file, record, offsets[index]!, file.size))
    return { ...example, image: Uint8Array.from(example.image) }
  })
}

const firstRecord = ({ shards }: ImagesManifest, shard: number) =>
  shards.slice(0, shard).reduce((sum, { records }) => sum + records, 0)

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

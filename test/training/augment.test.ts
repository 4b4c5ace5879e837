import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Graph, type Tensor } from '../../src/graph/graph.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import type { Augmentation } from '../../src/spec/augmentation.js'
import { augmentImages, mixup } from '../../src/training/augment.js'
import { signedUniforms } from '../graph/random.js'
import { openGraphSession } from '../graph/tensorflow.js'
import { assertOpsMatchTensorFlow } from '../graph/tensorflow-agrees.js'
import { plan } from './reference-job.js'

const [n, height, width, channels, classes] = [48, 6, 5, 3, 4]
const size = height * width * channels
const mean = [1, 2, 3]

const off = plan.augment
const jitter = (more: Partial<Augmentation['colorJitter']>) => ({
  colorJitter: { ...off.colorJitter, ...more },
})
const options = {
  flip: { flip: true },
  padCrop: { padCrop: 2 },
  randomResizedCrop: { randomResizedCrop: 0.3 },
  cutout: { cutout: 3 },
  brightness: jitter({ brightness: 0.5 }),
  contrast: jitter({ contrast: 0.5 }),
  saturation: jitter({ saturation: 0.5 }),
  all: {
    flip: true,
    padCrop: 2,
    randomResizedCrop: 0.5,
    cutout: 2,
    ...jitter({ brightness: 0.2, contrast: 0.2, saturation: 0.2 }),
  },
}
type Option = keyof typeof options

const graph = new Graph()
const images = placeholder(graph, 'images', 'float32', [n, height, width, channels])
const labels = placeholder(graph, 'labels', 'float32', [n, classes])
const seed = placeholder(graph, 'seed', 'int32')
const batch = placeholder(graph, 'batch', 'int32')
const rng = { seed, batch }

const built = Object.entries(options).map(([name, some]): [string, Tensor] => [
  name,
  augmentImages(images, { ...off, ...some }, mean, rng, 'cpu'),
])
const [mixedImages, mixedLabels] = mixup(images, labels, 0.4, rng)
const session = await openGraphSession({ after }, graph, {
  augment: { inputs: { images, seed, batch }, outputs: Object.fromEntries(built) },
  mix: {
    inputs: { images, labels, seed, batch },
    outputs: { images: mixedImages, labels: mixedLabels },
  },
})

const random = signedUniforms(1)
/** Whole numbers, so that pixels that only move stay exactly equal. */
const pixels = Float32Array.from({ length: n * size }, () => Math.round(127 + 127 * random()))
const feed = { data: pixels, shape: images.shape }

const augmented = (name: Option, at = { seed: 7, batch: 1 }, data = feed) =>
  session.run('augment', { images: data, ...at }).floats(name)

const imageOf = (all: ArrayLike<number>, i: number) =>
  Array.from({ length: size }, (_, j) => all[i * size + j]!)

const at = (image: readonly number[], y: number, x: number, c: number) =>
  y < 0 || y >= height || x < 0 || x >= width ? 0 : image[(y * width + x) * channels + c]!

/** The image whose pixel (y, x) is pixel `from(y, x)` of `image`. */
function remap(image: readonly number[], from: (y: number, x: number) => [number, number]) {
  return Array.from({ length: size }, (_, i) => {
    const x = Math.floor(i / channels) % width
    const [sourceY, sourceX] = from(Math.floor(i / channels / width), x)
    return at(image, sourceY, sourceX, i % channels)
  })
}

const same = (a: readonly number[], b: readonly number[]) => a.every((value, i) => value === b[i])

test('options that are off add nothing to the graph', () => {
  assert.equal(augmentImages(images, off, mean, rng, 'cpu'), images)
})

test("ops have the outputs and attributes of TensorFlow's definitions", () =>
  assertOpsMatchTensorFlow(graph))

for (const [name, tensor] of built) {
  test(`${name} keeps the shape and depends only on seed and batch`, () => {
    assert.deepEqual(tensor.shape, images.shape)
    const option = name as Option
    const first = augmented(option)
    assert.deepEqual(augmented(option), first)
    assert.notDeepEqual(augmented(option, { seed: 7, batch: 2 }), first)
    assert.notDeepEqual(augmented(option, { seed: 8, batch: 1 }), first)
  })
}

test('flip mirrors about half of the images exactly', () => {
  const result = augmented('flip')
  let mirrored = 0
  for (let i = 0; i < n; i++) {
    const [before, now] = [imageOf(pixels, i), imageOf(result, i)]
    if (same(now, before)) continue
    assert.ok(
      same(
        now,
        remap(before, (y, x) => [y, width - 1 - x]),
      ),
    )
    mirrored++
  }
  assert.ok(mirrored > n / 4 && mirrored < (3 * n) / 4, `${mirrored} of ${n}`)
})

test('padCrop shifts each image by whole pixels and fills with black', () => {
  const result = augmented('padCrop')
  const seen = new Set<string>()
  for (let i = 0; i < n; i++) {
    const [before, now] = [imageOf(pixels, i), imageOf(result, i)]
    for (let dy = -2; dy <= 2; dy++) {
      for (let dx = -2; dx <= 2; dx++) {
        if (
          same(
            now,
            remap(before, (y, x) => [y + dy, x + dx]),
          )
        )
          seen.add(`${i}: ${dy},${dx}`)
      }
    }
  }
  assert.equal(seen.size, n)
  const shifts = new Set([...seen].map(entry => entry.split(': ')[1]))
  assert.ok(shifts.size > 12, `only ${shifts.size} of 25 shifts`)
})

test('randomResizedCrop reads no pixels outside of the image', () => {
  const even = { data: pixels.map(() => 100), shape: images.shape }
  for (const value of augmented('randomResizedCrop', undefined, even)) {
    assert.ok(Math.abs(value - 100) < 1e-3, `${value}`)
  }
})

test('cutout fills at most a square with the mean colour', () => {
  const result = augmented('cutout')
  const bright = { data: pixels.map(() => 200), shape: images.shape }
  const holes = augmented('cutout', undefined, bright)
  for (let i = 0; i < n; i++) {
    const hole = imageOf(holes, i)
    const cut = hole.filter(value => value !== 200)
    assert.ok(cut.length > 0 && cut.length <= 9 * channels)
    assert.ok(hole.every((value, j) => value === 200 || value === mean[j % channels]))
    const [before, now] = [imageOf(pixels, i), imageOf(result, i)]
    assert.ok(now.every((value, j) => value === (hole[j] === 200 ? before[j] : hole[j])))
  }
})

test('colorJitter scales around black, the mean grey, and the grey of each pixel', () => {
  for (const name of ['brightness', 'contrast', 'saturation'] as const) {
    const result = augmented(name)
    for (let i = 0; i < n; i++) {
      const [before, now] = [imageOf(pixels, i), imageOf(result, i)]
      const total = before.reduce((sum, value) => sum + value, 0) / size
      const centre = (j: number) => {
        if (name === 'brightness') return 0
        if (name === 'contrast') return total
        const first = j - (j % channels)
        return (before[first]! + before[first + 1]! + before[first + 2]!) / 3
      }
      const factors = before.flatMap((value, j) => {
        const clipped = now[j] === 0 || now[j] === 255
        const distance = value - centre(j)
        return clipped || Math.abs(distance) < 20 ? [] : [(now[j]! - centre(j)) / distance]
      })
      for (const factor of factors) assert.ok(Math.abs(factor - factors[0]!) < 1e-3, name)
      assert.ok(factors[0]! >= 0.499 && factors[0]! <= 1.501, `${name}: ${factors[0]}`)
      assert.ok(now.every(value => value >= 0 && value <= 255))
    }
  }
})

test('mixup blends each image and its label with the next ones', () => {
  const hot = Float32Array.from({ length: n * classes }, (_, i) =>
    i % classes === Math.floor(i / classes) % classes ? 1 : 0,
  )
  const mixed = session.run('mix', {
    images: feed,
    labels: { data: hot, shape: labels.shape },
    seed: 7,
    batch: 1,
  })
  const [result, soft] = [mixed.floats('images'), mixed.floats('labels')]
  const shares = new Set<number>()
  for (let i = 0; i < n; i++) {
    const row = Array.from({ length: classes }, (_, k) => soft[i * classes + k]!)
    const own = row[i % classes]!
    shares.add(own)
    assert.ok(own >= 0.5 && own <= 1)
    assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-6)
    assert.ok(Math.abs(row[(i + 1) % classes]! - (1 - own)) < 1e-6)
    const [before, other] = [imageOf(pixels, i), imageOf(pixels, (i + 1) % n)]
    for (const [j, value] of imageOf(result, i).entries()) {
      assert.ok(Math.abs(value - (own * before[j]! + (1 - own) * other[j]!)) < 1e-2)
    }
  }
  assert.ok(shares.size > n / 2)
})

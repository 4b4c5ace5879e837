import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Graph } from '../../src/graph/graph.js'
import { placeholder } from '../../src/graph/ops/constant.js'
import { cast } from '../../src/graph/ops/math.js'
import { augmentImages, type Engine } from '../../src/training/augment.js'
import { signedUniforms } from '../graph/random.js'
import { openGraphSession } from '../graph/tensorflow.js'
import { assertOpsMatchTensorFlow } from '../graph/tensorflow-agrees.js'
import { plan } from './reference-job.js'

// large enough for images to be cropped one by one on a processor
const [n, height, width, channels] = [24, 40, 52, 3]
const shape = [n, height, width, channels]
const size = height * width * channels

const off = plan.augment
const options = {
  flip: { flip: true },
  padCrop: { padCrop: 5 },
  flipAndPadCrop: { flip: true, padCrop: 3 },
  resizedCrop: { randomResizedCrop: 0.3 },
  all: { flip: true, padCrop: 4, randomResizedCrop: 0.5 },
}
type Option = keyof typeof options

const graph = new Graph()
const integers = placeholder(graph, 'images', 'int32', shape)
const images = cast(integers, 'uint8')
const seed = placeholder(graph, 'seed', 'int32')
const batch = placeholder(graph, 'batch', 'int32')
const augmented = (engine: Engine) =>
  Object.fromEntries(
    Object.entries(options).map(([name, some]) => [
      name,
      augmentImages(images, { ...off, ...some }, [0, 0, 0], { seed, batch }, engine),
    ]),
  )
const inputs = { images: integers, seed, batch }
const session = await openGraphSession({ after }, graph, {
  crop: { inputs, outputs: augmented('cpu') },
  resample: { inputs, outputs: augmented('cuda') },
})

const random = signedUniforms(1)
const noise = Int32Array.from({ length: n * size }, () => Math.round(127 + 127 * random()))
/** Grows by one from each pixel to the next on its right and below. */
const ramp = Int32Array.from({ length: n * size }, (_, i) => {
  const pixel = Math.floor((i % size) / channels)
  return 50 + (pixel % width) + Math.floor(pixel / width)
})

const run = (by: 'crop' | 'resample', name: Option, data: Int32Array, at = { seed: 7, batch: 1 }) =>
  session.run(by, { images: { data, shape }, ...at }).floats(name)

test("ops have the outputs and attributes of TensorFlow's definitions", () =>
  assertOpsMatchTensorFlow(graph))

for (const name of Object.keys(options) as Option[]) {
  test(`${name} keeps the shape and depends only on seed and batch`, () => {
    const first = run('crop', name, noise)
    assert.equal(first.length, n * size)
    assert.deepEqual(run('crop', name, noise), first)
    assert.notDeepEqual(run('crop', name, noise, { seed: 7, batch: 2 }), first)
    assert.notDeepEqual(run('crop', name, noise, { seed: 8, batch: 1 }), first)
  })
}

for (const name of ['flip', 'padCrop', 'flipAndPadCrop'] as const) {
  test(`${name} moves pixels exactly as resampling does`, () => {
    assert.deepEqual(run('crop', name, noise), run('resample', name, noise))
  })
}

test('resized crops are those of resampling, moved to whole pixels', () => {
  const [cropped, resampled] = [
    run('crop', 'resizedCrop', ramp),
    run('resample', 'resizedCrop', ramp),
  ]
  const differences = cropped.map((value, i) => Math.abs(value - resampled[i]!))
  // each side of a window moves by less than two pixels
  const largest = differences.reduce((most, each) => Math.max(most, each), 0)
  assert.ok(largest < 4, `${largest}`)
  const [first, last] = [0, size - channels]
  const slopes = Array.from(
    { length: n },
    (_, i) => cropped[i * size + last]! - cropped[i * size + first]!,
  )
  // windows of many sizes, none of them beyond the image
  assert.ok(new Set(slopes.map(Math.round)).size > n / 2)
  assert.ok(slopes.every(slope => slope > 0 && slope <= width + height - 2))
})

test('resized crops read no pixels outside of the image', () => {
  const even = new Int32Array(n * size).fill(100)
  for (const value of run('crop', 'resizedCrop', even)) assert.equal(value, 100)
})

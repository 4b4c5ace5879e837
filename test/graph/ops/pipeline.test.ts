import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { PNG } from 'pngjs'
import { Graph, type Tensor } from '../../../src/graph/graph.js'
import { expandDims, reshape } from '../../../src/graph/ops/array.js'
import { restoreTensors, saveTensors } from '../../../src/graph/ops/checkpoint.js'
import { constant, placeholder, scalar } from '../../../src/graph/ops/constant.js'
import { identity } from '../../../src/graph/ops/control.js'
import {
  batch,
  map,
  prefetch,
  repeat,
  shuffle,
  skip,
  take,
  tfRecords,
} from '../../../src/graph/ops/dataset.js'
import { decodeImage, resizeBilinear } from '../../../src/graph/ops/image.js'
import {
  deserializeIterator,
  iterator,
  next,
  serializeIterator,
  startIterator,
} from '../../../src/graph/ops/iterator.js'
import { mapRows } from '../../../src/graph/ops/map-rows.js'
import { add, cast, div } from '../../../src/graph/ops/math.js'
import { decodeRaw, parseExample } from '../../../src/graph/ops/parse.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { openGraphSession } from '../tensorflow.js'
import { assertOpsMatchTensorFlow } from '../tensorflow-agrees.js'
import { imageExample, tfRecordFile } from '../tfrecord.js'

const records = 20
const folder = await tempFolder({ after })
const path = `${folder}/images.tfrecord`
await writeFile(
  path,
  tfRecordFile(
    Array.from({ length: records }, (_, i) => imageExample(new Uint8Array(12).fill(i), i)),
  ),
)

const graph = new Graph()
const files = placeholder(graph, 'files', 'string', [-1])
const seed = placeholder(graph, 'seed', 'int32')
const prefix = placeholder(graph, 'prefix', 'string')
const scale = constant(graph, [255])

const decode = (serialized: Tensor, scaled: Tensor): Tensor[] => {
  const parsed = parseExample(serialized, {
    image: { dtype: 'string' },
    label: { dtype: 'int64' },
  })
  const pixels = cast(decodeRaw(parsed.image, 'uint8', [2, 2, 3]), 'float32')
  return [div(reshape(pixels, [-1, 2, 2, 3]), scaled), cast(parsed.label, 'int32')]
}

const shuffled = repeat(shuffle(tfRecords(files), 10, [seed, 1]))
const batched = batch(shuffled, 4, { dropRemainder: true })
const training = prefetch(map(batched, 'decode', decode, { captures: [scale] }), 2)
const trainInput = iterator(graph, 'train_input', training.element)
const images = next(trainInput)

const once = batch(take(skip(tfRecords(files), 1), 6), 4, { dropRemainder: false })
const evaluation = map(once, 'decode_once', decode, { captures: [scale] })
const evalInput = iterator(graph, 'eval_input', evaluation.element)
const [evalImages, evalLabels] = next(evalInput)

const savedState = saveTensors(prefix, { iterator: serializeIterator(trainInput) })
const [restoredState] = restoreTensors(prefix, [
  { name: 'iterator', dtype: 'variant', shape: [-1] },
])
const done = (name: string, effect: Parameters<typeof identity>[1]) => ({
  [name]: identity(scalar(graph, 1), effect),
})

const contents = placeholder(graph, 'contents', 'string', [-1])
const added = placeholder(graph, 'added', 'int32', [-1])
const height = placeholder(graph, 'height', 'float32')
const [pixels, resized] = mapRows(
  [contents, added],
  'decode_file',
  (file, addend, scaled) => {
    const decoded = decodeImage(file!, 3)
    const larger = resizeBilinear(expandDims(decoded, 0), 4, 4)
    const sum = add(cast(decoded, 'int32'), addend!)
    return [reshape(sum, [2, 2, 3]), div(reshape(larger, [4, 4, 3]), scaled!)]
  },
  [height],
)

const session = await openGraphSession({ after }, graph, {
  start: {
    inputs: { files, seed },
    outputs: {
      ...done('train', { controlInputs: [startIterator(trainInput, training)] }),
      ...done('eval', { controlInputs: [startIterator(evalInput, evaluation)] }),
    },
  },
  train: { inputs: {}, outputs: { images: images[0]!, labels: images[1]! } },
  evaluate: { inputs: {}, outputs: { images: evalImages!, labels: evalLabels! } },
  save: { inputs: { prefix }, outputs: done('saved', { controlInputs: [savedState] }) },
  restore: {
    inputs: { prefix },
    outputs: done('restored', { controlInputs: [deserializeIterator(trainInput, restoredState!)] }),
  },
  decode: {
    inputs: { contents, added, height },
    outputs: { pixels: pixels!, resized: resized! },
  },
})

const start = (number: number) =>
  session.run('start', { files: { data: [path], shape: [1] }, seed: number })
const labels = (steps: number) =>
  Array.from({ length: steps }, () => [...session.run('train').ints('labels')])

test('batches have static shapes', () => {
  assert.deepEqual(images[0]!.shape, [4, 2, 2, 3])
  assert.deepEqual(images[1]!.shape, [4])
  assert.deepEqual(evalImages!.shape, [-1, 2, 2, 3])
})

test('an epoch has every record once, with the pixels of its label', () => {
  start(7)
  const seen: number[] = []
  for (let step = 0; step < records / 4; step++) {
    const batchOf = session.run('train')
    const numbers = batchOf.ints('labels')
    seen.push(...numbers)
    const pixels = batchOf.floats('images')
    numbers.forEach((label, i) => {
      assert.ok(Math.abs(pixels[i * 12]! * 255 - label) < 1e-4)
    })
  }
  assert.deepEqual(
    seen.toSorted((a, b) => a - b),
    Array.from({ length: records }, (_, i) => i),
  )
  assert.notDeepEqual(labels(5).flat(), seen, 'the next epoch has another order')
})

test('the seed determines the order', () => {
  start(7)
  const first = labels(8)
  start(7)
  assert.deepEqual(labels(8), first)
  start(8)
  assert.notDeepEqual(labels(8), first)
})

test('a restored iterator continues where it was saved, with its shuffle buffer', () => {
  start(7)
  labels(8)
  session.run('save', { prefix: `${folder}/iterator-8` })
  const uninterrupted = labels(25)
  start(7)
  labels(1)
  start(7)
  session.run('restore', { prefix: `${folder}/iterator-8` })
  assert.deepEqual(labels(25), uninterrupted)
})

test('an evaluation pass is in order and includes the smaller last batch', () => {
  start(7)
  assert.deepEqual([...session.run('evaluate').ints('labels')], [1, 2, 3, 4])
  assert.deepEqual([...session.run('evaluate').ints('labels')], [5, 6])
  assert.throws(() => session.run('evaluate'), /End of sequence/)
})

test('mapRows decodes and resizes image files, each with a number of its own', () => {
  const file = (first: number) => {
    const png = new PNG({ width: 2, height: 2 })
    png.data.set([first, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 9, 8, 7, 255])
    return new Uint8Array(PNG.sync.write(png))
  }
  const result = session.run('decode', {
    contents: { data: [file(255), file(50)], shape: [2] },
    added: { data: [0, 1000], shape: [2] },
    height: 255,
  })
  const rest = [0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7]
  const more = rest.map(value => value + 1000)
  assert.deepEqual([...result.ints('pixels')], [255, ...rest, 1050, ...more])
  assert.deepEqual(result.get('pixels').shape, [2, 2, 2, 3])
  assert.deepEqual(result.get('resized').shape, [2, 4, 4, 3])
  assert.equal(result.floats('resized')[0], 1)
  assert.ok(Math.abs(result.floats('resized')[48]! - 50 / 255) < 1e-6)
})

test("ops have the outputs and attributes of TensorFlow's definitions", () =>
  assertOpsMatchTensorFlow(graph))

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { decodeExample, encodeExample } from '../../src/datasets/images/tfrecord/example.js'
import {
  nextRecordOffset,
  readRecord,
  TfrecordWriter,
} from '../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { InputFile } from '../../src/datasets/input-file.js'
import { TrainyardError } from '../../src/errors.js'
import { fixture, freshDatasets, idx, mnistSlice, watchConversions } from './uploads.js'

const refused = (code: string) => (error: unknown) =>
  error instanceof TrainyardError && error.code === code

function* examplesOf(path: string) {
  const file = new InputFile(path, path)
  for (let record = 0, offset = 0; offset < file.size; record++) {
    const data = readRecord(file, record, offset, 1 << 20)
    offset = nextRecordOffset(offset, data.length)
    yield decodeExample(Buffer.from(data))
  }
  file.close()
}

test('MNIST is stored as shuffled shards that contain each image once with its label', async t => {
  const { datasets, store, upload } = await freshDatasets(t)
  const { images, labels } = await mnistSlice(5000)
  const { dataset, created } = await upload({ images, labels }, { name: 'mnist' })
  assert.equal(created, true)
  assert.deepEqual(
    [dataset.name, dataset.height, dataset.width, dataset.channels, dataset.encoding],
    ['mnist', 28, 28, 1, 'raw'],
  )
  assert.deepEqual(dataset.labels, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
  assert.deepEqual(
    dataset.shards.map(shard => [shard.name, shard.records]),
    [
      ['shards/part-00000-of-00002.tfrecord', 2500],
      ['shards/part-00001-of-00002.tfrecord', 2500],
    ],
  )
  const files = await datasets.shardPaths(dataset)
  const seen = files.flatMap(file =>
    [...examplesOf(file)].map(({ image, label, declared }) => {
      assert.deepEqual(declared, { height: 28, width: 28, channels: 1 })
      return `${label} ${Buffer.from(image).toString('base64')}`
    }),
  )
  const uploaded = Array.from({ length: 5000 }, (_, record) => {
    const at = 16 + record * 784
    return `${labels[8 + record]} ${images.subarray(at, at + 784).toString('base64')}`
  })
  assert.notDeepEqual(seen, uploaded)
  assert.deepEqual(seen.toSorted(), uploaded.toSorted())
  for (const [index, file] of files.entries()) {
    const content = await readFile(file)
    const sha256 = createHash('sha256').update(content).digest('hex')
    assert.equal(dataset.shards[index]!.sha256, sha256)
    assert.equal(dataset.shards[index]!.bytes, content.length)
  }
  assert.equal(await store.verify(`datasets/${dataset.id}`), true)
})

test('class counts, mean and standard deviation are computed from the images', async t => {
  const { upload } = await freshDatasets(t)
  const pixels = Uint8Array.from({ length: 3 * 2 * 2 * 3 }, (_, at) => (at * 37) % 251)
  const labels = idx([3], Uint8Array.of(4, 1, 4))
  const { dataset } = await upload({ a: labels, b: idx([3, 2, 2, 3], pixels) })
  assert.deepEqual(dataset.classCounts, [0, 1, 0, 0, 2])
  assert.deepEqual(dataset.labels, ['0', '1', '2', '3', '4'])
  for (const channel of [0, 1, 2]) {
    const values = [...pixels].filter((_, at) => at % 3 === channel)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    assert.ok(Math.abs(dataset.mean[channel]! - mean) < 1e-9)
    assert.ok(Math.abs(dataset.std[channel]! - Math.sqrt(variance)) < 1e-9)
  }
})

test('a channel whose pixels are all equal has the standard deviation 1', async t => {
  const { upload } = await freshDatasets(t)
  const blank = { images: idx([2, 2, 2], new Uint8Array(8)), labels: idx([2], new Uint8Array(2)) }
  assert.deepEqual((await upload(blank)).dataset.std, [1])
})

test('images with the same content are one data set, even if container, compression, order of files or file name differ', async t => {
  const { root, datasets, upload } = await freshDatasets(t)
  const { images, labels } = await mnistSlice(50)
  const writer = new TfrecordWriter(join(root, '.staging', 'same'))
  const shape = { height: 28, width: 28, channels: 1 } as const
  for (let record = 0; record < 50; record++) {
    const image = images.subarray(16 + record * 784, 16 + (record + 1) * 784)
    writer.write(encodeExample({ image, label: labels[8 + record]! }, shape))
  }
  writer.close()
  const tfrecord = await readFile(join(root, '.staging', 'same'))

  const first = await upload({ images, labels }, { name: 'first' })
  const others = [
    await upload({ 'x.zip': gzipSync(labels), 'y.csv': gzipSync(images) }, { name: 'second' }),
    await upload({ 'train.tfrecord': tfrecord }),
    await upload({ labels: gzipSync(tfrecord) }),
  ]
  for (const { dataset, created } of others) {
    assert.equal(created, false)
    assert.equal(dataset.id, first.dataset.id)
  }
  assert.equal(others[0]!.dataset.name, 'second')
  assert.equal((await datasets.get('second')).name, 'second')
  assert.equal((await datasets.get(first.dataset.id)).name, 'first')
  assert.deepEqual(await readdir(join(root, 'datasets')), [first.dataset.id])

  const renamed = await upload(
    { images, labels },
    { labels: JSON.stringify(['zero', 'one', 'two', 'three', '4', '5', '6', '7', '8', '9']) },
  )
  assert.equal(renamed.created, true)
  assert.notEqual(renamed.dataset.id, first.dataset.id)
  assert.equal(renamed.dataset.labels[3], 'three')
})

test('a name points at its newest version, and at the previous one after that is removed', async t => {
  const { datasets, store, upload } = await freshDatasets(t)
  const one = (await upload(await mnistSlice(10), { name: 'digits' })).dataset
  const two = (await upload(await mnistSlice(20), { name: 'digits' })).dataset
  assert.equal((await datasets.get('digits')).id, two.id)
  const pointer = await store.readJson<{ history: { id: string }[] }>('dataset-names/digits.json')
  assert.deepEqual(
    pointer?.history.map(({ id }) => id),
    [one.id, two.id],
  )
  await datasets.remove(two.id)
  assert.equal((await datasets.get('digits')).id, one.id)
  await datasets.remove(one.id)
  for (const gone of ['digits', one.id, 'never', '../x', 'ds-0', '']) {
    await assert.rejects(datasets.get(gone), refused('DATASET_NOT_FOUND'))
    await assert.rejects(datasets.remove(gone), refused('DATASET_NOT_FOUND'))
  }
})

test('a data set without a name is named by its id', async t => {
  const { datasets, upload } = await freshDatasets(t)
  const { dataset } = await upload(await mnistSlice(10))
  assert.equal(dataset.name, dataset.id)
  assert.deepEqual(await datasets.get(dataset.id), dataset)
})

test('pages list the newest data sets first, each once', async t => {
  const { datasets, upload } = await freshDatasets(t)
  const made: string[] = []
  for (let records = 1; records <= 5; records++) {
    made.push((await upload(await mnistSlice(records))).dataset.id)
  }
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await datasets.list({ limit: 2, cursor })
    seen.push(...(await page.read(0, 2)).map(({ id }) => id))
    cursor = page.hasMore ? page.cursors.at(-1) : undefined
  } while (cursor)
  assert.deepEqual(seen, made.reverse())
  await assert.rejects(datasets.list({ limit: 2, cursor: 'x' }), refused('INVALID_CURSOR'))
})

test('TFRecords from TensorFlow are accepted, gzipped or not, with and without dimensions', async t => {
  const { upload } = await freshDatasets(t)
  const grey = await upload({ a: await fixture('grey-8x8.tfrecord') })
  assert.equal(grey.dataset.records, 6)
  assert.deepEqual(grey.dataset.classCounts, [2, 2, 2])
  assert.deepEqual([grey.dataset.height, grey.dataset.width, grey.dataset.channels], [8, 8, 1])
  const zipped = await upload({ a: await fixture('grey-8x8.tfrecord.gz') })
  assert.equal(zipped.dataset.id, grey.dataset.id)

  const colour = (await upload({ a: await fixture('colour-5x6.tfrecord') })).dataset
  assert.deepEqual([colour.height, colour.width, colour.channels], [5, 6, 3])
})

test('PNG and JPEG images keep their bytes, and their headers give size and channels', async t => {
  const { datasets, upload } = await freshDatasets(t)
  const png = (await upload({ a: await fixture('png.tfrecord') })).dataset
  assert.deepEqual([png.encoding, png.height, png.width, png.channels], ['encoded', 5, 6, 3])
  // from tf.io.decode_image and NumPy
  const mean = [122.40833333333333, 120.95833333333333, 119.25]
  const std = [73.23518005181813, 70.00457078331067, 72.36714839391328]
  for (const channel of [0, 1, 2]) {
    assert.ok(Math.abs(png.mean[channel]! - mean[channel]!) < 1e-9)
    assert.ok(Math.abs(png.std[channel]! - std[channel]!) < 1e-9)
  }
  const [file] = await datasets.shardPaths(png)
  for (const { image, declared } of examplesOf(file!)) {
    assert.equal(Buffer.from(image).toString('latin1', 1, 4), 'PNG')
    assert.deepEqual(declared, { height: 5, width: 6, channels: 3 })
  }
  const jpeg = (await upload({ a: await fixture('jpeg-grey.tfrecord') })).dataset
  assert.deepEqual([jpeg.encoding, jpeg.height, jpeg.width, jpeg.channels], ['encoded', 8, 8, 1])
  assert.ok(Math.abs(jpeg.mean[0]! - 124.21875) < 1e-9)
  assert.ok(Math.abs(jpeg.std[0]! - 73.8863080918075) < 1e-9)
  const asColour = await upload({ a: await fixture('jpeg-grey.tfrecord') }, { channels: '3' })
  assert.equal(asColour.dataset.channels, 3)
})

test('images are converted in a child process', async t => {
  const { upload } = await freshDatasets(t)
  const maxRunning = watchConversions(t)
  await upload(await mnistSlice(10_000))
  assert.equal(maxRunning(), 1)
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { UploadForm } from '../../../src/datasets/form.js'
import { decodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { readRecords } from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { TrainyardError } from '../../../src/errors.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { convertFiles } from '../convert-files.js'
import { idx } from '../uploads.js'

/** The pixel of an image at a place, different for each. */
const pixel = (image: number, row: number, column: number, channel: number) =>
  (image * 31 + row * 7 + column * 3 + channel * 101) % 256

/** A record of CIFAR: labels, then the planes of red, green and blue. */
function record(image: number, ...labels: number[]): Buffer {
  const planes = Array.from({ length: 3072 }, (_, at) =>
    pixel(image, Math.floor(at / 32) % 32, at % 32, Math.floor(at / 1024)),
  )
  return Buffer.from([...labels, ...planes])
}

/** The same image as height, width, channels. */
const pixels = (image: number): string =>
  Buffer.from(
    Array.from({ length: 3072 }, (_, at) =>
      pixel(image, Math.floor(at / 96), Math.floor(at / 3) % 32, at % 3),
    ),
  ).toString('hex')

async function readCifar(root: string, files: Record<string, Buffer>, form: UploadForm = {}) {
  const { result, folder } = await convertFiles(root, files, form)
  if (result.kind !== 'images') throw new Error('a table')
  const images: string[] = []
  for (const { name, split } of result.shards) {
    for (const data of readRecords(name, join(folder, name))) {
      const { image, label } = decodeExample(data)
      const text = Buffer.from(image).toString('hex')
      images.push(`${split ?? ''} ${result.labels[Number(label)]} ${text}`)
    }
  }
  return { result, images: images.sort(), codes: result.notes?.map(({ code }) => code) }
}

const refusal = async (...read: Parameters<typeof readCifar>): Promise<string> => {
  try {
    await readCifar(...read)
  } catch (error) {
    if (error instanceof TrainyardError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

const classes = ['plane', 'car', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

test("CIFAR-10's files become pixels in rows, with the names of their classes and their splits", async t => {
  const root = await tempFolder(t)
  const files = {
    'data_batch_1.bin': Buffer.concat([record(1, 3), record(2, 9)]),
    'test_batch.bin': record(3, 0),
    'data_batch_2.bin': record(4, 5),
    'batches.meta.txt': Buffer.from(`${classes.join('\n')}\n\n`),
  }
  const { result, images, codes } = await readCifar(root, files)
  assert.deepEqual([result.height, result.width, result.channels], [32, 32, 3])
  assert.deepEqual(result.labels, classes)
  assert.deepEqual(images, [
    `test plane ${pixels(3)}`,
    `train cat ${pixels(1)}`,
    `train dog ${pixels(4)}`,
    `train truck ${pixels(2)}`,
  ])
  assert.ok(codes?.includes('splits_from_names'))
})

test("CIFAR-100's files have the class, and a note says that the superclass is left out", async t => {
  const root = await tempFolder(t)
  const content = Buffer.concat([record(1, 19, 99), record(2, 0, 4)])
  const { result, images, codes } = await readCifar(root, { 'some.bin': content })
  assert.equal(result.labels.length, 100)
  assert.deepEqual(images, [` 4 ${pixels(2)}`, ` 99 ${pixels(1)}`])
  assert.ok(codes?.includes('labels_left_out'))
})

test('a file that begins like IDX is CIFAR by its size and labels, and the other way round', async t => {
  const root = await tempFolder(t)
  const dark = record(0, 0)
  dark.set([0, 0x08, 1], 1)
  assert.equal((await readCifar(root, { a: dark })).result.channels, 3)
  // 3065 labels in IDX have as many bytes as a record
  const labels = idx([3065], new Uint8Array(3065).fill(3))
  const images = idx(
    [3065, 1, 1],
    Uint8Array.from({ length: 3065 }, (_, at) => at % 256),
  )
  assert.equal((await readCifar(root, { labels, images })).result.records, 3065)
})

test('files that are CIFAR in part are refused with what fits', async t => {
  const root = await tempFolder(t)
  const ten = Buffer.concat([record(1, 3), record(2, 9)])
  const hundred = Buffer.concat([record(1, 19, 99), record(2, 0, 4)])
  const cut = Buffer.concat([ten, record(3, 1).subarray(0, 3000)])
  const cases: [Record<string, Buffer>, UploadForm, RegExp][] = [
    [{ ten, hundred }, {}, /^DATASET_FORMAT ten: .*ten is CIFAR-10, hundred is CIFAR-100/],
    [{ cut }, {}, /^DATASET_/],
    [{ wrong: Buffer.concat([ten, record(3, 10)]) }, {}, /^DATASET_/],
    [{ ten }, { height: '28' }, /^DATASET_SIZE_MISMATCH ten: the form says height 28/],
    [{ ten }, { dtype: 'float32' }, /^DATASET_FORMAT ten: CIFAR-10 needs none of the fields/],
    [
      { ten, names: Buffer.from('a\nb\n') },
      {},
      /^DATASET_LABELS names: expected one text with the names of the 10 classes of CIFAR-10.*found 2/,
    ],
  ]
  for (const [files, form, expected] of cases) {
    assert.match(await refusal(root, files, form), expected)
  }
})

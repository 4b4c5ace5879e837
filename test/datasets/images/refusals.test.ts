import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { encodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { maskedCrc } from '../../../src/formats/tfrecord.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { fixture, freshDatasets, idx, mnistSlice, withCount } from '../uploads.js'
import { bytes, convertRecords, example, int64, record } from './examples.js'

const image = new Uint8Array(64).map((_, at) => at)

test('an IDX file with a wrong size in its header is refused with the record or byte', async t => {
  const { assertRejected } = await freshDatasets(t)
  const { images, labels } = await mnistSlice(10)
  await assertRejected(
    { 'im.idx': images.subarray(0, -1), labels },
    'DATASET_TRUNCATED',
    /^im\.idx: record 9 at byte 7855: .*need 7856 bytes, found 7855/,
  )
  await assertRejected(
    { 'im.idx': Buffer.concat([images, Buffer.of(0)]), labels },
    'DATASET_TRAILING_BYTES',
    /^im\.idx: byte 7856: .*need 7856 bytes, found 7857/,
  )
  await assertRejected({ images, l: withCount(labels, 9) }, 'DATASET_TRAILING_BYTES', /^l: byte 17/)
  await assertRejected(
    { images: withCount(images, 0xffffffff), labels },
    'DATASET_TRUNCATED',
    /4294967295/,
  )
  const huge = idx([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], image)
  await assertRejected({ huge, labels }, 'DATASET_TRUNCATED', /^huge: record 0 at byte 84/)
  for (let cut = 1; cut < 16; cut++) {
    await assertRejected(
      { images: images.subarray(0, cut), labels },
      'DATASET_TRUNCATED',
      /^images: .*byte \d+/,
    )
  }
})

test('IDX files that are not one file of images and one of labels are refused', async t => {
  const { assertRejected } = await freshDatasets(t)
  const { images, labels } = await mnistSlice(10)
  const nine = (await mnistSlice(9)).labels
  await assertRejected(
    { images, nine },
    'DATASET_SIZE_MISMATCH',
    /^nine: byte 4: 9 labels for 10 images/,
  )
  await assertRejected({ images }, 'DATASET_FORMAT', /expected one IDX file of images/)
  await assertRejected({ labels }, 'DATASET_FORMAT', /expected one IDX file of images/)
  await assertRejected(
    { images, labels, more: labels },
    'DATASET_FORMAT',
    /found images \[10, 28, 28\]/,
  )
  await assertRejected({ images, other: images }, 'DATASET_FORMAT', /expected one IDX file/)
  const floats = Buffer.from(images)
  floats[2] = 0x0d
  await assertRejected({ floats, labels }, 'DATASET_FORMAT', /^floats: byte 2: .*0x0d/)
  const empty = idx([0, 28, 28], new Uint8Array())
  await assertRejected({ empty, l: idx([0], new Uint8Array()) }, 'DATASET_EMPTY', /^empty: byte 4/)
  const five = idx([1, 2, 2, 5], new Uint8Array(20))
  const one = idx([1], Uint8Array.of(0))
  await assertRejected(
    { five, one },
    'DATASET_DIMENSIONS',
    /2 x 2 x 5, expected 1, 3 or 4 channels/,
  )
  await assertRejected(
    { images, labels },
    'DATASET_SIZE_MISMATCH',
    /form says height 27, expected 28/,
    {
      height: '27',
    },
  )
})

test('a record that is not a labelled image is refused with the reason', async t => {
  const root = await tempFolder(t)
  const good = example({ image: bytes(image), label: int64(1) })
  const at = `^a: record 1 at byte ${good.length}: `
  const assertSecondRejected = async (second: Buffer, code: string, message: string) => {
    const refusal = { code, message: new RegExp(at + message) }
    await assert.rejects(convertRecords(root, Buffer.concat([good, second])), refusal)
  }
  await assertSecondRejected(
    record(Buffer.from('hello')),
    'DATASET_FORMAT',
    'the data is no tf.train.Example',
  )
  await assertSecondRejected(
    record(Buffer.alloc(0)),
    'DATASET_FORMAT',
    "the example has no feature 'image', found: none",
  )
  await assertSecondRejected(
    example({ image: bytes(image), 'image/class/label': int64(1) }),
    'DATASET_FORMAT',
    "the example has no feature 'label', found: image, image/class/label",
  )
  await assertSecondRejected(
    example({ image: bytes(image, image), label: int64(1) }),
    'DATASET_FORMAT',
    '.*2 values',
  )
  await assertSecondRejected(
    example({ image: int64(1), label: int64(1) }),
    'DATASET_FORMAT',
    '.*int64List',
  )
  await assertSecondRejected(
    example({ image: bytes(image), label: int64() }),
    'DATASET_FORMAT',
    '.*0 values',
  )
  await assertSecondRejected(
    example({ image: bytes(image), label: int64(-1) }),
    'DATASET_LABELS',
    'the label is -1',
  )
  await assertSecondRejected(
    example({ image: bytes(image), label: int64(65_536) }),
    'DATASET_LABELS',
    'the label is 65536, expected 0 to 65535',
  )
  await assertSecondRejected(
    example({ image: bytes(image.subarray(1)), label: int64(1) }),
    'DATASET_SIZE_MISMATCH',
    'the image has 63 bytes, expected 8 x 8 x 1 = 64',
  )
  await assertSecondRejected(
    example({ image: bytes(image), label: int64(1), height: int64(16), width: int64(4) }),
    'DATASET_SIZE_MISMATCH',
    'the record says height 16, expected 8',
  )
  await assertSecondRejected(
    example({ image: bytes(image), label: int64(1), height: int64(-8) }),
    'DATASET_FORMAT',
    "feature 'height' is -8",
  )
  const nested = Buffer.alloc(100_000, 0x1b) // groups within groups of field 3
  await assertSecondRejected(record(nested), 'DATASET_FORMAT', 'the data is no tf.train.Example')
})

test('raw pixels of unknown size are refused with the names of the missing form fields', async t => {
  const { assertRejected, upload } = await freshDatasets(t)
  const a = example({ image: bytes(new Uint8Array(4 * 5 * 3)), label: int64(0) })
  const error = await assertRejected(
    { a },
    'DATASET_DIMENSIONS',
    /60 bytes.*'height', 'width', 'channels'/,
  )
  assert.match(error.errors[0]!.message, /add the form fields/)
  await assertRejected({ a }, 'DATASET_DIMENSIONS', /'width', 'channels'/, { height: '4' })
  await assertRejected({ a }, 'DATASET_DIMENSIONS', /'width'$/, { height: '7', channels: '3' })
  await assertRejected({ a }, 'DATASET_SIZE_MISMATCH', /expected 7 x 7 x 1 = 49/, {
    height: '7',
    width: '7',
  })
  const fits = await upload({ a }, { height: '4', channels: '3' })
  assert.deepEqual([fits.dataset.height, fits.dataset.width, fits.dataset.channels], [4, 5, 3])
})

test('the size of a square image is derived, for four channels only if the form says so', async t => {
  const { upload } = await freshDatasets(t)
  const a = example({ image: bytes(image.subarray(0, 48)), label: int64(0) })
  assert.equal((await upload({ a })).dataset.channels, 3)
  const b = example({ image: bytes(image), label: int64(0) })
  assert.deepEqual((await upload({ b })).dataset.height, 8)
  assert.deepEqual((await upload({ b }, { channels: '4' })).dataset.height, 4)
})

test('images whose header is damaged, or says too many pixels, are refused', async t => {
  const { assertRejected } = await freshDatasets(t)
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000', 'hex')
  const a = example({ image: bytes(png), label: int64(0) })
  await assertRejected({ a }, 'DATASET_IMAGE', /record 0 at byte 0: the PNG ends within its header/)
  const endless = Buffer.concat([Buffer.from('ffd8ffe00002', 'hex'), Buffer.alloc(50, 0xff)])
  const b = example({ image: bytes(endless), label: int64(0) })
  await assertRejected({ b }, 'DATASET_IMAGE', /the JPEG ends within its header/)
  const pixelBomb = Buffer.from(
    '89504e470d0a1a0a0000000d49484452000fffff000fffff08020000000000000000000000',
    'hex',
  )
  const c = example({ image: bytes(pixelBomb), label: int64(0) })
  await assertRejected({ c }, 'DATASET_TOO_LARGE', /1048575 x 1048575/)
})

test('a file that is not IDX, TFRecord or CSV is refused with its name', async t => {
  const { assertRejected } = await freshDatasets(t)
  const { images, labels } = await mnistSlice(2)
  await assertRejected(
    { a: Buffer.from('PK\x03\x04 and so on') },
    'DATASET_TRUNCATED',
    /the zip has no directory at its end/,
  )
  await assertRejected(
    { a: gzipSync(gzipSync(images)), labels },
    'DATASET_FORMAT',
    /gzip within gzip/,
  )
  await assertRejected(
    { a: Buffer.from('\x01b,c\n1,2,3,4\n') },
    'DATASET_FORMAT',
    /begins with 01 62 2c/,
  )
  await assertRejected({ a: Buffer.alloc(0) }, 'DATASET_EMPTY', /^a: the file is empty/)
  await assertRejected({}, 'DATASET_EMPTY', /no files/)
  const tfrecord = await fixture('grey-8x8.tfrecord')
  await assertRejected(
    { images, tfrecord },
    'DATASET_FORMAT',
    /of one kind.*: images is IDX, tfrecord is TF/,
  )
  const traversal = { '../../etc/\u0007passwd': Buffer.from('not a data set') }
  await assertRejected(traversal, 'DATASET_EMPTY', /^passwd: there are no rows below/)
})

test('damaged gzip is refused', async t => {
  const { assertRejected } = await freshDatasets(t)
  const { images, labels } = await mnistSlice(10)
  const zipped = gzipSync(images)
  await assertRejected(
    { a: zipped.subarray(0, -9), labels },
    'DATASET_TRUNCATED',
    /^a: the gzip ends early/,
  )
  const cut = deflateSync(images).subarray(0, -5)
  await assertRejected({ a: cut, labels }, 'DATASET_TRUNCATED', /^a: the zlib ends early/)
  const flipped = Buffer.from(zipped)
  flipped[zipped.length - 6]! ^= 1
  await assertRejected({ a: flipped, labels }, 'DATASET_CHECKSUM', /^a: the gzip is damaged/)
  const trailing = Buffer.concat([zipped, Buffer.alloc(300_000, 5)])
  await assertRejected({ a: trailing, labels }, 'DATASET_CHECKSUM', /^a: the gzip is damaged/)
})

test('a gzip bomb is refused by ratio and by size, before all of it is inflated', async t => {
  const bomb = gzipSync(Buffer.alloc(400 * 2 ** 20))
  const byRatio = await freshDatasets(t)
  const before = process.memoryUsage().rss
  await byRatio.assertRejected({ bomb }, 'DATASET_TOO_LARGE', /inflates more than 100 times/)
  assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20)
  const bySize = await freshDatasets(t, { uploadBytes: 2 ** 20 })
  await bySize.assertRejected(
    { bomb },
    'DATASET_TOO_LARGE',
    /inflated files have more than 1048576 bytes/,
  )
  const plain = Buffer.alloc(2 ** 20 + 1)
  await bySize.assertRejected({ plain }, 'DATASET_TOO_LARGE', /files have more than 1048576 bytes/)
})

test('the limits on the numbers of files and records and on the size of a record are enforced', async t => {
  const tfrecord = await fixture('grey-8x8.tfrecord')
  const files = await freshDatasets(t, { files: 1 })
  await files.assertRejected({ a: tfrecord, b: tfrecord }, 'DATASET_TOO_LARGE', /more than 1 files/)
  const records = await freshDatasets(t, { records: 5 })
  await records.assertRejected({ tfrecord }, 'DATASET_TOO_LARGE', /^tfrecord: record 5 at byte \d+/)
  await records.assertRejected({ ...(await mnistSlice(6)) }, 'DATASET_TOO_LARGE', /6 records/)
  const recordBytes = await freshDatasets(t, { recordBytes: 60 })
  await recordBytes.assertRejected(
    { tfrecord },
    'DATASET_TOO_LARGE',
    /^tfrecord: record 0 at byte 0/,
  )
  const oversized = Buffer.alloc(12)
  oversized.writeBigUInt64LE(2n ** 63n)
  oversized.writeUInt32LE(maskedCrc(oversized.subarray(0, 8)), 8)
  await records.assertRejected(
    { oversized },
    'DATASET_TOO_LARGE',
    /the record has 9223372036854775808 bytes/,
  )
})

test('a record that takes too much memory to decode is refused, and later uploads succeed', async t => {
  const { assertRejected, upload } = await freshDatasets(t)
  const length = (bytes: Buffer) => {
    const varint = [(bytes.length & 127) | 128, ((bytes.length >> 7) & 127) | 128]
    return Buffer.from([...varint, ((bytes.length >> 14) & 127) | 128, bytes.length >> 21])
  }
  const field = (tag: number, bytes: Buffer) =>
    Buffer.concat([Buffer.of(tag), length(bytes), bytes])
  // A number takes one byte here, and about thirty bytes in a list of bigint.
  const numbers = field(0x1a, field(0x0a, Buffer.alloc(20_000_000, 1)))
  const entry = Buffer.concat([field(0x0a, Buffer.from('x')), field(0x12, numbers)])
  const bomb = record(field(0x0a, field(0x0a, entry)))
  await assertRejected(
    { bomb },
    'DATASET_TOO_LARGE',
    /^bomb: a record takes more than \d+ MiB to read/,
  )
  assert.equal((await upload({ a: await fixture('grey-8x8.tfrecord') })).created, true)
})

test('all invalid fields of a form are reported at once', async t => {
  const { assertRejected } = await freshDatasets(t)
  const form = { name: 'No Spaces', labels: '["a", "a"]', height: '0', width: '1e3', channels: '2' }
  const error = await assertRejected(
    await mnistSlice(2),
    'DATASET_FORM',
    /name is "No Spaces"/,
    form,
  )
  assert.deepEqual(
    error.errors.map(({ path }) => path),
    ['/name', '/height', '/width', '/channels', '/labels'],
  )
  for (const labels of ['', '{}', '[]', '[1]', '[""]', '["a"', 'null', '"abc"']) {
    await assertRejected(await mnistSlice(2), 'DATASET_FORM', /^labels /, { labels })
  }
  for (const name of ['', '.', '..', 'a/b', 'ds-0123456789abcdef', 'x'.repeat(64)]) {
    await assertRejected(await mnistSlice(2), 'DATASET_FORM', /^name /, { name })
  }
  const few = { labels: '["zero", "one", "two"]' }
  const labels = idx([2], Uint8Array.of(1, 3))
  const images = idx([2, 2, 2], new Uint8Array(8))
  await assertRejected(
    { images, labels },
    'DATASET_LABELS',
    /^labels: record 1 at byte 9: the label is 3, expected one of the 3 class names/,
    few,
  )
})

test('an upload whose connection is lost leaves no files', async t => {
  const { root, datasets } = await freshDatasets(t)
  const upload = await datasets.createUpload()
  const content = (async function* () {
    yield Buffer.alloc(100_000)
    throw new Error('connection lost')
  })()
  await assert.rejects(upload.addFile('a', content), /connection lost/)
  assert.deepEqual(await readdir(join(root, '.staging')), [])
  await assert.rejects(upload.commit({}), /the upload has ended/)
})

test('a record is encoded with the features that TensorFlow expects', async () => {
  const shape = { height: 8, width: 8, channels: 1 } as const
  const encoded = encodeExample({ image, label: 7 }, shape)
  assert.deepEqual(
    record(encoded),
    example({
      image: bytes(image),
      label: int64(7),
      height: int64(8),
      width: int64(8),
      channels: int64(1),
    }),
  )
})

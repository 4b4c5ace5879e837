import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import { crc32 } from '@node-rs/crc32'
import { PNG } from 'pngjs'
import { fileError } from '../../../src/datasets/errors.js'
import { decodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { readRecord } from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import { TrainyardError } from '../../../src/errors.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { fixture } from '../uploads.js'
import { bytes, convertRecords, example, int64 } from './examples.js'

/** A PNG of random colours. */
function png(options: Parameters<typeof PNG.sync.write>[1] = {}): Buffer {
  const image = new PNG({ width: 8, height: 8 })
  for (let at = 0; at < 256; at++) image.data[at] = at % 4 === 3 ? 255 : (at * 89) % 251
  return PNG.sync.write(image, { colorType: 2, ...options })
}

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(named), 4)
  return Buffer.concat([frame.subarray(0, 4), named, frame.subarray(4)])
}

/** A PNG of 8 x 8 colours with this header and these rows, whatever they are. */
function pngOf(height: number, rows: Buffer, { interlaced = false } = {}): Buffer {
  const header = Buffer.from([0, 0, 0, 8, 0, 0, 0, height, 8, 2, 0, 0, interlaced ? 1 : 0])
  return Buffer.concat([
    png().subarray(0, 8),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** The first image of the TFRecord, a baseline JPEG of 16 x 16. */
async function jpeg(): Promise<Buffer> {
  const path = join(
    import.meta.dirname,
    '../../../../test/datasets/fixtures/truncated-jpeg.tfrecord',
  )
  const file = new InputFile('jpeg', path)
  const { image } = decodeExample(readRecord(file, 0, 0, 1 << 20))
  file.close()
  return Buffer.from(image)
}

const frameAt = (image: Buffer) => image.indexOf(Buffer.from([0xff, 0xc0]))
const scanAt = (image: Buffer) => image.indexOf(Buffer.from([0xff, 0xda]))

/** A copy whose components all have these sampling factors: four bits each. */
function withSampling(image: Buffer, factors: number): Buffer {
  const copy = Buffer.from(image)
  const frame = frameAt(image)
  for (let i = 0; i < image[frame + 9]!; i++) copy[frame + 11 + 3 * i] = factors
  return copy
}

/** A copy with another value in one byte. */
function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = value
  return copy
}

test('a damaged PNG or JPEG is refused with record, byte and what is wrong', async t => {
  const root = await tempFolder(t)
  const [good, photo] = [png(), await jpeg()]
  const frame = frameAt(photo)
  const row = Buffer.alloc(25)
  const rows = (count: number) => Buffer.concat(Array<Buffer>(count).fill(row))
  const pngs: [image: Buffer, problem: RegExp][] = [
    [good.subarray(0, 20), /^the PNG ends within its header$/],
    [good.subarray(0, good.length - 30), /^the PNG ends in the middle, within its chunk IDAT$/],
    [good.subarray(0, -12), /^the PNG ends without its last chunk, IEND$/],
    [good.subarray(0, -3), /^the PNG ends in the middle$/],
    [withByte(good, 60, good[60]! ^ 1), /checksum of its chunk IDAT at its byte 33 is 0x/],
    [pngOf(8, rows(4)), /^the PNG's header promises 200 bytes of pixels, and there are 100$/],
    [pngOf(8, rows(8), { interlaced: true }), /header promises 207 bytes of pixels.* 200$/],
    [pngOf(8, withByte(rows(8), 0, 9)), /a row has the filter 9/],
    [Buffer.concat([good.subarray(0, 33), chunk('IEND', Buffer.alloc(0))]), /has no pixels/],
  ]
  const jpegs: [image: Buffer, problem: RegExp][] = [
    [photo.subarray(0, 300), /^the JPEG ends (within its header|in the middle)$/],
    [photo.subarray(0, -20), /^the JPEG ends in the middle$/],
    [photo.subarray(0, -2), /^the JPEG ends in the middle$/],
    [Buffer.concat([photo.subarray(0, -20), photo.subarray(-2)]), /does not make up the \d+ x/],
    [withByte(photo, frame + 1, 0xc9), /is arithmetic-coded \(SOF9\)/],
    [withByte(photo, frame + 1, 0xc3), /is lossless \(SOF3\)/],
    [withByte(photo, frame + 4, 12), /has 12 bits per sample/],
    // without blocks, no data would ever be too short
    [withSampling(photo, 0x00), /has the sampling factors 0 x 0, expected 1 to 4$/],
    [withSampling(photo, 0x10), /has the sampling factors 1 x 0, expected 1 to 4$/],
    [withByte(photo, scanAt(photo) + 4, 0), /a scan has 0 components, expected 1 to 4$/],
  ]
  const cases = [
    ...pngs.map(([image, problem]) => ({ first: good, image, problem })),
    ...jpegs.map(([image, problem]) => ({ first: photo, image, problem })),
  ]
  for (const { first, image, problem } of cases) {
    const before = example({ image: bytes(first), label: int64(0) })
    const content = Buffer.concat([before, example({ image: bytes(image), label: int64(1) })])
    const error = await convertRecords(root, content).then(
      () => assert.fail(`accepted, expected ${problem}`),
      (error: unknown) => error,
    )
    assert.ok(error instanceof TrainyardError, String(error))
    const position = fileError('DATASET_IMAGE', { file: 'a', record: 1, byte: before.length }, '')
    assert.ok(error.message.startsWith(position.message), error.message)
    assert.match(error.errors[0]!.message, problem)
  }
})

test('the first damaged image of a set is named', async t => {
  const root = await tempFolder(t)
  const truncated = await fixture('truncated-jpeg.tfrecord')
  await assert.rejects(convertRecords(root, truncated), {
    code: 'DATASET_IMAGE',
    message: /^a: record 7 at byte \d+: the JPEG ends in the middle$/,
  })
})

test('a JPEG that only has something behind its end is read', async t => {
  const root = await tempFolder(t)
  const photo = await jpeg()
  for (const image of [photo, Buffer.concat([photo, Buffer.from('made by a camera')])]) {
    const { encoding } = await convertRecords(
      root,
      example({ image: bytes(image), label: int64(0) }),
    )
    assert.equal(encoding, 'encoded')
  }
})

test('a set in which any image has colour has three channels, and says which images are converted', async t => {
  const root = await tempFolder(t)
  const set = await convertRecords(root, await fixture('grey-first.tfrecord'))
  assert.equal(set.channels, 3)
  const converted = set.notes?.find(({ code }) => code === 'images_converted')
  assert.match(converted!.message, /^of 10 images, 1 are grey and get three equal channels$/)

  const image = (options: Parameters<typeof png>[0]) =>
    example({ image: bytes(png(options)), label: int64(0) })
  const mixed = Buffer.concat([image({ colorType: 0 }), image({ colorType: 6 }), image({})])
  const { channels, notes } = await convertRecords(root, mixed)
  assert.equal(channels, 3)
  assert.match(
    notes!.find(({ code }) => code === 'images_converted')!.message,
    /^of 3 images, 1 are grey .*; 1 have transparency, which is left out$/,
  )
  const grey = await convertRecords(root, mixed, { channels: '1' })
  assert.equal(grey.channels, 1)
  assert.match(
    grey.notes!.find(({ code }) => code === 'images_converted')!.message,
    /2 have colour, of which the brightness is used/,
  )
})

test('the statistics of PNG images are those of their pixels', async t => {
  const root = await tempFolder(t)
  const encoded = png()
  const { data } = PNG.sync.read(encoded)
  const raw = Buffer.from(data.filter((_, at) => at % 4 !== 3))
  const size = { height: int64(8), width: int64(8), channels: int64(3) }
  const one = await convertRecords(root, example({ image: bytes(raw), label: int64(0), ...size }))
  const other = await convertRecords(root, example({ image: bytes(encoded), label: int64(0) }))
  assert.equal(other.encoding, 'encoded')
  assert.deepEqual([other.mean, other.std], [one.mean, one.std])
})

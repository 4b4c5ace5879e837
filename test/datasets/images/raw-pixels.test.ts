import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { decodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { readRecord } from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { fixture } from '../uploads.js'
import { bytes, convertRecords, example, float, int64 } from './examples.js'

const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 89 + 7) % 251)
const floats = (values: Float32Array) => new Uint8Array(values.buffer)
const unit = (length: number) => Float32Array.from(noise(length), byte => byte / 255)
const record = (image: Uint8Array) => example({ image: bytes(image), label: int64(0) })

/** The image of the first record as it is stored. */
function storedImage(folder: string): number[] {
  const path = join(folder, 'shards/part-00000-of-00001.tfrecord')
  const file = new InputFile('stored', path)
  const { image } = decodeExample(Buffer.from(readRecord(file, 0, 0, 1 << 20)))
  file.close()
  return [...image]
}

test('raw pixels whose bytes fit several types or sizes are refused with all of them', async t => {
  const root = await tempFolder(t)
  const rgba = noise(256).map((byte, i) => (i % 4 === 3 ? 255 : byte))
  const int32 = new Uint8Array(Int32Array.from(noise(64)).buffer)
  const refused: [image: Uint8Array, form: object, message: RegExp][] = [
    [
      floats(unit(64)),
      {},
      /256 bytes, which fit 16 x 16 x 1 of uint8 or 8 x 8 x 1 of float32, and look like float32: send dtype=float32 or/,
    ],
    [
      floats(unit(64)),
      { height: '8', width: '8' },
      /fit 8 x 8 x 1 of float32, and look like float32/,
    ],
    [floats(unit(192)), { height: '8', width: '8' }, /fit 8 x 8 x 3 of float32/],
    [floats(unit(64)), { height: '8', width: '8', channels: '1' }, /8 x 8 x 1 of float32/],
    [rgba, {}, /16 x 16 x 1 of uint8 or 8 x 8 x 4 of uint8: send height, width and channels/],
    [noise(256), { height: '8', width: '8' }, /fit 8 x 8 x 4 of uint8: send height/],
    [int32, {}, /look like int32: store uint8/],
    // a blank image looks like anything
    [new Uint8Array(256), {}, /16 x 16 x 1 of uint8 or 8 x 8 x 1 of float32 or 8 x 8 x 4 of uint8/],
  ]
  for (const [image, form, message] of refused) {
    await assert.rejects(convertRecords(root, record(image), form), {
      code: 'DATASET_DIMENSIONS',
      message,
    })
  }
  await assert.rejects(convertRecords(root, await fixture('float32-8x8.tfrecord')), {
    code: 'DATASET_DIMENSIONS',
    message: /^a: record 0 at byte 0: .*8 x 8 x 1 of float32/,
  })
})

test('raw pixels that can only be read in one way are read, with a note if no one says their size', async t => {
  const root = await tempFolder(t)
  const read: [image: Uint8Array, form: object, shape: number[], isNoted: boolean][] = [
    [noise(256), {}, [16, 16, 1], true],
    [noise(192), {}, [8, 8, 3], true],
    [noise(256), { channels: '4' }, [8, 8, 4], true],
    [noise(256), { height: '8', width: '8', channels: '4' }, [8, 8, 4], false],
    [new Uint8Array(256), { dtype: 'uint8', channels: '1' }, [16, 16, 1], true],
    [new Uint8Array(256), { height: '16', width: '16' }, [16, 16, 1], false],
  ]
  for (const [image, form, shape, isNoted] of read) {
    const { height, width, channels, notes } = await convertRecords(root, record(image), form)
    assert.deepEqual([height, width, channels], shape)
    assert.equal(
      notes!.some(({ code }) => code === 'image_size_inferred'),
      isNoted,
    )
  }
})

test('float32 pixels are stored as uint8, by the range that the form or their values say', async t => {
  const root = await tempFolder(t)
  const set = await convertRecords(root, await fixture('float32-8x8.tfrecord'), {
    dtype: 'float32',
  })
  assert.deepEqual([set.height, set.width, set.channels, set.records], [8, 8, 1, 12])
  const note = set.notes!.find(({ code }) => code === 'float_pixels_stored')!
  assert.match(note.message, /range 0\.\.1, which their values tell .*rounded by up to 0\.50$/)

  const size = { height: '4', width: '4', dtype: 'float32' }
  const levels = noise(16)
  const stored: [values: number[], range: object, levels: number[]][] = [
    [[...levels].map(level => level / 255), {}, [...levels]],
    [[...levels], {}, [...levels]],
    [[...levels].map(level => level / 127.5 - 1), { range: '-1..1' }, [...levels]],
    [
      [...levels].map(level => level / 255),
      { range: '0..255' },
      [...levels].map(level => Math.round(level / 255)),
    ],
  ]
  for (const [values, range, expected] of stored) {
    const image = floats(Float32Array.from(values))
    const { folder } = await convertRecords(root, record(image), { ...size, ...range })
    assert.deepEqual(storedImage(folder), expected)
  }
  const list = example({ image: float(...[...levels].map(level => level / 255)), label: int64(0) })
  assert.deepEqual(storedImage((await convertRecords(root, list)).folder), [...levels])
  const integers = example({ image: int64(...levels), label: int64(0) })
  assert.deepEqual(storedImage((await convertRecords(root, integers)).folder), [...levels])

  for (const [record, dtype] of [
    [list, 'uint8'],
    [integers, 'float32'],
  ] as const) {
    await assert.rejects(convertRecords(root, record, { dtype }), {
      code: 'DATASET_FORMAT',
      message: new RegExp(`List, whose pixels are .*, so dtype=${dtype} does not go with it$`),
    })
  }

  const refused: [values: number[], form: object, message: RegExp][] = [
    [
      [...levels].map(level => level / 100 - 1),
      {},
      /go from -\S+ to \S+: send the form field range/,
    ],
    [[...levels], { range: '0..1' }, /the value 0 of the image is 7, expected 0 to 1/],
    [[...levels].fill(Number.NaN, 3, 4), {}, /the value 3 of the image is NaN/],
  ]
  for (const [values, form, message] of refused) {
    const image = floats(Float32Array.from(values))
    await assert.rejects(convertRecords(root, record(image), { ...size, ...form }), { message })
  }
})

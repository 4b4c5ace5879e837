import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { UploadForm } from '../../../src/datasets/form.js'
import { decodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { readRecords } from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { TrainyardError } from '../../../src/errors.js'
import { needsDataWitnesses, runPython } from '../../../testing/data-witnesses.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { convertFiles } from '../convert-files.js'
import { uint8Npy } from './npy-file.js'

/** The stored images of each split, as `class pixels`, sorted. */
async function readImages(
  root: string,
  files: Readonly<Record<string, Uint8Array>>,
  form: UploadForm = {},
) {
  const { result, folder } = await convertFiles(root, files, form)
  if (result.kind !== 'images') throw new Error('a table')
  const images: Record<string, string[]> = {}
  for (const { name, split = 'all' } of result.shards) {
    images[split] ??= []
    for (const data of readRecords(name, join(folder, name))) {
      const { image, label } = decodeExample(Buffer.from(data))
      images[split].push(`${result.labels[Number(label)]} ${Buffer.from(image).toString('hex')}`)
    }
  }
  for (const list of Object.values(images)) list.sort()
  return { result, images, codes: result.notes?.map(({ code }) => code) ?? [] }
}

const refusal = async (...read: Parameters<typeof readImages>): Promise<string> => {
  try {
    await readImages(...read)
  } catch (error) {
    if (error instanceof TrainyardError) return `${error.code} ${error.message}`
    throw error
  }
  return 'accepted'
}

test(
  'images of NumPy are stored as NumPy has them, whatever their shape, order, type and names',
  needsDataWitnesses,
  async t => {
    const root = await tempFolder(t)
    const written = await runPython(
      `
import json, sys
import numpy as np
folder = sys.argv[1]
rng = np.random.default_rng(3)
x = rng.integers(0, 256, (20, 6, 5, 3)).astype('u1')
y = np.arange(20) % 3
names = np.array(['cat', 'dog', 'owl'])
cases = []
def expected(x, y):
    return sorted(f'{label} {image.tobytes().hex()}' for image, label in zip(x, y))
def case(what, wanted, form={}, codes=[], **arrays):
    name = f'{len(cases)}.npz'
    np.savez(f'{folder}/{name}', **arrays)
    cases.append({'what': what, 'name': name, 'form': form, 'images': wanted, 'codes': codes})
case('uint8', {'all': expected(x, y)}, images=x, labels=y)
case('texts', {'all': expected(x, names[y])}, codes=['labels_from_text'], X=x, y=names[y])
case('bytes', {'all': expected(x, names[y])}, codes=['labels_from_text'], data=x, target=names[y].astype('S'))
case('[n, 1] of int64, big-endian', {'all': expected(x, y)}, images=x, labels=y.astype('>i8').reshape(-1, 1))
case('one-hot', {'all': expected(x, y)}, codes=['labels_one_hot'], x=x, y=np.eye(3, dtype='f4')[y])
case('Fortran order', {'all': expected(x, y)}, images=np.asfortranarray(x), labels=y)
case('channels first', {'all': expected(x, y)}, codes=['layout_inferred'], images=np.ascontiguousarray(x.transpose(0, 3, 1, 2)), labels=y)
case('0..1 float32', {'all': expected(x, y)}, codes=['float_pixels_stored'], x=(x / 255).astype('f4'), y=y)
case('0..1 float64', {'all': expected(x, y)}, codes=['float_pixels_stored'], x=x / 255, y=y)
case('0..255 float16', {'all': expected(x, y)}, codes=['float_pixels_stored'], x=x.astype('f2'), y=y)
case('-1..1', {'all': expected(x, y)}, {'range': '-1..1'}, ['float_pixels_stored'], x=(x / 127.5 - 1).astype('f4'), y=y)
case('int64', {'all': expected(x, y)}, codes=['pixels_converted'], x=x.astype('i8'), y=y)
bits = x[:, :, :, 0] > 127
case('booleans', {'all': expected(bits.astype('u1') * 255, y)}, codes=['pixels_converted'], x=bits, y=y)
case('rows of pixels', {'all': expected(x[:, :, :, 0], y)}, {'height': '6', 'width': '5'}, X=x[:, :, :, 0].reshape(20, 30), y=y)
case('names that say nothing', {'all': expected(x, y)}, codes=['arrays_inferred'], arr_0=x, arr_1=y)
case('names of the form', {'all': expected(x, y)}, {'features': '{"image":"photo","label":"kind"}'}, ['arrays_left_out'], photo=x, kind=y, images=x[:3])
case('Keras', {'train': expected(x[:12], y[:12]), 'test': expected(x[12:], y[12:])}, x_train=x[:12], y_train=y[:12], x_test=x[12:], y_test=y[12:])
case('MedMNIST', {'train': expected(x[:12], y[:12]), 'val': expected(x[12:16], y[12:16]), 'test': expected(x[16:], y[16:])},
    train_images=x[:12], val_images=x[12:16], test_images=x[16:], train_labels=y[:12, None], val_labels=y[12:16, None], test_labels=y[16:, None])
case('square of three channels first', {'all': expected(x[:, :3, :3], y)}, {'layout': 'channels_first'}, x=np.ascontiguousarray(x[:, :3, :3].transpose(0, 3, 1, 2)), y=y)
print(json.dumps(cases))
`,
      root,
    )
    const cases = JSON.parse(written) as {
      what: string
      name: string
      form: UploadForm
      images: Record<string, string[]>
      codes: string[]
    }[]
    assert.ok(cases.length > 15)
    for (const { what, name, form, images, codes } of cases) {
      const found = await readImages(root, { [name]: readFileSync(join(root, name)) }, form)
      assert.deepEqual(found.images, images, what)
      for (const code of codes) assert.ok(found.codes.includes(code as never), `${what}: ${code}`)
      if (codes.length === 0) assert.deepEqual(found.codes, [], what)
    }
  },
)

const labels = uint8Npy([4], Uint8Array.of(0, 1, 0, 1))

test('a pair of NPY files is a data set, in any order, with any names', async t => {
  const root = await tempFolder(t)
  const images = uint8Npy(
    [4, 2, 2],
    Uint8Array.from({ length: 16 }, (_, at) => at),
  )
  const first = await readImages(root, { 'images.npy': images, 'labels.npy': labels })
  const second = await readImages(root, { b: labels, a: images })
  assert.equal(first.result.id, second.result.id)
  assert.deepEqual(first.images.all, ['0 00010203', '0 08090a0b', '1 04050607', '1 0c0d0e0f'])
})

test('arrays that may be read in two ways, or in none, are refused with what was found', async t => {
  const root = await tempFolder(t)
  const square = uint8Npy([4, 3, 3, 3], new Uint8Array(108))
  const cases: [Record<string, Uint8Array>, UploadForm, RegExp][] = [
    [
      { 'x.npy': square, 'y.npy': labels },
      {},
      /^DATASET_DIMENSIONS x\.npy: .*3 x 3 x 3 \(channels_last\) or .*\(channels_first\): send layout=/,
    ],
    [
      { 'x.npy': uint8Npy([4, 5, 5, 2], new Uint8Array(200)), 'y.npy': labels },
      {},
      /^DATASET_DIMENSIONS x\.npy: the shape \(4, 5, 5, 2\) is none of images/,
    ],
    [
      { 'x.npy': uint8Npy([4, 5, 5], new Uint8Array(100)), 'y.npy': labels },
      { height: '6' },
      /^DATASET_DIMENSIONS x\.npy: .*images of 5 x 5 x 1 .*but the form says height 6/,
    ],
    [
      { 'x.npy': uint8Npy([4, 5, 5], new Uint8Array(100)) },
      {},
      /^DATASET_LABELS x\.npy: there are no labels for 'x' \[4, 5, 5\] of uint8/,
    ],
    [
      { 'x.npy': uint8Npy([3, 5, 5], new Uint8Array(75)), 'y.npy': labels },
      {},
      /^DATASET_SIZE_MISMATCH y\.npy: 4 labels for 3 in 'x'/,
    ],
    [
      { 'x.npy': uint8Npy([4, 2, 2], new Uint8Array(16)), 'y.npy': labels },
      { dtype: 'float32' },
      /^DATASET_FORMAT x\.npy: the form says dtype=float32, but the array is \[4, 2, 2\] of uint8/,
    ],
  ]
  for (const [files, form, expected] of cases) {
    assert.match(await refusal(root, files, form), expected)
  }
})

test(
  'images that cannot be used are listed together, or left out if the form says so',
  needsDataWitnesses,
  async t => {
    const root = await tempFolder(t)
    await runPython(
      `
import sys
import numpy as np
x = np.full((50, 2, 2), 0.5, 'f4')
x[7, 1, 1] = np.nan
x[30] = np.inf
y = np.zeros(50)
y[12] = 0.5
np.savez(f'{sys.argv[1]}/damaged.npz', x=x, y=y)
`,
      root,
    )
    const files = { 'd.npz': readFileSync(join(root, 'damaged.npz')) }
    const message = await refusal(root, files)
    for (const expected of [
      /^DATASET_IMAGE d\.npz: x\.npy: record 7: the value 3 of the image is NaN/,
      /; d\.npz: y\.npy: record 12: the label is 0\.5, expected a whole number/,
      /; d\.npz: x\.npy: record 30: the value 0 of the image is Infinity$/,
    ]) {
      assert.match(message, expected)
    }
    const form = { onError: 'skip', maxSkipped: '0.06' }
    const { result } = await readImages(root, files, form)
    assert.equal(result.records, 47)
    assert.deepEqual(
      result.skipped?.problems.map(({ place }) => place),
      ['d.npz#entry=x.npy&record=7', 'd.npz#entry=y.npy&record=12', 'd.npz#entry=x.npy&record=30'],
    )
    assert.match(
      await refusal(root, files, { ...form, maxSkipped: '0.05' }),
      /^DATASET_IMAGE 3 of 50 images cannot be used, and maxSkipped allows 0\.05/,
    )
  },
)

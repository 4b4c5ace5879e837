import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PNG } from 'pngjs'
import { tempFolder } from '../../../testing/temp-folder.js'
import { fixture } from '../uploads.js'
import { bytes, convertRecords, example, float, int64 } from './examples.js'

const png = PNG.sync.write(new PNG({ width: 4, height: 4 }), { colorType: 2 })
const image = bytes(png)
const text = (value: string) => bytes(Buffer.from(value))

test('TFRecords with features of other common names are read, and the names are told', async t => {
  const root = await tempFolder(t)
  const slim = await convertRecords(root, await fixture('slim-layout.tfrecord'))
  assert.deepEqual([slim.height, slim.width, slim.records], [8, 8, 6])
  assert.deepEqual(slim.classCounts, [2, 2, 2])
  const message = slim.notes!.find(({ code }) => code === 'features_inferred')!.message
  assert.match(message, /'image\/encoded' is taken for the image and 'image\/class\/label' for/)

  const raw = bytes(new Uint8Array(48).map((_, i) => (i * 97) % 251))
  const read: [features: Parameters<typeof example>[0], classCounts: number[]][] = [
    // TensorFlow Datasets
    [{ image, label: int64(1), file_name: text('a.png') }, [0, 1]],
    // the tutorial of TensorFlow 1
    [{ image_raw: raw, label: int64(0), height: int64(4), width: int64(4), depth: int64(3) }, [1]],
    // flowers on Kaggle
    [{ image, class: int64(1), one_hot_class: float(0, 1) }, [0, 1]],
    // a label as a float, and an image with a name of its own
    [{ photo_of_a_flower: image, label: float(1) }, [0, 1]],
    [{ 'image/encoded': image, 'image/class/text': text('rose') }, [1]],
  ]
  for (const [features, classCounts] of read) {
    assert.deepEqual((await convertRecords(root, example(features))).classCounts, classCounts)
  }
})

test('the form field features says which feature is which', async t => {
  const root = await tempFolder(t)
  const record = example({ a: image, image: text('x'), b: int64(2), label: int64(0) })
  const form = { features: '{"image":"a","label":"b"}' }
  const { classCounts, notes } = await convertRecords(root, record, form)
  assert.deepEqual(classCounts, [0, 0, 1])
  assert.ok(!notes!.some(({ code }) => code === 'features_inferred'))

  const refused: [features: Parameters<typeof example>[0], form: object, message: RegExp][] = [
    [
      { image_raw: image, img: image, label: int64(0) },
      {},
      /'image_raw' and 'img' may both be the/,
    ],
    [{ image, b: int64(0) }, {}, /no feature 'label', found: image, b; the form field features=/],
    [
      { image, label: int64(0) },
      { features: '{"image":"x"}' },
      /no feature 'x', found: image, label/,
    ],
    [
      { image, label: int64(0), rows: int64(4) },
      { features: '{"height":"row"}' },
      /no feature 'row', found: image, label, rows/,
    ],
    [{ image, label: int64(0, 1, 0) }, {}, /one-hot: store the index of the 1/],
    [{ image, label: float(0.5) }, {}, /'label' is 0.5, expected a whole number/],
    [{ image, label: int64(0) }, { features: '{"photo":"x"}' }, /has 'photo', expected only image/],
    [{ image, label: int64(0) }, { features: 'image' }, /features is not JSON/],
    [{ image: text('cats/1.jpg'), label: int64(0) }, {}, /is the file name 'cats\/1.jpg'/],
    [{ image: text(png.toString('base64')), label: int64(0) }, {}, /is base64 text/],
    [{ image: text('GIF89a\u0001\u0000\u0001\u0000'), label: int64(0) }, {}, /is a GIF image/],
  ]
  for (const [features, fields, message] of refused) {
    await assert.rejects(convertRecords(root, example(features), fields), { message })
  }
})

test('labels that are texts become the classes, in sorted order or in that of the form', async t => {
  const root = await tempFolder(t)
  const records = (...labels: string[]) =>
    Buffer.concat(labels.map(label => example({ image, label: text(label) })))
  const pets = records('dog', 'cat', 'dog')
  const sorted = await convertRecords(root, pets)
  assert.deepEqual(
    [sorted.labels, sorted.classCounts],
    [
      ['cat', 'dog'],
      [1, 2],
    ],
  )
  assert.ok(sorted.notes!.some(({ code }) => code === 'labels_from_text'))
  const given = await convertRecords(root, pets, { labels: '["dog","cat","bird"]' })
  assert.deepEqual(
    [given.labels, given.classCounts],
    [
      ['dog', 'cat', 'bird'],
      [2, 1, 0],
    ],
  )
  const numbers = await convertRecords(root, records('10', '9', '2'))
  assert.deepEqual(numbers.labels, ['2', '9', '10'])
  await assert.rejects(convertRecords(root, pets, { labels: '["dog"]' }), {
    code: 'DATASET_LABELS',
    message: /^a: record 1 at byte \d+: the label is 'cat', expected one of the 1 class names/,
  })
  const mixed = Buffer.concat([records('cat'), example({ image, label: int64(0) })])
  await assert.rejects(convertRecords(root, mixed), {
    code: 'DATASET_LABELS',
    message: /record 1 /,
  })
})

test('labels that begin at 1 and labels with gaps are noted', async t => {
  const root = await tempFolder(t)
  const size = { height: int64(5), width: int64(5), channels: int64(1) }
  const noteOf = async (...labels: number[]) => {
    const records = labels.map((label, number) =>
      example({ image: bytes(new Uint8Array(25).fill(number)), label: int64(label), ...size }),
    )
    const { notes } = await convertRecords(root, Buffer.concat(records))
    return notes!.map(({ code, message }) => `${code}: ${message}`).join()
  }
  assert.match(await noteOf(1, 2, 3), /^labels_not_from_zero: .* so class '0' has no image\. /)
  assert.match(await noteOf(1, 3), /class '0' has no image; nor have '2'\. /)
  assert.match(await noteOf(0, 1, 3), /^class_without_examples: .*: '2'$/)
  assert.match(await noteOf(2, 2), /^one_class: /)
  assert.equal(await noteOf(0, 1), '')
})

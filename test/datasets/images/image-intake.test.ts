import assert from 'node:assert/strict'
import { mkdtemp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PNG } from 'pngjs'
import { openImageIndex } from '../../../src/datasets/images/image-index.js'
import type { ImageStream } from '../../../src/datasets/images/image-stream.js'
import { parseResize } from '../../../src/datasets/images/resize-field.js'
import { decodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { readRecords } from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { ProblemList } from '../../../src/datasets/problem-list.js'
import { assertRoom } from '../../../src/store/disk-room.js'
import { mulberry32 } from '../../../testing/random.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { convertStream, type ImageFile, streamOfFiles } from './image-files.js'

const root = await tempFolder({ after })
const folder = () => mkdtemp(join(root, 'set-'))

/** Blocks of random colours, which look like no other seed's. */
function picture(seed: number, height: number, width = height): PNG {
  const random = mulberry32(seed)
  const blocks = Array.from({ length: 192 }, () => Math.floor(256 * random()))
  const image = new PNG({ height, width })
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const block = Math.floor((8 * y) / height) * 8 + Math.floor((8 * x) / width)
      const at = 4 * (y * width + x)
      for (let i = 0; i < 3; i++) image.data[at + i] = blocks[3 * block + i]!
      image.data[at + 3] = 255
    }
  }
  return image
}

const png = (seed: number, height: number, width = height) =>
  PNG.sync.write(picture(seed, height, width), { colorType: 2 })

const file = (name: string, content: Uint8Array, label: string, split?: string): ImageFile => ({
  ...{ name, content, label },
  ...(split && { split }),
})

const convertAll = async (files: readonly ImageFile[], options = {}) =>
  convertStream(await folder(), streamOfFiles(files), options)

const messageOf = (set: Awaited<ReturnType<typeof convertAll>>, code: string) =>
  set.notes!.find(note => note.code === code)?.message ?? ''

async function indexOf(set: Awaited<ReturnType<typeof convertAll>>) {
  const index = await openImageIndex(join(set.folder, set.index!.name))
  const rows = []
  for await (const row of index.rows()) rows.push(row)
  const labels = [...(await index.numbers('label'))]
  await index.close()
  return { rows, labels }
}

test('images of different sizes get a size that is chosen from them, and said', async () => {
  const sizes: [number, number][] = [
    [40, 60],
    [70, 50],
    [100, 100],
    [300, 80],
  ]
  const set = await convertAll(
    sizes.map(([height, width], i) => file(`${i}.png`, png(i, height, width), i % 2 ? 'b' : 'a')),
  )
  assert.deepEqual(set.resize, { height: 32, width: 32, mode: 'fill' })
  assert.deepEqual([set.height, set.width, set.channels, set.encoding], [32, 32, 3, 'raw'])
  assert.deepEqual(set.sizes!.height, { min: 40, median: 70, max: 300 })
  assert.equal(set.sizes!.different, 4)
  assert.match(
    messageOf(set, 'images_resized'),
    /have 4 sizes, from 40 x 50 to 300 x 100.* 32 x 32/,
  )
  const { rows, labels } = await indexOf(set)
  assert.deepEqual(
    rows.map(({ source, height, width }) => [source, height, width]).sort(),
    sizes.map(([height, width], i) => [`pictures.zip/${i}.png`, height, width]),
  )
  assert.deepEqual(
    labels,
    rows.map(row => row.label),
  )
  const [shard] = set.shards
  const stored: unknown[] = []
  for (const data of readRecords(shard!.name, join(set.folder, shard!.name))) {
    stored.push(decodeExample(data).label)
  }
  assert.deepEqual(stored, labels)
})

test('the same images are the same data set, however they are packed', async () => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed)
  const files = seeds.map(seed => file(`${seed}.png`, png(seed, 16), seed % 2 ? 'b' : 'a'))
  const set = await convertAll(files)
  assert.equal(set.encoding, 'encoded')
  const turned = await convertAll(
    files.toReversed().map(each => ({ ...each, name: `x${each.name}` })),
  )
  assert.equal(turned.id, set.id)
  assert.deepEqual(
    turned.shards.map(({ sha256 }) => sha256),
    set.shards.map(({ sha256 }) => sha256),
  )
  const pixels: ImageStream = {
    images: seeds.map(seed => ({
      location: { file: 'images.npy', row: seed },
      content: Uint8Array.from(picture(seed, 16).data.filter((_, at) => at % 4 < 3)),
      shape: { height: 16, width: 16, channels: 3 },
      label: seed % 2,
      split: null,
    })),
    classNames: () => ['a', 'b'],
  }
  const raw = await convertStream(await folder(), pixels)
  assert.deepEqual([raw.id, raw.encoding], [set.id, 'raw'])
  assert.deepEqual([raw.mean, raw.std, raw.classCounts], [set.mean, set.std, set.classCounts])
  const others = [
    await convertAll(files.with(3, { ...files[3]!, label: 'a' })),
    await convertAll(files.with(3, file('3.png', png(99, 16), 'b'))),
    await convertAll(files.map(each => ({ ...each, split: 'train' }))),
    await convertAll(files, { form: { resize: { height: 16, width: 16, mode: 'fit' } } }),
  ]
  assert.equal(new Set([set.id, ...others.map(({ id }) => id)]).size, 5)
})

test('splits are whole shards in their order, with their own counts', async () => {
  const files = Array.from({ length: 12 }, (_, seed) =>
    file(
      `${seed}.png`,
      png(seed, 16),
      seed % 3 ? 'a' : 'b',
      ['test', 'train', 'extra', 'val'][seed % 4],
    ),
  )
  const set = await convertAll(files)
  assert.deepEqual(
    set.splits!.map(({ name, records, classCounts }) => [name, records, classCounts]),
    [
      ['train', 3, [2, 1]],
      ['val', 3, [2, 1]],
      ['test', 3, [2, 1]],
      ['extra', 3, [2, 1]],
    ],
  )
  assert.deepEqual(
    set.shards.map(({ split, records }) => [split, records]),
    [
      ['train', 3],
      ['val', 3],
      ['test', 3],
      ['extra', 3],
    ],
  )
  assert.deepEqual([set.mean, set.std], [set.splits![0]!.mean, set.splits![0]!.std])
  const [first, second] = [file('a', png(1, 8), 'a', 'train'), file('b', png(2, 8), 'a')]
  await assert.rejects(convertAll([first, second]), {
    code: 'DATASET_FORMAT',
    message: /^pictures\.zip: b: some images belong to a split/,
  })
})

test('equal and similar images are found, above all across splits', async () => {
  const files = Array.from({ length: 10 }, (_, seed) =>
    file(`${seed}.png`, png(seed, 64), 'a', 'train'),
  )
  const same = file('same.png', png(3, 64), 'a', 'test')
  const lighter = picture(5, 64)
  for (let at = 0; at < lighter.data.length; at++) {
    if (at % 4 < 3) lighter.data[at] = Math.min(255, lighter.data[at]! + 3)
  }
  const similar = file('similar.png', PNG.sync.write(lighter, { colorType: 2 }), 'a', 'train')
  const { duplicates, notes } = await convertAll([...files, same, similar])
  const { exact, near } = duplicates!
  assert.deepEqual([exact.groups, exact.images, exact.acrossSplits], [1, 2, 1])
  assert.deepEqual(exact.examples[0]!.toSorted(), ['pictures.zip/3.png', 'pictures.zip/same.png'])
  assert.deepEqual([near!.groups, near!.images, near!.acrossSplits], [1, 2, 0])
  assert.deepEqual(near!.examples[0]!.toSorted(), [
    'pictures.zip/5.png',
    'pictures.zip/similar.png',
  ])
  const codes = notes!.map(({ code }) => code)
  for (const code of ['duplicate_images', 'similar_images', 'duplicates_across_splits'] as const) {
    assert.ok(codes.includes(code), codes.join())
  }
})

test('images that cannot be used refuse the upload together, or are left out', async () => {
  const good = Array.from({ length: 8 }, (_, seed) =>
    file(`${seed}.png`, png(seed, 16), 'a', 'train'),
  )
  const truncated = file('cut.png', png(20, 16).subarray(0, -20), 'a', 'train')
  const text = file('readme.txt', Buffer.from('hello'), 'a', 'train')
  // its structure is whole, so only the decoder sees that there are no pixels
  const header = png(21, 16)
  const empty = Buffer.concat([header.subarray(0, 33), header.subarray(-12)])
  const files = [...good, truncated, text, file('empty.png', empty, 'a', 'val')]
  await assert.rejects(convertAll(files), error => {
    const { message } = error as Error
    assert.match(message, /^pictures\.zip: cut\.png: the PNG ends in the middle/)
    assert.match(message, /readme\.txt: the file is none of PNG, JPEG, WebP, GIF, BMP/)
    return true
  })
  const problems = new ProblemList({ mode: 'skip', maxSkipped: 0.5 })
  const set = await convertAll(files, { problems })
  assert.deepEqual([set.records, set.classCounts, problems.skipped], [8, [8], 3])
  assert.deepEqual(
    set.splits!.map(({ name, records }) => [name, records]),
    [['train', 8]],
  )
  assert.equal(
    set.shards.reduce((sum, { records }) => sum + records, 0),
    8,
  )
  assert.equal((await indexOf(set)).rows.length, 8)
})

test('a conversion leaves no temporary files', async () => {
  const set = await convertAll([file('a.png', png(1, 16), 'a'), file('b.png', png(2, 20), 'a')])
  assert.deepEqual((await readdir(set.folder)).sort(), ['index.arrow', 'shards'])
})

test('the fields height and width say what images are, and resize what they become', async () => {
  const files = [file('a.png', png(1, 16), 'a'), file('b.png', png(2, 20), 'a')]
  const resize = { height: 10, width: 12, mode: 'stretch' } as const
  const set = await convertAll(files, { form: { resize } })
  assert.deepEqual([set.height, set.width, set.resize], [10, 12, resize])
  await assert.rejects(convertAll(files, { form: { dimensions: { height: 16 } } }), {
    code: 'DATASET_SIZE_MISMATCH',
    message: /^pictures\.zip: b\.png: the form says height 16, expected 20$/,
  })
})

test('the field resize is JSON or a short form', () => {
  const fill = { height: 224, width: 224, mode: 'fill' }
  for (const text of ['224', '224x224', '{"height":224,"width":224}', JSON.stringify(fill)]) {
    assert.deepEqual(parseResize(text), fill)
  }
  assert.deepEqual(parseResize('48x64'), { height: 48, width: 64, mode: 'fill' })
  const wrong: [string, RegExp][] = [
    ['', /^is "", expected \{"height"/],
    ['[224]', /^is /],
    ['0', /^has the height 0, expected an integer from 1 to 65535$/],
    ['{"height":224}', /^has no width/],
    ['{"height":224,"width":1.5}', /^has the width 1\.5/],
    ['{"height":2,"width":2,"mode":"crop"}', /^has the mode "crop", expected fit, fill, stretch$/],
    ['{"height":2,"width":2,"depth":2}', /^has "depth"/],
  ]
  for (const [text, message] of wrong) assert.match(parseResize(text) as string, message)
})

test('a disk that is too small for the data set is told before anything is written', async () => {
  await assert.doesNotReject(assertRoom(root, 1, 'the data set'))
  await assert.rejects(assertRoom(root, 2 ** 60, 'the data set'), {
    code: 'STORAGE_FULL',
    message: /needs \d+ bytes .* of which \d+ are free/,
  })
})

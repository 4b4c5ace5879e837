import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { PNG } from 'pngjs'
import type { SourceDataset } from '../../../src/datasets/derived/source-dataset.js'
import { openImageIndex } from '../../../src/datasets/images/image-index.js'
import { decodeExample } from '../../../src/datasets/images/tfrecord/example.js'
import { readRecord } from '../../../src/datasets/images/tfrecord/tfrecord-reader.js'
import { InputFile } from '../../../src/datasets/input-file.js'
import type { ImagesManifest } from '../../../src/spec/dataset.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { bytes, convertRecords, example, int64 } from '../images/examples.js'
import { deriveHere, readImages, refusals } from './derive-here.js'

const root = await tempFolder({ after })
/** 60 images of 2x2 pixels: 30 cats, 20 dogs, 10 cows; each fifth cat equals the one before. */
let source: SourceDataset<ImagesManifest>

const counts = [30, 20, 10]

function pixelsOf(label: number, index: number): Uint8Array {
  const copied = label === 0 && index % 5 === 4 ? index - 1 : index
  return Uint8Array.from([10 * label, copied, 3 * copied, 200 + (copied % 50)])
}

before(async () => {
  const records = counts.flatMap((count, label) =>
    Array.from({ length: count }, (_, index) =>
      example({ image: bytes(pixelsOf(label, index)), label: int64(label) }),
    ),
  )
  const form = { labels: '["cat","dog","cow"]', height: '2', width: '2', channels: '1' }
  const { folder, ...content } = await convertRecords(root, Buffer.concat(records), form)
  source = {
    folder,
    manifest: { ...content, name: 'animals', createdAt: '2026-01-01T00:00:00.000Z' },
  }
})

const derived = (...steps: Parameters<typeof deriveHere>[2]) => deriveHere(root, source, steps)
const splitStep = { kind: 'split', shares: { val: 0.2, test: 0.1 } } as const

/** Mean and deviation as of an upload of these images. */
async function statisticsOf(images: { image: string }[]) {
  const records = images.map(({ image }) =>
    example({ image: bytes(Buffer.from(image, 'base64')), label: int64(0) }),
  )
  const form = { height: '2', width: '2', channels: '1' }
  const { mean, std } = await convertRecords(root, Buffer.concat(records), form)
  return { mean, std }
}

test('a filter by class keeps the images of these classes, which are numbered anew', async () => {
  const { manifest, folder, notes } = await derived({ kind: 'filter', classes: ['cow', 'dog'] })
  assert.deepEqual(manifest.labels, ['dog', 'cow'])
  assert.deepEqual(manifest.classCounts, [20, 10])
  const images = readImages({ manifest, folder })
  const expected = readImages(source).filter(({ label }) => label !== 'cat')
  assert.deepEqual(images, expected)
  const { mean, std } = manifest
  assert.deepEqual({ mean, std }, await statisticsOf(images))
  assert.deepEqual(notes, ['records_left_out: step 0, filter, leaves out 30 of 60 images'])
})

test('the same steps on the same data set make the same, and other steps another one', async () => {
  const one = await derived(splitStep)
  const again = await derived(splitStep)
  assert.equal(again.manifest.id, one.manifest.id)
  assert.deepEqual(again.manifest.shards, one.manifest.shards)
  const other = await derived({ ...splitStep, seed: 2 })
  assert.notEqual(other.manifest.id, one.manifest.id)
})

test('a split gives each class its share, keeps equal images together, and has statistics of its own', async () => {
  const { manifest, folder, notes } = await derived(splitStep)
  const images = readImages({ manifest, folder })
  assert.deepEqual(
    images.map(({ image }) => image).sort(),
    readImages(source)
      .map(({ image }) => image)
      .sort(),
  )
  assert.deepEqual(
    manifest.splits!.map(({ name }) => name),
    ['train', 'val', 'test'],
  )
  const splitsByImage = new Map<string, Set<string | undefined>>()
  for (const { image, split } of images) {
    splitsByImage.set(image, (splitsByImage.get(image) ?? new Set()).add(split))
  }
  assert.ok([...splitsByImage.values()].every(({ size }) => size === 1))
  assert.match(notes.join(), /duplicates_in_one_split: 6 images are equal to another one/)
  for (const { name, mean, std, classCounts } of manifest.splits!) {
    const part = images.filter(({ split }) => split === name)
    assert.deepEqual({ mean, std }, await statisticsOf(part), name)
    assert.ok(
      classCounts.every(count => count > 0),
      `${name}: ${classCounts}`,
    )
  }
  assert.deepEqual([manifest.mean, manifest.std], [source.manifest.mean, source.manifest.std])
})

test('a split can be taken out again, and its files are shared', async () => {
  const { manifest, folder } = await derived(splitStep)
  const parts = ['train', 'val', 'test'] as const
  for (const name of parts) {
    const part = await deriveHere(root, { manifest, folder }, [{ kind: 'filter', splits: [name] }])
    const split = manifest.splits!.find(each => each.name === name)!
    assert.equal(part.manifest.records, split.records)
    // a single split is a data set like any other
    assert.ok(!('splits' in part.manifest))
    assert.equal(part.shared.length, part.manifest.shards.length)
    assert.deepEqual(part.manifest.mean, split.mean)
    const images = readImages(part).map(({ image }) => image)
    const expected = readImages({ manifest, folder }).filter(({ split }) => split === name)
    assert.deepEqual(
      images,
      expected.map(({ image }) => image),
    )
  }
  const two = await deriveHere(root, { manifest, folder }, [
    { kind: 'filter', splits: ['train', 'test'] },
  ])
  assert.deepEqual(
    two.manifest.splits!.map(({ name }) => name),
    ['train', 'test'],
  )
  assert.equal(two.shared.length, 2)
})

test('classes are renamed, merged and dropped', async () => {
  const renamed = await derived({ kind: 'relabel', classes: { cat: 'kitten' } })
  assert.deepEqual(renamed.manifest.labels, ['kitten', 'dog', 'cow'])
  // no image has another number, so the files are those of the source
  assert.deepEqual(
    renamed.shared.map(({ from }) => from),
    source.manifest.shards.map(({ name }) => name),
  )
  assert.notEqual(renamed.manifest.id, source.manifest.id)

  const merged = await derived({ kind: 'relabel', classes: { cat: 'pet', dog: 'pet', cow: null } })
  assert.deepEqual(merged.manifest.labels, ['pet'])
  assert.equal(readImages(merged).length, 50)
  const swapped = await derived({ kind: 'relabel', classes: { cow: 'cat' } })
  assert.deepEqual(swapped.manifest.classCounts, [40, 20])
  readImages(swapped)
})

test('of equal images the first is kept, and in train if one is there', async () => {
  const { manifest, notes } = await derived({ kind: 'dropDuplicates' })
  assert.deepEqual(manifest.classCounts, [24, 20, 10])
  assert.match(notes.join(), /step 0, dropDuplicates, leaves out 6 of 60 images/)
  // val comes first in a data set whose splits came from its upload so
  const split = await derived({ kind: 'split', shares: { val: 0.5 }, by: 'random' })
  const unique = await deriveHere(root, split, [{ kind: 'dropDuplicates' }])
  assert.equal(readImages(unique).length, 54)
})

test('a sample has as many images as asked for, of each class if asked for', async () => {
  const half = await derived({ kind: 'sample', share: 0.5, by: 'class' })
  assert.deepEqual(half.manifest.classCounts, [15, 10, 5])
  // in their order: each is found after the one before
  const order = readImages(source).map(({ image }) => image)
  let place = -1
  for (const { image } of readImages(half)) {
    place = order.indexOf(image, place + 1)
    assert.ok(place >= 0)
  }
  const seven = await derived({ kind: 'sample', records: 7 })
  assert.equal(seven.manifest.records, 7)
  assert.deepEqual(seven.manifest.labels, ['cat', 'dog', 'cow'])
  const other = await derived({ kind: 'sample', records: 7, seed: 2 })
  assert.notDeepEqual(readImages(other), readImages(seven))
})

test('steps that change nothing give the source', async () => {
  const { manifest } = await derived({ kind: 'filter', classes: ['cat', 'dog', 'cow'] })
  assert.equal(manifest.id, source.manifest.id)
})

test('PNG images are copied as they are, and their pixels are counted', async () => {
  const png = (value: number) => {
    const image = new PNG({ width: 2, height: 1 })
    image.data.set([value, value, value, 255, 0, 0, 0, 255])
    return new Uint8Array(PNG.sync.write(image, { colorType: 0 }))
  }
  const records = [10, 20, 30, 40].map((value, i) =>
    example({ image: bytes(png(value)), label: int64(i % 2) }),
  )
  const { folder, ...content } = await convertRecords(root, Buffer.concat(records))
  const manifest = { ...content, name: 'dots', createdAt: source.manifest.createdAt }
  const even = await deriveHere(root, { folder, manifest }, [{ kind: 'filter', classes: ['0'] }])
  // the pixels 10, 0, 30, 0
  assert.deepEqual(even.manifest.mean, [10])
  const kept = readImages({ folder, manifest }).filter(({ label }) => label === '0')
  assert.deepEqual(readImages(even), kept)
})

test('what a step cannot do is refused with its place', async () => {
  const refused = (...steps: Parameters<typeof deriveHere>[2]) => refusals(root, source, steps)
  assert.deepEqual(await refused({ kind: 'filter', classes: ['cat', 'cats'] }), [
    `/steps/0/classes/1 unknown_class: there is no class "cats", but 'cat', 'dog', 'cow'`,
  ])
  assert.deepEqual(
    await refused(
      { kind: 'dropDuplicates' },
      { kind: 'relabel', classes: { cat: null, dog: null, cow: null } },
    ),
    ['/steps/1 too_small: relabel leaves none of 54 images'],
  )
  assert.match(
    (await refused({ kind: 'select', columns: ['a'] })).join(),
    /^\/steps\/0\/kind wrong_kind/,
  )
  assert.match((await refused({ kind: 'filter' })).join(), /^\/steps\/0 required/)
  assert.match((await refused({ kind: 'sample' })).join(), /^\/steps\/0 required/)
  assert.match((await refused({ kind: 'sample', records: 61 })).join(), /there are 60 records/)
  assert.match((await refused({ kind: 'filter', splits: ['val'] })).join(), /unknown_split/)
  const greedy = { kind: 'split', shares: { val: 0.6, test: 0.4 } } as const
  assert.match((await refused(greedy)).join(), /leaves nothing for train/)
  const named = { kind: 'split', shares: { train: 0.6 } } as const
  assert.match((await refused(named)).join(), /\/shares\/train contradiction/)
  const byTime = { kind: 'split', shares: { val: 0.1 }, by: 'time' } as const
  assert.match(
    (await refused(byTime)).join(),
    /^\/steps\/0\/column required: by time needs the column of the times, such as date/,
  )
  const tiny = { kind: 'split', shares: { val: 0.001 } } as const
  assert.match((await refused(tiny)).join(), /no image in the split 'val'/)
  assert.match((await refused({ kind: 'filter', where: ['size>1'] })).join(), /unknown_column/)
  assert.match(
    (await refused({ kind: 'filter', where: ['height>tall'] })).join(),
    /expected a number/,
  )
})

test('images are filtered by their label and size', async () => {
  const { manifest } = await derived({ kind: 'filter', where: ['label^=c', 'height=2'] })
  assert.deepEqual(manifest.classCounts, [30, 0, 10])
})

test('images get classes by their paths in the upload, and the index follows them', async () => {
  const labels = { 'a#0': 'wolf', 'a#1': 'wolf', 'a#31': 'fox' }
  const kept = await derived({ kind: 'label', labels, others: 'keep' })
  assert.deepEqual(kept.manifest.labels, ['cat', 'dog', 'cow', 'fox', 'wolf'])
  assert.deepEqual(kept.manifest.classCounts, [28, 19, 10, 1, 2])
  const dropped = await derived({ kind: 'label', labels, others: 'drop' })
  assert.deepEqual(dropped.manifest.classCounts, [1, 2])
  const unlabelled = await refusals(root, source, [{ kind: 'label', labels }])
  assert.match(unlabelled.join(), /^\/steps\/0\/others required: 57 images have no label, such as/)
  const filtered = await derived({ kind: 'filter', where: ['source^=a#5'] })
  // a#5 and a#50 to a#59
  assert.equal(filtered.manifest.records, 11)

  const split = await deriveHere(root, kept, [splitStep])
  for (const { manifest, folder } of [kept, split]) {
    const index = await openImageIndex(join(folder, manifest.index!.name))
    try {
      assert.equal(index.records, manifest.records)
      for await (const { source: path, label, shard, offset } of index.rows()) {
        const name = manifest.shards[shard]!.name
        const file = new InputFile(name, join(folder, name))
        const { image } = decodeExample(readRecord(file, 0, offset, 1000))
        const number = Number(path.split('#')[1])
        const old = number < 30 ? 0 : number < 50 ? 1 : 2
        const first = [0, 30, 50][old]!
        assert.deepEqual([...image], [...pixelsOf(old, number - first)], path)
        const expected = Object.hasOwn(labels, path)
          ? labels[path as keyof typeof labels]
          : ['cat', 'dog', 'cow'][old]
        assert.equal(manifest.labels[label], expected, path)
        file.close()
      }
    } finally {
      await index.close()
    }
  }
})

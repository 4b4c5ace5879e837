import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PNG } from 'pngjs'
import { folderZip } from '../../../src/datasets/exports/folder-zip.js'
import { validateForm } from '../../../src/datasets/form.js'
import { convertImageStream } from '../../../src/datasets/images/image-intake.js'
import type { IncomingImage } from '../../../src/datasets/images/image-stream.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { layOut } from '../../../src/datasets/preview/contact-sheet.js'
import { imageContent } from '../../../src/datasets/preview/image-content.js'
import { listImages } from '../../../src/datasets/preview/image-page.js'
import { ProblemList } from '../../../src/datasets/problem-list.js'
import { splitRange } from '../../../src/datasets/stored/split-ranges.js'
import type { StoredDataset } from '../../../src/datasets/stored/stored-dataset.js'
import type { ImagesManifest } from '../../../src/spec/dataset.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { bytesOf, unzip } from '../../formats/unzip.js'

const classes = ['cat', 'dog', 'Ex/tra']
const splits = ['train', 'val', 'test']

/** 2 x 2 pixels that tell which image it is: its number and class. */
function* incoming(count: number): Generator<IncomingImage> {
  for (let i = 0; i < count; i++) {
    const label = classes[i % 3]!
    yield {
      location: { file: 'pets.zip', entry: `a/${label.replace('/', '_')}/${i % 70}.png` },
      content: Uint8Array.of(i, i >> 8, i % 3, 7),
      shape: { height: 2, width: 2, channels: 1 },
      label,
      split: splits[i % 5] ?? 'train',
    }
  }
}

async function convertPets(t: { after(work: () => Promise<void>): void }, count: number) {
  const folder = await tempFolder(t)
  const scratch = join(folder, 'scratch')
  await mkdir(scratch)
  const content = await convertImageStream(
    {
      files: [],
      form: validateForm({}).images,
      folder,
      scratch,
      limits: defaultLimits,
      report: () => {},
      problems: new ProblemList(),
    },
    { images: incoming(count), classNames: () => null },
  )
  const manifest: ImagesManifest = { ...content, name: 'pets', createdAt: '2026-01-01T00:00:00Z' }
  const dataset: StoredDataset<ImagesManifest> = {
    manifest,
    folder,
    key: `datasets/${manifest.id}`,
  }
  return dataset
}

const numberOf = (pixels: Uint8Array) => pixels[0]! + 256 * pixels[1]!

/** The gray values of a PNG. */
const greyOf = (png: Uint8Array) =>
  PNG.sync.read(Buffer.from(png)).data.filter((_, i) => i % 4 === 0)

test('samples have the class, split, size and source of the image that their number leads to', async t => {
  const dataset = await convertPets(t, 60)
  const filter = { label: null, first: 0, end: 60 }
  const { samples, total, hasMore } = await listImages(dataset, { filter, from: 0, limit: 100 })
  assert.deepEqual([samples.length, total, hasMore], [60, 60, false])
  const found = new Set<number>()
  for (const sample of samples) {
    const { content } = await imageContent(dataset, { index: sample.index, asPng: false })
    const pixels = greyOf(content)
    const i = numberOf(pixels)
    found.add(i)
    const name = classes[i % 3]!
    assert.deepEqual(sample, {
      index: sample.index,
      label: dataset.manifest.labels.indexOf(name),
      class: name,
      split: splits[i % 5] ?? 'train',
      height: 2,
      width: 2,
      source: `pets.zip/a/${name.replace('/', '_')}/${i % 70}.png`,
    })
    assert.equal(pixels[2], i % 3)
  }
  assert.equal(found.size, 60)
})

test('a class and a split are filtered together, and pages follow each other', async t => {
  const dataset = await convertPets(t, 60)
  const range = splitRange(dataset.manifest, 'val')!
  assert.equal(range.end - range.first, 12)
  const filter = { label: dataset.manifest.labels.indexOf('dog'), ...range }
  const all = await listImages(dataset, { filter, from: 0, limit: 50 })
  assert.equal(all.total, 4)
  assert.ok(all.samples.every(sample => sample.class === 'dog' && sample.split === 'val'))
  const first = await listImages(dataset, { filter, from: range.first, limit: 3 })
  assert.ok(first.hasMore)
  const from = first.samples.at(-1)!.index + 1
  const rest = await listImages(dataset, { filter, from, limit: 3 })
  assert.deepEqual([...first.samples, ...rest.samples], all.samples)
  assert.equal(rest.hasMore, false)
  assert.equal(splitRange(dataset.manifest, 'none'), null)
})

test('a contact sheet of a split has its images only', async t => {
  const dataset = await convertPets(t, 60)
  const range = splitRange(dataset.manifest, 'test')!
  const layout = { filter: { label: null, ...range }, columns: 9, rows: 3, cell: 8 }
  const { rows, cells } = await layOut(dataset, layout)
  assert.equal(rows, 3)
  assert.equal(cells.length, 12)
  assert.ok(cells.every(({ index }) => index >= range.first && index < range.end))
  assert.ok(cells.every(({ row, label }) => row === label))
})

test('a data set without an index is scanned, and has the same images', async t => {
  const dataset = await convertPets(t, 30)
  const filter = { label: 2, first: 0, end: 30 }
  const input = { filter, from: 0, limit: 100 }
  const { samples } = await listImages(dataset, input)
  const { index: _, ...older } = dataset.manifest
  const scanned = await listImages({ ...dataset, manifest: older, key: 'datasets/older' }, input)
  assert.deepEqual(
    scanned.samples,
    samples.map(sample => ({ ...sample, source: null })),
  )
})

test('a damaged index is named', async t => {
  const dataset = await convertPets(t, 6)
  const path = join(dataset.folder, 'index.arrow')
  const content = await readFile(path)
  content[200]! ^= 1
  const input = { filter: { label: null, first: 0, end: 6 }, from: 0, limit: 10 }
  await writeFile(path, content)
  await assert.rejects(listImages(dataset, input), /index\.arrow does not match its checksum/)
  await rm(path)
  await assert.rejects(listImages(dataset, input), /index\.arrow is missing/)
})

test('the files of a zip keep their names, unless a folder would have one twice', async t => {
  const dataset = await convertPets(t, 300)
  const files = await unzip(await bytesOf(folderZip(dataset)))
  assert.equal(files.size, 300)
  const lowered = new Set([...files.keys()].map(name => name.toLowerCase()))
  assert.equal(lowered.size, 300)
  for (const [name, content] of files) {
    const pixels = greyOf(content)
    const i = numberOf(pixels)
    const folder = `${splits[i % 5] ?? 'train'}/${classes[i % 3]!.replace('/', '_')}`
    assert.match(name, new RegExp(`^${folder}/${i % 70}(~\\d+)?\\.png$`))
  }
  assert.ok([...files.keys()].some(name => !name.includes('~')))
})

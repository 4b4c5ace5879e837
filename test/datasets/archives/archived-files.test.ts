import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type ConversionResult, convert } from '../../../src/datasets/conversion.js'
import { type UploadForm, validateForm } from '../../../src/datasets/form.js'
import { defaultLimits } from '../../../src/datasets/limits.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { fixture, mnistSlice } from '../uploads.js'
import { tarFile } from './tar-writer.js'
import { pngOf } from './trees.js'
import { zipFile } from './zip-writer.js'

const root = await tempFolder({ after })

/** Converts an upload in this process. */
async function convertFiles(
  files: Record<string, Uint8Array>,
  form: UploadForm = {},
): Promise<ConversionResult> {
  const folder = await mkdtemp(join(root, 'set-'))
  const scratch = await mkdtemp(join(root, 'upload-'))
  const uploaded = []
  for (const [name, content] of Object.entries(files)) {
    const path = join(scratch, String(uploaded.length))
    await writeFile(path, content)
    uploaded.push({ name, path, clientPath: name })
  }
  const task = { files: uploaded, form: validateForm(form), folder, scratch, limits: defaultLimits }
  return convert(task)
}

const codes = ({ notes }: ConversionResult) => (notes ?? []).map(({ code }) => code)

/** A frame of Zstandard that stores its content. */
function zstdStored(content: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from('28b52ffd0058', 'hex')]
  for (let at = 0; at < content.length; at += 100_000) {
    const block = content.subarray(at, at + 100_000)
    const header = Buffer.alloc(3)
    header.writeUIntLE((block.length << 3) | (at + 100_000 >= content.length ? 1 : 0), 0, 3)
    parts.push(header, block)
  }
  return Buffer.concat(parts)
}

const flowers = ['train/roses', 'train/tulips', 'test/roses', 'test/tulips'].flatMap((folder, at) =>
  [1, 2].map(n => ({ name: `flowers/${folder}/${n}.png`, content: pngOf(40 * at + n) })),
)

test('a zip and a tar of folders become the same images, in splits', async () => {
  const zip = await convertFiles({ 'flowers.zip': zipFile(flowers) })
  assert.ok(zip.kind === 'images')
  assert.deepEqual(zip.labels, ['roses', 'tulips'])
  assert.deepEqual(zip.classCounts, [4, 4])
  assert.deepEqual(
    zip.splits?.map(({ name, records }) => [name, records]),
    [
      ['train', 4],
      ['test', 4],
    ],
  )
  assert.ok(codes(zip).includes('labels_from_folders'))
  const tar = tarFile(flowers)
  for (const content of [tar, zstdStored(tar)]) {
    const same = await convertFiles({ 'flowers.tar': content })
    assert.equal(same.id, zip.id)
  }
  const loose = Object.fromEntries(flowers.map(({ name, content }) => [name, content]))
  assert.equal((await convertFiles(loose)).id, zip.id)
})

test('files of one kind in an archive are opened as if they had been sent themselves', async () => {
  const csv = Buffer.from('a,b\n1,2\n3,4\n')
  const alone = await convertFiles({ 'a.csv': csv })
  const zipped = await convertFiles({
    'a.zip': zipFile([
      { name: 'data/a.csv', content: csv },
      { name: 'README.md', content: '# x' },
    ]),
  })
  assert.deepEqual([zipped.id, zipped.kind, zipped.records], [alone.id, 'table', 2])
  assert.ok(codes(zipped).includes('files_passed_over'))
  assert.equal(
    (await convertFiles({ 'a.tar': tarFile([{ name: 'a.csv', content: csv }]) })).id,
    alone.id,
  )
  assert.equal((await convertFiles({ 'a.csv.zst': zstdStored(csv) })).id, alone.id)

  const records = await fixture('grey-8x8.tfrecord')
  const images = await convertFiles({ a: records })
  const inTar = tarFile([
    { name: 'x/part-0.tfrecord', content: zstdStored(records) },
    { name: 'x/notes.txt', content: 'about them' },
  ])
  const read = await convertFiles({ 'a.tar': inTar })
  assert.equal(read.id, images.id)
  assert.ok(codes(read).includes('files_passed_over'))

  const { images: pixels, labels } = await mnistSlice(10)
  const pair = zipFile([
    { name: 'train-images-idx3-ubyte.gz', content: gzipSync(pixels!) },
    { name: 'train-labels-idx1-ubyte.gz', content: gzipSync(labels!) },
  ])
  const mnist = await convertFiles({ 'mnist.zip': pair })
  assert.equal(mnist.records, 10)
})

test('an error in a file of an archive names both', async () => {
  const zip = (name: string, content: Uint8Array) => ({ 'a.zip': zipFile([{ name, content }]) })
  await assert.rejects(convertFiles(zip('x/b.csv', Buffer.from('a,b\n1\n'))), {
    message: /^a\.zip\/x\/b\.csv: line 2/,
  })
  const compressed = gzipSync(zipFile([{ name: 'a.csv', content: 'a,b\n1,2\n' }]))
  await assert.rejects(convertFiles(zip('b.gz', compressed)), {
    code: 'DATASET_FORMAT',
    message: /^a\.zip: b\.gz: the file is a zip archive within the archive/,
  })
  await assert.rejects(convertFiles(zip('b.zst', zstdStored(pngOf(1)))), {
    code: 'DATASET_FORMAT',
    message: /within a compressed file is not unpacked/,
  })
  await assert.rejects(convertFiles({ 'a.zip': zipFile([{ name: 'README', content: 'x' }]) }), {
    code: 'DATASET_EMPTY',
    message: /^a\.zip: there is nothing in it that can be read/,
  })
})

test('an image that is damaged is named with its entry, or left out', async () => {
  const damaged = [
    ...flowers,
    { name: 'flowers/train/roses/x.jpg', content: Buffer.from('no image') },
  ]
  const wrong = [...damaged, { name: 'flowers/test/roses/y.png', content: pngOf(9), checksum: 1 }]
  await assert.rejects(
    convertFiles({ 'f.zip': zipFile(wrong) }),
    (error: Error & { errors: object[] }) => {
      assert.match(error.message, /f\.zip: flowers\/train\/roses\/x\.jpg: the file is none of PNG/)
      assert.match(error.message, /f\.zip: flowers\/test\/roses\/y\.png: the entry is damaged/)
      return error.errors.length === 2
    },
  )
  const form = { onError: 'skip', maxSkipped: '0.5' }
  const read = await convertFiles({ 'f.zip': zipFile(wrong) }, form)
  assert.deepEqual([read.records, read.skipped?.records], [8, 2])
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { UploadForm } from '../../../src/datasets/form.js'
import { openImageIndex } from '../../../src/datasets/images/image-index.js'
import type { ImagesManifest } from '../../../src/spec/dataset.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { tarFile } from '../archives/tar-writer.js'
import { pngOf } from '../archives/trees.js'
import { zipFile } from '../archives/zip-writer.js'
import { convertFiles } from '../convert-files.js'
import { deriveHere, refusals } from '../derived/derive-here.js'

const root = await tempFolder({ after })

const count = 120
const numbers = Array.from({ length: count }, (_, n) => n)
const patientOf = (n: number) => `p${n % 17}`
const dayOf = (n: number) =>
  new Date(Date.UTC(2020, 0, 1 + ((n * 37) % count))).toISOString().slice(0, 10)
const images = numbers.map(n => ({ name: `img/${n}.png`, content: pngOf(n) }))
const csv = `file,label,patient,date\n${numbers.map(n => `${n}.png,${n % 2 ? 'ill' : 'well'},${patientOf(n)},${dayOf(n)}\n`).join('')}`
const files = { 'a.zip': zipFile(images), 'labels.csv': Buffer.from(csv) }

async function upload(content: Record<string, Uint8Array>, form: UploadForm = {}) {
  const { result, folder } = await convertFiles(root, content, form)
  assert.ok(result.kind === 'images')
  const manifest: ImagesManifest = { ...result, name: 'x', createdAt: '2026-01-01T00:00:00.000Z' }
  return {
    manifest,
    folder,
    notes: (result.notes ?? []).map(({ code, message }) => `${code}: ${message}`),
  }
}

/** The values of a field, by the split of their images. */
async function valuesBySplit(
  { manifest, folder }: Pick<Awaited<ReturnType<typeof upload>>, 'manifest' | 'folder'>,
  field: string,
) {
  const values: Record<string, string[]> = {}
  const index = await openImageIndex(join(folder, manifest.index!.name))
  for await (const { shard, fields, source } of index.rows()) {
    const split = manifest.shards[shard]!.split ?? ''
    const n = Number(/(\d+)\.\w+$/.exec(source)![1])
    const found = JSON.parse(fields)
    assert.equal(found.patient, patientOf(n), source)
    values[split] ??= []
    values[split].push(found[field])
  }
  await index.close()
  return values
}

const disjoint = (values: Record<string, string[]>) => {
  const sets = Object.values(values).map(list => new Set(list))
  const all = new Set(sets.flatMap(set => [...set]))
  assert.equal(
    all.size,
    sets.reduce((sum, set) => sum + set.size, 0),
    'a group is in two splits',
  )
  return all.size
}

test('images are divided by groups of a column of their list of labels, and no group is in two splits', async () => {
  for (const seed of [1, 2, 3]) {
    const splits = JSON.stringify({ val: 0.2, test: 0.1, by: 'group', column: 'patient', seed })
    const found = await upload(files, { splits })
    const values = await valuesBySplit(found, 'patient')
    assert.deepEqual(Object.keys(values).sort(), ['test', 'train', 'val'])
    assert.equal(disjoint(values), 17)
    // shares are those of the 17 groups
    assert.deepEqual(
      ['val', 'test'].map(name => new Set(values[name]).size),
      [3, 2],
    )
    const sized = found.manifest.splits!.map(
      ({ name, records }) =>
        `${name} has ${records} images of ${new Set(values[name]).size} values`,
    )
    assert.ok(
      found.notes.some(
        note =>
          note ===
          `divided_by_values: the images are divided by 17 values of 'patient': ${sized.join(', ')}`,
      ),
      found.notes.join('\n'),
    )
    assert.ok(found.notes.some(note => /^image_fields_kept: .*'patient', 'date'/.test(note)))
  }
})

test('a data set of images is divided by time, with the last images in the last split', async () => {
  const whole = await upload(files)
  const derived = await deriveHere(root, whole, [
    { kind: 'split', shares: { val: 0.25, test: 0.25 }, by: 'time', column: 'date' },
  ])
  const values = await valuesBySplit(derived, 'date')
  const { train = [], val = [], test: last = [] } = values
  assert.deepEqual([train.length, val.length, last.length], [60, 30, 30])
  const sorted = [train, val, last].map(list => list.toSorted())
  assert.ok(sorted[0]!.at(-1)! < sorted[1]![0]!)
  assert.ok(sorted[1]!.at(-1)! < sorted[2]![0]!)
  assert.match(derived.notes.join('\n'), /test has 30 images from 2020-03-31 on/)
  // the fields are kept, so that it can be divided again
  const again = await deriveHere(root, derived, [
    { kind: 'split', shares: { val: 0.3 }, by: 'group', column: 'patient' },
  ])
  assert.equal(disjoint(await valuesBySplit(again, 'patient')), 17)
})

test('JSON beside the images has their groups, in shards of WebDataset and in folders of classes', async () => {
  const json = (n: number, more: object = {}) =>
    Buffer.from(JSON.stringify({ patient: patientOf(n), boxes: [1], ...more }))
  const shard = numbers.flatMap(n => [
    { name: `${n}.png`, content: pngOf(n) },
    { name: `${n}.cls`, content: Buffer.from(String(n % 2)) },
    { name: `${n}.json`, content: json(n) },
  ])
  const labelled = numbers.flatMap(n => [
    { name: `${n}.png`, content: pngOf(n) },
    { name: `${n}.json`, content: json(n, { label: n % 2 ? 'ill' : 'well' }) },
  ])
  const folders = numbers.flatMap(n => [
    { name: `${n % 2 ? 'ill' : 'well'}/${n}.png`, content: pngOf(n) },
    { name: `${n % 2 ? 'ill' : 'well'}/${n}.json`, content: json(n) },
  ])
  const splits = '{"val":0.3,"by":"group","column":"patient"}'
  for (const archive of [tarFile(shard), tarFile(labelled), zipFile(folders)]) {
    const found = await upload({ archive }, { splits })
    assert.equal(disjoint(await valuesBySplit(found, 'patient')), 17)
  }
})

test('an upload without the column, or with images that lack it, is refused with the cure', async () => {
  const form = { splits: '{"val":0.3,"by":"group","column":"subject"}' }
  await assert.rejects(upload(files, form), {
    code: 'DATASET_FORM',
    message:
      /the images have no 'subject', but 'date', 'patient': give each image one: in a CSV or JSON Lines with the columns file, label and subject/,
  })
  const some = { ...files, 'labels.csv': Buffer.from(csv.replace(',p3,', ',,')) }
  await assert.rejects(upload(some, { splits: '{"val":0.3,"by":"group","column":"patient"}' }), {
    message: /1 of 120 images have no 'patient', such as a\.zip\/img\/3\.png: give each/,
  })
  const bare = {
    'a.zip': zipFile(images.map(({ content }, n) => ({ name: `${n % 2}/${n}.png`, content }))),
  }
  await assert.rejects(upload(bare, form), {
    message: /the images have no 'subject', nor any other value/,
  })
  const whole = await upload(files)
  const refused = (step: object) =>
    refusals(root, whole, [{ kind: 'split', shares: { val: 0.3 }, ...step }])
  assert.match(
    (await refused({ by: 'time', column: 'patient' })).join(),
    /'patient' is 'p\d+', expected a number or an ISO 8601 date/,
  )
  assert.match(
    (await refused({ by: 'group' })).join(),
    /column required: by group needs the column of the groups, such as patient/,
  )
  assert.match((await refused({ by: 'class', column: 'patient' })).join(), /column contradiction/)
  const one = { ...files, 'labels.csv': Buffer.from(csv.replace(/,p\d+,/g, ',p,')) }
  await assert.rejects(upload(one, { splits: '{"val":0.3,"by":"group","column":"patient"}' }), {
    message:
      /there would be no image in the split '(train|val)' of 120 images with 1 values of 'patient'/,
  })
})

test('equal images of two groups may be in two splits, which a note counts', async () => {
  const same = zipFile(images.map(({ name }, n) => ({ name, content: pngOf(n < 17 ? 0 : n) })))
  const splits = '{"val":0.4,"by":"group","column":"patient"}'
  const found = await upload({ ...files, 'a.zip': same }, { splits })
  assert.equal(disjoint(await valuesBySplit(found, 'patient')), 17)
  assert.match(
    found.notes.join('\n'),
    /duplicates_across_splits: \d+ images are equal to one in another split/,
  )
})

test('what is said of images is part of their identity, and what cannot be kept is named', async () => {
  const plain = await upload({
    ...files,
    'labels.csv': Buffer.from(csv.replaceAll(/,p\d+,.*$/gm, '').replace(',patient,date', '')),
  })
  const grouped = await upload(files)
  const others = await upload({
    ...files,
    'labels.csv': Buffer.from(csv.replaceAll(',p1,', ',p2,')),
  })
  assert.equal(new Set([plain, grouped, others].map(({ manifest }) => manifest.id)).size, 3)
  const reversed = csv.trimEnd().split('\n')
  const order = [reversed[0], ...reversed.slice(1).reverse()].join('\n')
  const again = await upload({ ...files, 'labels.csv': Buffer.from(order) })
  assert.equal(again.manifest.id, grouped.manifest.id)
  const index = await openImageIndex(join(plain.folder, plain.manifest.index!.name))
  assert.equal(index.hasFields, false)
  await index.close()

  const long = csv.replace(',p5,', `,${'p'.repeat(300)},`)
  const twice = `${csv}0.png,well,p0,1999-01-01\n`
  const left = await upload({ ...files, 'labels.csv': Buffer.from(long) })
  assert.match(
    left.notes.join('\n'),
    /image_fields_left_out: .*'patient' is left out: these fields have values of more than 200/,
  )
  const different = await upload({ ...files, 'labels.csv': Buffer.from(twice) })
  assert.match(
    different.notes.join('\n'),
    /image_fields_left_out: .*'date' is left out: these fields have different values for one image/,
  )
})

test('what JSON files beside images say is not passed over, and what cannot be kept of it is told', async () => {
  const json = (patient: string) =>
    Buffer.from(JSON.stringify({ patient, boxes: [[1, 2]], ['n'.repeat(200)]: 1, nothing: null }))
  const found = await upload({
    'a.zip': zipFile([
      ...['cat/1', 'dog/2'].flatMap((name, n) => [
        { name: `${name}.png`, content: pngOf(n) },
        { name: `${name}.json`, content: json(`p${n}`) },
      ]),
      { name: 'cat/caption.txt', content: Buffer.from('a cat') },
    ]),
  })
  const notes = found.notes.join('\n')
  assert.match(notes, /image_fields_kept: .*: 'patient'$/m)
  assert.match(notes, /files_passed_over: files that are no images were passed over: 1, /)
  assert.match(notes, /image_fields_left_out: .* in 'boxes' is left out: .* have lists or objects/)
  assert.match(
    notes,
    /image_fields_left_out: .* in 'n{128}…' is left out: .* more than 128 characters/,
  )
})

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { tempFolder } from '../../../testing/temp-folder.js'
import { tarFile } from './tar-writer.js'
import { describeImages, pngOf, readTree } from './trees.js'
import { zipFile } from './zip-writer.js'

const root = await tempFolder({ after })

const image = pngOf(7)

/** A zip with an image at each path, and other files. */
const zipOf = (paths: string[], others: Record<string, string> = {}) =>
  zipFile([
    ...paths.map(name => ({ name, content: image })),
    ...Object.entries(others).map(([name, content]) => ({ name, content })),
  ])

const layoutOf = async (...zip: Parameters<typeof zipOf>) =>
  describeImages(await readTree(root, { 'a.zip': zipOf(...zip) }))

const refused = (files: Record<string, Uint8Array>, message: RegExp, labels?: string[]) =>
  assert.rejects(readTree(root, files, { ...(labels && { labels }) }), { message })

test('one folder for each class is read, below any common folders', async () => {
  const expected = ['roses/1.png: roses', 'tulips/2.png: tulips']
  assert.deepEqual(await layoutOf(['roses/1.png', 'tulips/2.png']), expected)
  assert.deepEqual(
    await layoutOf(['data/flowers/roses/1.png', 'data/flowers/tulips/2.png']),
    expected.map(line => `data/flowers/${line}`),
  )
  const read = await readTree(root, { 'a.zip': zipOf(['b/1.png', 'a/2.png', 'B2/3.png']) })
  assert.deepEqual(read.classNames, ['B2', 'a', 'b'])
  assert.match(read.notes, /taken as their classes, such as 'b' of 'b'/)
})

test('folders of splits are read above the classes, below them, and as an archive of their own', async () => {
  const splits = ['a/1.png: a in train', 'b/2.png: b in train', 'a/3.png: a in test']
  const above = ['x/train/a/1.png', 'x/train/b/2.png', 'x/test/a/3.png']
  assert.deepEqual(
    await layoutOf(above),
    splits.map((line, at) => `${above[at]!.slice(0, -'a/1.png'.length)}${line}`),
  )
  assert.deepEqual(await layoutOf(['a/train/1.png', 'a/valid/2.png', 'b/train/3.png']), [
    'a/train/1.png: a in train',
    'a/valid/2.png: a in val',
    'b/train/3.png: b in train',
  ])
  const files = {
    '1.zip': zipOf(['Training/a/1.png', 'Training/b/2.png']),
    '2.zip': zipOf(['Testing/a/3.png', 'Testing/b/4.png']),
  }
  assert.deepEqual(describeImages(await readTree(root, files)), [
    'Training/a/1.png: a in train',
    'Training/b/2.png: b in train',
    'Testing/a/3.png: a in test',
    'Testing/b/4.png: b in test',
  ])
})

test('a single split divides nothing, and classes may have the names of splits', async () => {
  assert.deepEqual(await layoutOf(['train/a/1.png', 'train/b/2.png']), [
    'train/a/1.png: a',
    'train/b/2.png: b',
  ])
  assert.deepEqual(await layoutOf(['car/1.png', 'train/2.png']), [
    'car/1.png: car',
    'train/2.png: train',
  ])
})

test('folders below a class belong to it, which a note says', async () => {
  const read = await readTree(root, { 'a.zip': zipOf(['a/x/1.png', 'a/y/2.png', 'b/3.png']) })
  assert.deepEqual(read.classNames, ['a', 'b'])
  assert.ok(read.codes.includes('folders_within_classes'))
})

test('images without clear classes are refused with the cure', async () => {
  await refused(
    { 'a.zip': zipOf(['photos/1.png', 'photos/2.png']) },
    /^a\.zip: all 2 images are in one folder, 'photos', so nothing tells their classes/,
  )
  await refused({ 'a.zip': zipOf(['1.png', '2.png']) }, /all 2 images are beside each other/)
  const only = await readTree(root, { 'a.zip': zipOf(['photos/1.png']) }, { labels: ['photos'] })
  assert.deepEqual(describeImages(only), ['photos/1.png: photos'])
  await refused({ 'a.zip': zipOf(['train/1.png', 'test/2.png']) }, /images in 'train' itself/)
  await refused(
    { 'a.zip': zipOf(['train/a/1.png', 'test/a/2.png', 'docs/3.png']) },
    /'train', 'test' look like splits, but 'docs' beside them is none/,
  )
  await refused(
    { 'a.zip': zipOf(['f/cover.png', 'f/a/1.png', 'f/b/1.png']) },
    /a\.zip: f\/cover\.png: the image is beside the folders of the classes/,
  )
})

test('classes that differ only in case or Unicode form are refused with both names', async () => {
  await refused(
    { 'a.zip': zipOf(['Roses/1.png', 'roses/2.png']) },
    /the classes "Roses" and "roses" differ only in case/,
  )
  const composed = zipOf(['caf\u00e9/1.png'])
  const decomposed = zipOf(['cafe\u0301/2.png', 'tea/3.png'])
  const read = await readTree(root, { '1.zip': composed, '2.zip': decomposed })
  assert.deepEqual(read.classNames, ['caf\u00e9', 'tea'])
  await refused({ 'a.zip': zipOf(['stra\u00dfe/1.png', 'STRASSE/2.png']) }, /differ only in case/)
})

test('the form field labels orders the classes, and refuses others', async () => {
  const read = await readTree(
    root,
    { 'a.zip': zipOf(['a/1.png', 'b/1.png']) },
    { labels: ['b', 'a', 'c'] },
  )
  assert.deepEqual(read.classNames, ['b', 'a', 'c'])
  await refused(
    { 'a.zip': zipOf(['a/1.png', 'x/1.png', 'y/1.png']) },
    /the class "x" is none of the 1 .*; .*the class "y"/,
    ['a'],
  )
})

test('a CSV or JSON Lines in the archive names the labels', async () => {
  const images = ['img/1.png', 'img/2.png', 'img/3.png']
  const expected = ['img/1.png: cat', 'img/2.png: dog', 'img/3.png: cat']
  const csvs = [
    'file,label\n1.png,cat\n2.png,dog\n3.png,cat\n',
    '\ufefffilename;class\r\n"1.png";"cat"\r\n2.png;dog\r\n3.png;cat\r\n',
    'id\tbreed\n1\tcat\n2\tdog\n3\tcat\n',
    'img/1.png,cat\nimg/2.png,dog\nimg/3.png,cat\n',
    'label,image\ncat,/home/me/img/1.png\ndog,img\\2.png\ncat,img/3.png\n',
    '{"file_name": "1.png", "label": "cat"}\n{"file_name":"2","label":"dog"}\n\n{"file_name":"img/3.png","label":"cat"}',
  ]
  for (const csv of csvs) {
    assert.deepEqual(await layoutOf(images, { 'labels.csv': csv }), expected, csv)
  }
  const loose = { 'a.zip': zipOf(images), 'labels.csv': Buffer.from(csvs[0]!) }
  assert.deepEqual(describeImages(await readTree(root, loose)), expected)
})

test('labels of a column may be numbers, and a column may say the splits', async () => {
  const csv = 'path,split,label\n1.png,train,3\n2.png,Test,0\n3.png,dev,1\n'
  const read = await readTree(root, {
    'a.zip': zipOf(['1.png', '2.png', '3.png'], { 'l.csv': csv }),
  })
  assert.deepEqual(describeImages(read), [
    '1.png: 3 in train',
    '2.png: 0 in test',
    '3.png: 1 in val',
  ])
  assert.equal(read.classNames, null)
  assert.match(
    read.notes,
    /'path' names the images, and 'label' their labels; 'split' divides them/,
  )
})

test('images without a label and labels without an image are all named', async () => {
  const csv = 'file,label\n1.png,a\n9.png,b\n8.png,b\n2.png,\n3.png,b\n3.png,a\n'
  const zip = zipOf(['1.png', '2.png', '3.png', '4.png'], { 'l.csv': csv })
  await assert.rejects(readTree(root, { 'a.zip': zip }), (error: Error & { errors: unknown[] }) => {
    assert.match(error.message, /a\.zip: l\.csv: line 3: there is no image "9\.png"/)
    assert.match(error.message, /line 4: there is no image "8\.png"/)
    assert.match(error.message, /line 5: the row has no label/)
    assert.match(error.message, /line 7: "3\.png" has two labels, "b" and "a"/)
    assert.match(error.message, /a\.zip: 4\.png: no row of the labels names the image/)
    return error.errors.length === 5
  })
  const skipped = await readTree(root, { 'a.zip': zip }, { skip: true })
  assert.deepEqual([describeImages(skipped), skipped.skipped], [['1.png: a'], 5])
})

test('a name that fits two images is refused, and one with its folder is not', async () => {
  const images = ['x/1.png', 'y/1.png']
  await refused(
    { 'a.zip': zipOf(images, { 'l.csv': 'file,label\n1.png,a\ny/1.png,b\n' }) },
    /"1\.png" may be 'x\/1\.png' or 'y\/1\.png': write the folder/,
  )
  assert.deepEqual(await layoutOf(images, { 'l.csv': 'file,label\nx/1,a\ny/1.png,b\n' }), [
    'x/1.png: a',
    'y/1.png: b',
  ])
  // Hugging Face's metadata in each folder
  const metadata = (label: string) => `{"file_name":"1.png","label":"${label}"}\n`
  assert.deepEqual(
    await layoutOf(['train/1.png', 'test/1.png'], {
      'train/metadata.jsonl': metadata('a'),
      'test/metadata.jsonl': metadata('b'),
    }),
    ['train/1.png: a in train', 'test/1.png: b in test'],
  )
})

test('shards of a WebDataset are read with labels of cls, json and txt', async () => {
  const shard = (labels: Record<string, string>, ending: string) =>
    tarFile(
      Object.entries(labels).flatMap(([key, label]) => [
        { name: `${key}.jpg`, content: image },
        { name: `${key}.${ending}`, content: label },
      ]),
    )
  const two = { '0.tar': shard({ a0: '1', a1: '0' }, 'cls'), '1.tar': shard({ a0: '2\n' }, 'cls') }
  assert.deepEqual(describeImages(await readTree(root, two)), [
    'a0.jpg: 1',
    'a1.jpg: 0',
    'a0.jpg: 2',
  ])
  const json = { '0.tar': shard({ a: '{"label":"cat","size":3}', b: '{"label":"dog"}' }, 'json') }
  const read = await readTree(root, json)
  assert.deepEqual(
    [describeImages(read), read.classNames],
    [
      ['a.jpg: cat', 'b.jpg: dog'],
      ['cat', 'dog'],
    ],
  )
  const inFolders = {
    '0.tar': shard({ 'x/a': '{"label":"cat"}', 'y/b': '{"label":"dog"}' }, 'json'),
  }
  assert.deepEqual(describeImages(await readTree(root, inFolders)), [
    'x/a.jpg: cat',
    'y/b.jpg: dog',
  ])
  const captions = { '0.tar': shard({ 'x/a': 'one cat', 'y/b': 'a dog' }, 'txt') }
  assert.deepEqual(describeImages(await readTree(root, captions)), ['x/a.jpg: x', 'y/b.jpg: y'])
  const text = { '0.tar': shard({ 'x/a': 'cat\n', 'x/b': 'dog' }, 'txt') }
  assert.deepEqual(describeImages(await readTree(root, text)), ['x/a.jpg: cat', 'x/b.jpg: dog'])
  await refused({ '0.tar': shard({ a: '0 0.5 0.5 0.1 0.1' }, 'txt') }, /a\.txt: the file has boxes/)
  const broken = tarFile([
    { name: 'a.jpg', content: image },
    { name: 'a.cls', content: '1' },
    { name: 'b.jpg', content: image },
    { name: 'c.cls', content: '1' },
  ])
  await refused(
    { '0.tar': broken },
    /0\.tar: c\.cls: the sample has no image; 0\.tar: b\.jpg: the sample has no label: there is no b\.cls/,
  )
})

test('what systems and authors leave in folders is passed over, and other files too, with a note', async () => {
  const junk = {
    '__MACOSX/a/._1.png': 'x',
    '.DS_Store': 'x',
    'a/Thumbs.db': 'x',
    'b/desktop.ini': 'x',
    'README.md': '# x',
    'LICENSE.txt': 'x',
    'a/@eaDir/1.png': 'x',
    'notes.txt': 'about the photos',
    'model.bin': '\u0000\u0001',
  }
  const read = await readTree(root, { 'a.zip': zipOf(['a/1.png', 'b/2.png'], junk) })
  assert.deepEqual(describeImages(read), ['a/1.png: a', 'b/2.png: b'])
  assert.match(read.notes, /leave in folders were passed over: 7, such as '__MACOSX\/a\/\._1\.png'/)
  assert.match(read.notes, /no images were passed over: 1, such as 'model\.bin'/)
  assert.match(read.notes, /no images were passed over: 1, such as 'notes\.txt'/)
})

test('loose images are read with the folders of their names', async () => {
  const read = await readTree(root, {
    'f/roses/1.png': image,
    'f/tulips/1.png': image,
    'f/.DS_Store': image,
  })
  assert.deepEqual(describeImages(read), ['f/roses/1.png: roses', 'f/tulips/1.png: tulips'])
  await refused({ '../a/1.png': image, 'b/1.png': image }, /the name leads elsewhere by/)
})

import assert from 'node:assert/strict'
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { PNG } from 'pngjs'
import type { Response } from 'supertest'
import { Client } from '../../../src/client/client.js'
import { eventually } from '../../../testing/eventually.js'
import {
  idxFiles,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'

let server: TestServer
let shades: { id: string; records: number }
let table: { id: string; records: number }
before(async () => {
  server = await startServer()
  shades = await uploadDataset(server, 'shades', 40)
  const answer = await server.api
    .post('/datasets')
    .field('name', 'stones')
    .field('schema', '{"id":"text","size":"number"}')
    .attach('file', Buffer.from(csv), 'stones.csv')
  assert.equal(answer.status, 201, answer.text)
  table = answer.body
})
after(() => server.close())

const csv = [
  'size,count,colour,ok,id',
  '0.1,1,red,true,a',
  ',2,blue,false,b',
  '2.5,3,"NA",,c',
  '-4,,red,true,d',
  '1e10,5,red,true,e',
].join('\n')

const get = (path: string) => server.api.get(path)

/** Bytes of a binary answer. */
const bytes = async (path: string) => {
  const answer = await get(path).buffer(true).parse(collect)
  assert.equal(answer.status, 200, answer.body.toString())
  return { headers: answer.headers, body: answer.body as Buffer }
}

function collect(response: Response, done: (error: Error | null, body: Buffer) => void) {
  const chunks: Buffer[] = []
  const stream = response as unknown as NodeJS.ReadableStream
  stream.on('data', chunk => chunks.push(chunk))
  stream.on('end', () => done(null, Buffer.concat(chunks)))
}

async function allSamples(query = ''): Promise<{ index: number; class: string; url: string }[]> {
  const items = []
  for (let cursor = '', pages = 0; pages < 50; pages++) {
    const { status, body, text } = await get(`/datasets/shades/samples?limit=7${query}${cursor}`)
    assert.equal(status, 200, text)
    items.push(...body.items)
    if (body.nextCursor === null) return items
    assert.equal(body.items.length, 7)
    cursor = `&cursor=${body.nextCursor}`
  }
  throw new Error('the pages do not end')
}

test('the samples of all pages are all images, once each, in order', async () => {
  const items = await allSamples()
  assert.deepEqual(
    items.map(({ index }) => index),
    Array.from({ length: 40 }, (_, i) => i),
  )
  assert.equal((await get('/datasets/shades/samples')).body.total, 40)
})

test('an image has the pixels that were uploaded, and those of its class', async () => {
  const { images } = idxFiles(40)
  const uploaded = new Set<string>()
  for (let i = 0; i < 40; i++) {
    uploaded.add(`${i % 2}: ${images.subarray(16 + 16 * i, 32 + 16 * i).toString('hex')}`)
  }
  for (const { url, class: name } of await allSamples()) {
    const { body, headers } = await bytes(url)
    assert.equal(headers['content-type'], 'image/png')
    const { data, height, width } = PNG.sync.read(body)
    assert.deepEqual([height, width], [4, 4])
    const grey = Buffer.from(data.filter((_, i) => i % 4 === 0)).toString('hex')
    assert.ok(uploaded.delete(`${name}: ${grey}`), `${url} is another image`)
  }
  assert.equal(uploaded.size, 0)
})

test('samples are filtered by class', async () => {
  const items = await allSamples('&class=1')
  assert.equal(items.length, 20)
  assert.ok(items.every(item => item.class === '1'))
  assert.equal((await get('/datasets/shades/samples?class=1&limit=1')).body.total, 20)
})

test('a page begins at the index that `from` names', async () => {
  for (const dataset of ['shades', 'stones']) {
    const { body } = await get(`/datasets/${dataset}/samples?from=2&limit=2`)
    assert.deepEqual(
      body.items.map(({ index }: { index: number }) => index),
      [2, 3],
    )
    const both = await get(`/datasets/${dataset}/samples?from=2&cursor=${body.nextCursor}`)
    assert.equal(both.status, 400)
  }
})

test('a contact sheet of a class begins where `from` says', async () => {
  const ofClass = await allSamples('&class=1')
  const middle = ofClass[9]!.index
  const query = `class=1&columns=3&rows=1&from=${middle}`
  const sheet = await get(`/datasets/shades/contact-sheet/cells?${query}`)
  assert.deepEqual(
    sheet.body.cells.map(({ index }: { index: number }) => index),
    ofClass.slice(9, 12).map(({ index }) => index),
  )
  const first = await bytes('/datasets/shades/contact-sheet?class=1&columns=3&rows=1')
  const later = await bytes(`/datasets/shades/contact-sheet?${query}`)
  assert.notDeepEqual(later.body, first.body)
  assert.notEqual(later.headers.etag, first.headers.etag)
})

test('a class, split, column or cursor that the data set does not have is refused by name', async () => {
  const refused: [path: string, status: number, message: RegExp][] = [
    ['/datasets/shades/samples?class=bright', 422, /no class 'bright'; it has '0', '1'/],
    ['/datasets/shades/samples?split=val', 422, /no split 'val'; it has no splits/],
    ['/datasets/shades/samples?column=a', 422, /images have no columns/],
    ['/datasets/stones/samples?class=a', 422, /rows of a table have no class/],
    ['/datasets/stones/samples?column=sise', 422, /no column 'sise'; did you mean 'size'/],
    ['/datasets/shades/samples?cursor=abc', 422, /was not issued by this server/],
    ['/datasets/shades/samples?limit=0', 400, /limit/],
    ['/datasets/shades/samples?limit=1e9', 400, /limit/],
    ['/datasets/none/samples', 404, /no data set/],
    ['/datasets/shades/images/40', 404, /no image 40; it has 0 to 39/],
    ['/datasets/shades/images/-1', 404, /index/],
    ['/datasets/shades/images/9007199254740993', 404, /no image|index/],
    ['/datasets/shades/images/1.5', 404, /index/],
    ['/datasets/stones/images/0', 404, /it is a table/],
    ['/datasets/shades/contact-sheet?columns=100&rows=1000', 422, /100000 cells/],
    [
      '/datasets/shades/contact-sheet?columns=20&rows=100&cell=512',
      422,
      /pixels, expected at most/,
    ],
    ['/datasets/shades/contact-sheet?cell=1e308', 400, /cell/],
    ['/datasets/stones/contact-sheet', 422, /is a table, and no contact sheet/],
    ['/datasets/shades/histograms', 422, /has images, and no histograms/],
    ['/datasets/stones/columns/none/histogram', 422, /no column 'none'/],
    ['/datasets/stones/columns/size/histogram?bins=0', 400, /bins/],
  ]
  for (const [path, status, message] of refused) {
    const answer = await get(path)
    assert.ok(answer.status === status, `${path}: ${answer.text}`)
    assert.match(answer.body.detail, message, path)
  }
  const { body } = await get('/datasets/shades/samples?limit=1')
  const other = await get(`/datasets/stones/samples?cursor=${body.nextCursor}`)
  assert.equal(other.body.code, 'INVALID_CURSOR')
})

test('an image is kept for ever by the id of its data set, and asked for again by its name', async () => {
  const byId = await get(`/datasets/${shades.id}/images/3`)
  assert.equal(byId.headers['cache-control'], 'private, max-age=31536000, immutable')
  const byName = await get('/datasets/shades/images/3')
  assert.equal(byName.headers['cache-control'], 'private, no-cache')
  assert.equal(byName.headers.etag, byId.headers.etag)
  const again = await get('/datasets/shades/images/3').set('if-none-match', byId.headers.etag!)
  assert.equal(again.status, 304)
  assert.notEqual((await get('/datasets/shades/images/4')).headers.etag, byId.headers.etag)
  const head = await server.api.head('/datasets/shades/images/3')
  assert.deepEqual([head.status, head.headers.etag], [200, byId.headers.etag])
})

test('a contact sheet shows in each cell the image that its map names, by class', async () => {
  const { body: map } = await get('/datasets/shades/contact-sheet/cells?columns=3&cell=8')
  assert.deepEqual([map.rows, map.columns, map.cells.length], [2, 3, 6])
  const { body } = await bytes('/datasets/shades/contact-sheet?columns=3&cell=8')
  const sheet = PNG.sync.read(body)
  assert.deepEqual([sheet.height, sheet.width], [16, 24])
  for (const { row, column, index, class: name } of map.cells) {
    assert.equal(name, String(row), 'a row has the images of one class')
    const image = PNG.sync.read((await bytes(`/datasets/shades/images/${index}`)).body)
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) {
        const found = sheet.data[((8 * row + y) * 24 + 8 * column + x) * 4]
        // each pixel of the image covers two by two of the cell
        assert.equal(found, image.data[((y >> 1) * 4 + (x >> 1)) * 4])
      }
    }
  }
  const ofClass = await get('/datasets/shades/contact-sheet/cells?columns=3&rows=2&class=1')
  assert.deepEqual(
    ofClass.body.cells.map((cell: { class: string }) => cell.class),
    Array(6).fill('1'),
  )
})

test('PNG and JPEG are given as they are stored, and JPEG as PNG if asked for', async () => {
  const records = await readFile('test/datasets/fixtures/jpeg-grey.tfrecord')
  const uploaded = await server.api
    .post('/datasets')
    .field('name', 'photos')
    .attach('file', records, 'a')
  assert.equal(uploaded.status, 201, uploaded.text)
  const stored = await bytes('/datasets/photos/images/0')
  assert.equal(stored.headers['content-type'], 'image/jpeg')
  assert.ok(records.includes(stored.body), 'the bytes of the upload')
  const png = await bytes('/datasets/photos/images/0?format=png')
  assert.equal(png.headers['content-type'], 'image/png')
  const { height, width } = PNG.sync.read(png.body)
  assert.deepEqual([height, width], [uploaded.body.height, uploaded.body.width])
  assert.notEqual(png.headers.etag, stored.headers.etag)
  const sheet = PNG.sync.read(
    (await bytes('/datasets/photos/contact-sheet?columns=2&cell=32')).body,
  )
  assert.equal(sheet.width, 64)
})

test('rows come with their values and types, by page and column', async () => {
  const { body } = await get('/datasets/stones/samples')
  assert.deepEqual(body.items, [
    { index: 0, split: null, row: { size: 0.1, count: 1, colour: 'red', ok: true } },
    { index: 1, split: null, row: { size: null, count: 2, colour: 'blue', ok: false } },
    { index: 2, split: null, row: { size: 2.5, count: 3, colour: 'NA', ok: null } },
    { index: 3, split: null, row: { size: -4, count: null, colour: 'red', ok: true } },
    { index: 4, split: null, row: { size: 1e10, count: 5, colour: 'red', ok: true } },
  ])
  assert.deepEqual([body.textColumns, body.total, body.nextCursor], [['id'], 5, null])
  const first = await get('/datasets/stones/samples?column=ok&column=size&limit=3')
  assert.deepEqual(first.body.items[2], { index: 2, split: null, row: { size: 2.5, ok: null } })
  const next = await get(
    `/datasets/stones/samples?column=ok&limit=3&cursor=${first.body.nextCursor}`,
  )
  assert.deepEqual(next.body.items, [
    { index: 3, split: null, row: { ok: true } },
    { index: 4, split: null, row: { ok: true } },
  ])
})

test('histograms count all values of all columns', async () => {
  const { body } = await get('/datasets/stones/histograms?bins=4')
  const [size, count, colour, ok, id] = body.items
  assert.deepEqual(
    { ...size, edges: size.edges.length },
    { name: 'size', type: 'number', missing: 1, edges: 5, counts: [3, 0, 0, 1], countedRows: 5 },
  )
  assert.deepEqual([size.edges[0], size.edges[4]], [-4, 1e10])
  assert.deepEqual(count, {
    name: 'count',
    type: 'integer',
    missing: 1,
    edges: [1, 3, 5, 7],
    counts: [2, 1, 1],
    countedRows: 5,
  })
  assert.deepEqual(colour, {
    name: 'colour',
    type: 'category',
    missing: 0,
    categories: ['red', 'NA', 'blue'],
    counts: [3, 1, 1],
    others: { categories: 0, count: 0 },
  })
  assert.deepEqual(ok, { name: 'ok', type: 'boolean', missing: 1, false: 1, true: 3 })
  assert.deepEqual(id, { name: 'id', type: 'text', missing: 0, distinct: id.distinct })
  const one = await get('/datasets/stones/columns/colour/histogram?bins=1')
  assert.deepEqual(one.body.others, { categories: 2, count: 2 })
  const page = await get('/datasets/stones/histograms?limit=2')
  assert.deepEqual(
    page.body.items.map((item: { name: string }) => item.name),
    ['size', 'count'],
  )
  const rest = await get(`/datasets/stones/histograms?limit=9&cursor=${page.body.nextCursor}`)
  assert.deepEqual(
    rest.body.items.map((item: { name: string }) => item.name),
    ['colour', 'ok', 'id'],
  )
})

test('the client reads samples, images, sheets and histograms, and downloads', async () => {
  const client = new Client({ url: server.url, key: server.key, retryForMs: 0 })
  const page = await client.datasets.samples('stones', [
    ['column', 'ok'],
    ['column', 'count'],
    ['limit', '1'],
  ])
  assert.deepEqual(page.items, [{ index: 0, split: null, row: { count: 1, ok: true } }])
  assert.equal((await client.datasets.histograms('stones', { bins: '3' })).items.length, 5)
  assert.equal((await client.datasets.image('shades', 0)).type, 'image/png')
  const { image, map } = await client.datasets.contactSheet('shades', { columns: '4', cell: '16' })
  const sheet = PNG.sync.read(Buffer.from(await image.arrayBuffer()))
  assert.deepEqual([sheet.height, sheet.width], [16 * map.rows, 16 * map.columns])
  const csvFile = await client.datasets.download('stones', 'csv')
  assert.match(await csvFile.text(), /^"size","count","colour","ok"\r\n0\.1,1,"red",true\r\n/)
  await assert.rejects(client.datasets.samples('none'), /DATASET_NOT_FOUND/)
})

test('the preview process may be killed at any time: the next request starts another', async () => {
  const previews = server.deps.previews
  await get('/datasets/shades/samples')
  const pid = previews.pid!
  process.kill(pid, 'SIGKILL')
  await eventually('the end of the process', () => previews.pid === undefined)
  assert.equal((await get('/datasets/shades/samples')).status, 200)
  assert.notEqual(previews.pid, pid)
})

test('a damaged shard is named, and so is a table that does not match its checksum', async () => {
  const damage = async (id: string, change: (path: string) => Promise<void>) => {
    const folder = join(server.folder, 'data/datasets', id, 'shards')
    const [shard] = await readdir(folder)
    await change(join(folder, shard!))
    return shard!
  }
  const images = await uploadDataset(server, 'damaged', 30)
  const shard = await damage(images.id, async path => {
    const content = await readFile(path)
    content[50]! ^= 1
    await writeFile(path, content)
  })
  const image = await get('/datasets/damaged/images/0')
  assert.deepEqual([image.status, image.body.code], [409, 'DAMAGED'], image.text)
  assert.ok(
    image.body.detail.startsWith(`datasets/${images.id}/shards/${shard} is damaged at record 0`),
    image.text,
  )
  const part = await damage(table.id, path => appendFile(path, 'x'))
  const rows = await get('/datasets/stones/samples')
  assert.equal(rows.body.code, 'DAMAGED')
  assert.ok(rows.body.detail.startsWith(`datasets/${table.id}/shards/${part} does not match`))
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { eventually } from '../../../testing/eventually.js'
import {
  idxFiles,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { pngOf } from '../../datasets/archives/trees.js'

let server: TestServer
before(async () => {
  server = await startServer({ limits: { uploadIdleTimeoutMs: 300 } })
})
after(() => server.close())

/** Entries in the staging area. */
const leftovers = () => readdir(join(server.folder, 'data', '.staging')).catch(() => [])

const post = () => server.api.post('/datasets')
const images = 'train-images-idx3-ubyte'
const labels = 'train-labels-idx1-ubyte'

test('an upload creates a data set, and the same content returns the same one', async () => {
  const files = idxFiles(40)
  const first = await post()
    .field('name', 'digits')
    .attach('file', files.images, images)
    .attach('file', files.labels, labels)
  assert.equal(first.status, 201, first.text)
  assert.match(first.body.id, /^ds-[0-9a-f]{16}$/)
  assert.equal(first.headers.location, `/datasets/${first.body.id}`)
  assert.equal(first.body.records, 40)
  assert.deepEqual(first.body.classCounts, [20, 20])
  assert.ok(!('files' in first.body))

  const again = await post()
    .attach('file', files.labels, labels)
    .attach('file', files.images, images)
    .field('name', 'the-same')
  assert.equal(again.status, 200, again.text)
  assert.equal(again.body.id, first.body.id)
  for (const id of [first.body.id, 'digits', 'the-same']) {
    const read = await server.api.get(`/datasets/${id}`)
    assert.equal(read.status, 200)
    assert.equal(read.body.id, first.body.id)
  }
  assert.deepEqual(await leftovers(), [])
})

test('a CSV file becomes a table, which is described and listed', async () => {
  const csv = Buffer.from('size,colour,id\n1.5,red,a1\n,blue,a2\n2,red,a3\n')
  const first = await post()
    .field('name', 'stones')
    .field('target', 'colour')
    .field('schema', '{"id":"text"}')
    .attach('file', csv, 'stones.csv')
  assert.equal(first.status, 201, first.text)
  const { id, createdAt: _, shards, ...content } = first.body
  assert.deepEqual(content, {
    name: 'stones',
    kind: 'table',
    records: 3,
    target: 'colour',
    columns: [
      {
        name: 'size',
        type: 'number',
        missing: 1,
        distinct: 2,
        min: 1.5,
        max: 2,
        mean: 1.75,
        firstFraction: { row: 1, value: 1.5 },
      },
      {
        name: 'colour',
        type: 'category',
        missing: 0,
        distinct: 2,
        categories: ['blue', 'red'],
        counts: [1, 2],
      },
      { name: 'id', type: 'text', missing: 0, distinct: null },
    ],
    sample: [
      [1.5, 'red', 'a1'],
      [null, 'blue', 'a2'],
      [2, 'red', 'a3'],
    ],
    notes: [],
  })
  assert.equal(shards[0].name, 'shards/table-00000.arrow')
  const again = await post()
    .field('target', 'colour')
    .field('schema', '[{"name":"id","type":"text"}]')
    .attach('file', gzipSync(csv), 'other')
  assert.equal(again.status, 200, again.text)
  assert.equal(again.body.id, id)
  assert.deepEqual((await server.api.get('/datasets/stones')).body, first.body)

  const job = await server.api.post('/jobs').send({ ...smallJob, dataset: 'stones' })
  assert.equal(job.status, 422, job.text)
  assert.deepEqual(job.body.errors, [
    { path: '/dataset', code: 'wrong_kind', message: "'stones' is a table; a resnet needs images" },
  ])
  const bad = await post().attach('file', Buffer.from('a,b\n1\n'), 'bad.csv')
  assert.equal(bad.status, 422)
  assert.equal(bad.body.errors[0].path, 'bad.csv#line=2&column=2')
  assert.equal((await server.api.delete('/datasets/stones')).status, 204)
  assert.deepEqual(await leftovers(), [])
})

test('the next page starts where the previous one ends', async () => {
  for (const records of [50, 60]) await uploadDataset(server, `set-${records}`, records)
  const first = await server.api.get('/datasets?limit=2')
  assert.deepEqual(
    first.body.items.map((one: { name: string }) => one.name),
    ['set-60', 'set-50'],
  )
  const second = await server.api.get(`/datasets?limit=2&cursor=${first.body.nextCursor}`)
  assert.equal(second.body.items.length, 1)
  assert.equal(second.body.nextCursor, null)
  assert.equal((await server.api.get('/datasets?cursor=nonsense')).status, 422)
})

test('a data set in use cannot be deleted; an unused one can, by name or id', async () => {
  const { id } = await uploadDataset(server, 'shades', 70)
  const job = await server.api.post('/jobs').send(smallJob)
  assert.equal(job.status, 202, job.text)
  const refused = await server.api.delete(`/datasets/${id}`)
  assert.equal(refused.status, 409)
  assert.equal(refused.body.code, 'DATASET_IN_USE')
  await server.api.post(`/jobs/${job.body.id}/cancel`)
  assert.equal((await server.api.delete('/datasets/shades')).status, 204)
  assert.equal((await server.api.get(`/datasets/${id}`)).status, 404)
  assert.equal((await server.api.delete('/datasets/shades')).status, 404)
})

test('invalid fields are reported, whether they come before or after the files', async () => {
  const files = idxFiles()
  const answer = await post()
    .attach('file', files.images, images)
    .attach('file', files.labels, labels)
    .field('label', '["a","b"]')
  assert.equal(answer.status, 400)
  assert.equal(answer.body.detail, "unknown field 'label'; did you mean 'labels'?")
  assert.equal((await post().field('name', 'a').field('name', 'b')).status, 400)
  assert.equal((await post().field('name', 'a')).body.errors[0].code, 'required')
  const name = await post().attach('file', files.images, images).field('name', '../etc')
  assert.equal(name.status, 422)
  assert.equal(name.body.errors[0].path, '/name')
  for (const field of ['__proto__', 'constructor', 'toString']) {
    assert.equal((await post().field(field, 'x').attach('file', files.images, images)).status, 400)
  }
  assert.deepEqual(await leftovers(), [])
})

test('an invalid file is rejected with the position of the error', async () => {
  const { images: whole, labels: fitting } = idxFiles()
  const answer = await post()
    .attach('file', whole.subarray(0, 100), images)
    .attach('file', fitting, labels)
  assert.equal(answer.status, 422, answer.text)
  assert.match(answer.body.code, /^DATASET_/)
  assert.ok(answer.body.errors.length > 0)
  assert.doesNotMatch(answer.text, new RegExp(server.folder))
  const noise = await post().attach('file', Buffer.from('what is this?'), '../../etc/passwd')
  assert.equal(noise.status, 422)
  assert.deepEqual(await leftovers(), [])
})

test('a large invalid upload is answered before the connection closes', async () => {
  const answer = await post()
    .field('colour', 'blue')
    .attach('file', Buffer.alloc(8 * 2 ** 20), 'zeros')
  assert.equal(answer.status, 400)
  assert.equal(answer.body.errors[0].path, '/colour')
})

test('a malformed form is a 400', async () => {
  const send = (type: string, body: string) => post().set('content-type', type).send(body)
  const cut = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
  for (const [type, body] of [
    ['multipart/form-data', '--x'],
    [`multipart/form-data; boundary=${'x'.repeat(500)}`, cut],
    ['multipart/form-data; boundary=x', 'no boundary at all'],
    ['multipart/form-data; boundary=x', cut],
    ['multipart/form-data; boundary=x', '--x--\r\n'],
  ] as const) {
    const answer = await send(type, body)
    assert.equal(answer.status, 400, `${body}: ${answer.text}`)
  }
  assert.deepEqual(await leftovers(), [])
})

test('a form with too many parts is a 413', async () => {
  let many = post()
  for (let i = 0; i < 20; i++) many = many.field(`field-${i}`, 'x')
  const answer = await many
  assert.ok([400, 413].includes(answer.status))
  let files = post()
  for (let i = 0; i < 101; i++) files = files.attach('file', Buffer.from('x'), `file-${i}`)
  assert.ok([413, 422].includes((await files).status))
  assert.deepEqual(await leftovers(), [])
})

test('a complete upload does not time out while its files are converted', async t => {
  const other = await startServer({ limits: { uploadIdleTimeoutMs: 1, uploadFiles: 100 } })
  t.after(() => other.close())
  const part = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n'
  const request = httpRequest(`${other.url}/datasets`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${other.key}`,
      'content-type': 'multipart/form-data; boundary=x',
    },
  })
  request.end(`${part.repeat(101)}--x--\r\n`)
  const [answer] = await once(request, 'response')
  assert.equal(answer.statusCode, 413)
  answer.resume()
})

/** Starts an upload and sends less than its content-length. */
function beginUpload() {
  const request = httpRequest(`${server.url}/datasets`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${server.key}`,
      'content-type': 'multipart/form-data; boundary=x',
      'content-length': 1_000_000,
    },
  })
  request.on('error', () => {})
  request.write('--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc')
  return request
}

const uploadStarted = () =>
  eventually('the upload to start', async () => (await leftovers()).length > 0, { intervalMs: 5 })
const uploadRemoved = () =>
  eventually('the upload to be removed', async () => (await leftovers()).length === 0)

test('an upload that is aborted or stops sending leaves no files', async () => {
  const leaving = beginUpload()
  await uploadStarted()
  leaving.destroy()
  await uploadRemoved()

  beginUpload()
  await uploadStarted()
  await uploadRemoved()
  assert.equal((await server.api.get('/healthz')).status, 200)
})

test('images that are sent with their folders become the classes of these', async () => {
  const sent = post().field('name', 'flowers')
  for (const [at, path] of ['f/roses/1.png', 'f/tulips/1.png', 'f/.DS_Store'].entries()) {
    sent.attach('file', pngOf(at), { filepath: path } as object)
  }
  const answer = await sent
  assert.equal(answer.status, 201, answer.text)
  assert.deepEqual(answer.body.labels, ['roses', 'tulips'])
  const evil = await post()
    .attach('file', pngOf(1), { filepath: '../../roses/1.png' } as object)
    .attach('file', pngOf(2), { filepath: 'tulips/1.png' } as object)
  assert.equal(evil.status, 422)
  assert.match(evil.body.detail, /leads elsewhere by/)
  const table = await post().attach('file', Buffer.from('a,b\n1,2\n3\n'), {
    filename: '../x/t.csv',
  })
  assert.match(table.body.detail, /^t\.csv: line 3/)
  assert.deepEqual(await leftovers(), [])
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { PNG } from 'pngjs'
import { extract } from 'tar-stream'
import { eventually } from '../../../testing/eventually.js'
import { startServer, type TestServer, uploadDataset } from '../../../testing/test-server.js'
import { unzip } from '../../formats/unzip.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server, 'shades', 40)
})
after(() => server.close())

/** Fetches with the key. */
const get = (path: string, init: RequestInit = {}) =>
  fetch(server.url + path, {
    ...init,
    headers: { ...init.headers, authorization: `Bearer ${server.key}` },
  })

async function download(path: string): Promise<{ headers: Headers; body: Buffer }> {
  const answer = await get(path)
  const body = Buffer.from(await answer.arrayBuffer())
  assert.equal(answer.status, 200, body.toString())
  return { headers: answer.headers, body }
}

const csv = [
  '"size","count","kind, of ""stone""","ok","id"',
  '0.1,1,"red, dark",true,a',
  ',2,"two\nlines",false,b',
  '2.5,3,"NA",,c',
  '-0.0,,,true,d',
  '123456.789,5,"red, dark",true,e',
].join('\n')

async function uploadTable(name: string, content: Buffer | string, schema: object) {
  const answer = await server.api
    .post('/datasets')
    .field('name', name)
    .field('schema', JSON.stringify(schema))
    .attach('file', Buffer.from(content), 'table')
  assert.ok(answer.status < 300, answer.text)
  return answer.body
}

const types = { size: 'number', count: 'integer', 'kind, of "stone"': 'category', ok: 'boolean' }

test('images come as a tar with the shards as they are', async () => {
  const { body, headers } = await download('/datasets/shades/archive')
  assert.equal(headers.get('content-type'), 'application/x-tar')
  assert.equal(headers.get('content-disposition'), 'attachment; filename="shades.tar"')
  const { shards, id } = (await server.api.get('/datasets/shades')).body
  const found = new Map<string, Buffer>()
  for await (const entry of Readable.from([body]).pipe(extract())) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    found.set(entry.header.name, Buffer.concat(chunks))
  }
  for (const { name, sha256 } of shards) {
    const content = found.get(`${id}/${name}`)
    assert.ok(content, name)
    assert.equal(createHash('sha256').update(content).digest('hex'), sha256)
  }
  const description = JSON.parse(found.get(`${id}/dataset.json`)!.toString())
  assert.deepEqual(description.labels, ['0', '1'])
  const upload = server.api.post('/datasets')
  for (const { name } of shards) upload.attach('file', found.get(`${id}/${name}`)!, 'part')
  const again = await upload
  assert.deepEqual([again.status, again.body.id], [200, id], again.text)
})

test('images come as a zip with one folder for each class', async () => {
  const { body, headers } = await download('/datasets/shades/archive?format=folders')
  assert.equal(headers.get('content-type'), 'application/zip')
  const files = await unzip(body)
  assert.equal(files.size, 40)
  assert.equal([...files.keys()].filter(name => name.startsWith('0/')).length, 20)
  for (const [name, content] of files) {
    assert.match(name, /^[01]\/train-labels-idx1-ubyte-\d+\.png$/)
    const value = PNG.sync.read(content).data[0]!
    assert.equal(value >= 200 ? '1' : '0', name[0])
  }
  const { id } = (await server.api.get('/datasets/shades')).body
  const again = await server.api.post('/datasets').attach('file', body, 'shades.zip')
  assert.deepEqual([again.status, again.body.id], [200, id], again.text)
})

test('a table comes as CSV that an upload reads as the same data set', async () => {
  const stones = await uploadTable('stones', csv, { ...types, id: 'text' })
  const { body, headers } = await download('/datasets/stones/archive')
  assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8; header=present')
  assert.equal(headers.get('text-columns'), '["id"]')
  assert.equal(
    body.toString(),
    [
      '"size","count","kind, of ""stone""","ok"',
      '0.1,1,"red, dark",true',
      ',2,"two\nlines",false',
      '2.5,3,"NA",',
      '-0,,,true',
      '123456.789,5,"red, dark",true',
      '',
    ].join('\r\n'),
  )
  // without its column of text, it is another data set, whose export is equal
  const again = await uploadTable('stones-again', body, types)
  assert.notEqual(again.id, stones.id)
  const second = await download('/datasets/stones-again/archive')
  assert.deepEqual(second.body, body)
  assert.equal(second.headers.get('text-columns'), null)
  assert.equal((await uploadTable('stones-third', second.body, types)).id, again.id)
})

test('a table comes as Parquet that an upload reads as the same data set', async () => {
  const numbers = [0.5, 2.25, null, -3, 1e6]
  const rows = numbers.map((x, i) => `${x ?? ''},${i * 7},"${'abc'[i % 3]}",${i % 2 === 0}`)
  const text = ['x,n,kind,ok', ...rows].join('\n')
  const plain = { x: 'number', n: 'integer', kind: 'category', ok: 'boolean' }
  const first = await uploadTable('plain', text, plain)
  const { body } = await download('/datasets/plain/archive?format=parquet')
  const again = await uploadTable('plain-again', body, plain)
  assert.deepEqual(again.columns, first.columns)
  assert.equal(again.id, first.id)
})

test('a table of one column keeps the rows that are missing', async () => {
  const numbers = await uploadTable('one-column', 'a\n1\nNA\n3\n', { a: 'integer' })
  assert.equal(numbers.records, 3)
  const { body } = await download('/datasets/one-column/archive')
  assert.equal((await uploadTable('one-column-again', body, { a: 'integer' })).id, numbers.id)
})

test('a table comes as Parquet and as Arrow, with nulls, types and categories', async () => {
  await uploadTable('stones', csv, { ...types, id: 'text' })
  const kind = 'kind, of "stone"'
  const rows = [
    { size: Math.fround(0.1), count: 1, [kind]: 'red, dark', ok: true },
    { size: null, count: 2, [kind]: 'two\nlines', ok: false },
    { size: 2.5, count: 3, [kind]: 'NA', ok: null },
    { size: -0, count: null, [kind]: null, ok: true },
    { size: Math.fround(123456.789), count: 5, [kind]: 'red, dark', ok: true },
  ]
  const parquet = (await download('/datasets/stones/archive?format=parquet')).body
  const file = parquet.buffer.slice(parquet.byteOffset, parquet.byteOffset + parquet.length)
  const read = await parquetReadObjects({ file: file as ArrayBuffer })
  const isExact = (await server.api.get('/datasets/stones')).body
  assert.equal(isExact.records, 5)
  const numbers = (row: Record<string, unknown>) => ({
    ...row,
    size: typeof row.size === 'number' ? Math.fround(row.size) : row.size,
    count: typeof row.count === 'bigint' ? Number(row.count) : row.count,
  })
  assert.deepEqual(read.map(numbers), rows)

  const arrow = tableFromIPC((await download('/datasets/stones/archive?format=arrow')).body)
  assert.deepEqual(
    arrow.toArray().map(row => numbers(row.toJSON())),
    rows.map(row => ({ ...row, ok: row.ok === null ? null : Number(row.ok) })),
  )
  assert.equal(arrow.schema.metadata.get('trainyard.textColumns'), '["id"]')
})

test('an archive of another kind is refused, and so is an unknown data set', async () => {
  for (const [path, message] of [
    ['/datasets/shades/archive?format=csv', /has no csv; ask for tfrecord or folders/],
    ['/datasets/stones/archive?format=folders', /has no folders; ask for csv or parquet or arrow/],
    ['/datasets/none/archive', /no data set/],
    ['/datasets/shades/archive?format=rar', /format/],
  ] as const) {
    const answer = await server.api.get(path)
    assert.ok(answer.status >= 400 && answer.status < 500, path)
    assert.match(answer.body.detail, message)
  }
})

test('a client that has the archive gets 304, and HEAD gets no content', async () => {
  const first = await get('/datasets/shades/archive?format=folders', { method: 'HEAD' })
  assert.equal(first.status, 200)
  assert.equal((await first.arrayBuffer()).byteLength, 0)
  assert.equal(first.headers.get('content-type'), 'application/zip')
  const etag = first.headers.get('etag')!
  const again = await get('/datasets/shades/archive?format=folders', {
    headers: { 'if-none-match': etag },
  })
  assert.equal(again.status, 304)
  assert.notEqual(
    (await get('/datasets/shades/archive', { method: 'HEAD' })).headers.get('etag'),
    etag,
  )
})

test('a damaged shard is named before the first byte', async () => {
  const { id } = await uploadDataset(server, 'damaged', 30)
  const folder = join(server.folder, 'data/datasets', id, 'shards')
  const [shard] = await readdir(folder)
  const content = await readFile(join(folder, shard!))
  content[content.length - 5]! ^= 1
  await writeFile(join(folder, shard!), content)
  const answer = await server.api.get('/datasets/damaged/archive')
  assert.equal(answer.body.code, 'DAMAGED')
  assert.ok(answer.body.detail.startsWith(`datasets/${id}/shards/${shard}`), answer.text)
  await truncate(join(folder, shard!), 10)
  assert.equal((await server.api.get('/datasets/damaged/archive')).body.code, 'DAMAGED')
})

test('a download that its client leaves ends its process', async () => {
  const children = async () =>
    (await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')).split(' ').filter(Boolean)
  const isExport = async (pid: string) =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('export-process')
  const running = async () => {
    const all = await Promise.all((await children()).map(isExport))
    return all.filter(Boolean).length
  }
  const controller = new AbortController()
  const answer = await get('/datasets/shades/archive?format=folders', { signal: controller.signal })
  assert.equal(answer.status, 200)
  controller.abort()
  await eventually('the end of the process', async () => (await running()) === 0)
})

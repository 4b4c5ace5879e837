import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { PNG } from 'pngjs'
import { Client, type ProblemError } from '../../src/client/client.js'
import { LocalFileError, openFile, openFolder } from '../../src/client/node.js'
import { type CuttingProxy, startCuttingProxy } from '../../testing/cutting-proxy.js'
import { startServer, type TestServer } from '../../testing/test-server.js'

let server: TestServer
let proxy: CuttingProxy
let client: Client
let folder: string

before(async () => {
  server = await startServer()
  proxy = await startCuttingProxy(server.url)
  client = new Client({ url: proxy.url, key: server.key })
  folder = join(await mkdtemp(join(tmpdir(), 'trainyard-')), 'stones')
  for (const kind of ['granite', 'marble']) {
    await mkdir(join(folder, kind), { recursive: true })
    for (let i = 0; i < imagesOfKind; i++)
      await writeFile(join(folder, kind, `${i}.png`), noise(kind === 'granite' ? 120 : 121))
  }
  await writeFile(join(folder, '.DS_Store'), 'x')
})
after(async () => {
  proxy.close()
  await server.close()
  await rm(join(folder, '..'), { recursive: true, force: true })
})

const imagesOfKind = 70

/** A picture that does not compress. */
function noise(size: number): Buffer {
  const png = new PNG({ width: size, height: size, colorType: 2 })
  randomBytes(png.data.length).copy(png.data)
  return PNG.sync.write(png, { colorType: 2, deflateLevel: 0 })
}

test('a folder of images becomes a data set, though the connection is cut', async () => {
  const leftOut: object[] = []
  const files = await openFolder(folder, { onLeftOut: each => void leftOut.push(each) })
  assert.deepEqual(leftOut, [{ hidden: { count: 1, examples: ['.DS_Store'] } }])
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  assert.ok(total > 5 * 2 ** 20, 'the files would be one request')
  const sent: number[] = []
  let cuts = 0
  const dataset = await client.datasets.push('stones', files, {
    resize: { height: 8, width: 8 },
    onSent: each => {
      sent.push(each.bytes)
      assert.equal(each.total, total)
      // in the middle of the next part
      if (cuts < 2) setTimeout(() => (cuts += proxy.cut()), 3)
    },
  })
  assert.ok(cuts > 0, 'nothing was cut')
  assert.equal(dataset.records, 2 * imagesOfKind)
  assert.deepEqual(dataset.kind === 'images' && [dataset.labels, dataset.height], [
    ['granite', 'marble'],
    8,
  ])
  assert.deepEqual(
    sent,
    sent.toSorted((a, b) => a - b),
  )
  assert.equal(sent.at(-1), total)
})

test('another process goes on with an upload, and begins again if the server has it no more', async () => {
  const file = { name: 'a.csv', content: new Blob([`a,b\n${'1,2\n'.repeat(2_000_000)}`]) }
  const abort = new AbortController()
  let upload = ''
  let arrived = 0
  const first = client.uploads.send(file, {
    signal: abort.signal,
    onBegun: id => {
      upload = id
    },
    onSent: bytes => {
      arrived = bytes
      if (bytes > 0) abort.abort(new Error('killed'))
    },
  })
  await assert.rejects(first, /killed/)
  const sent: number[] = []
  const onSent = (bytes: number) => void sent.push(bytes)
  const id = await client.uploads.send(file, { upload, onSent })
  assert.equal(id, upload)
  assert.ok(sent[0]! >= arrived && arrived > 0, `${sent[0]} after ${arrived}`)
  // all of it is there already
  assert.equal(await client.uploads.send(file, { upload }), upload)
  const source = { kind: 'upload' as const, uploads: [id] }
  assert.equal((await client.datasets.create({ source, name: 'rows' })).records, 2_000_000)

  // the data set is made, so the server does not keep the upload
  const begun: string[] = []
  const again = await client.uploads.send(file, { upload, onBegun: each => void begun.push(each) })
  assert.notEqual(again, upload)
  assert.deepEqual(begun, [again])
  await client.uploads.delete(again)
})

test('small files are one request, with the options of the data set', async () => {
  const csv = new Blob(['zip,price\n01234,1\n04321,2\n'])
  const dataset = await client.datasets.push('prices', [{ name: 'p.csv', content: csv }], {
    target: 'price',
    schema: { zip: 'category' },
  })
  assert.ok(dataset.kind === 'table')
  assert.deepEqual(
    dataset.columns.map(({ name, type }) => [name, type]),
    [
      ['zip', 'category'],
      ['price', 'integer'],
    ],
  )
  const bad = client.datasets.push('bad', [{ name: 'b.csv', content: csv }], { target: 'cost' })
  await assert.rejects(
    bad,
    (error: ProblemError) => error.code === 'DATASET_FORM' && /cost/.test(error.message),
  )
})

test('what cannot be read is named', async () => {
  const isNamed = (text: RegExp) => (error: unknown) =>
    error instanceof LocalFileError && text.test(error.message)
  await assert.rejects(
    openFile(join(folder, 'absent')),
    isNamed(/absent cannot be read \(ENOENT\)/),
  )
  await assert.rejects(openFolder(join(folder, 'granite', '0.png')), isNamed(/0\.png is no folder/))
  const empty = join(folder, '..', 'empty')
  await mkdir(empty)
  await assert.rejects(openFolder(empty), isNamed(/empty has no file that can become/))
  const path = join(folder, '..', 'changed.csv')
  await writeFile(path, 'a,b\n1,2\n')
  const file = await openFile(path)
  await truncate(path, 4)
  await assert.rejects(client.datasets.push('changed', [file]), isNamed(/changed while/))
  await rename(path, `${path}.moved`)
  assert.equal((await stat(`${path}.moved`)).size, 4)
  await assert.rejects(client.datasets.push('changed', [file]), isNamed(/ENOENT/))
})

test('a part that changes on its way is sent again', async t => {
  let sent = 0
  let changed = 0
  const content = randomBytes(3 * 2 ** 20)
  const changing = createHttpServer((request, answer) => {
    const { hostname, port } = new URL(server.url)
    const { method, url: path, headers } = request
    const onward = httpRequest({ hostname, port, method, path, headers }, response => {
      answer.writeHead(response.statusCode!, response.headers)
      response.pipe(answer)
    })
    if (method === 'PATCH') sent++
    const mustChange = method === 'PATCH' && sent === 2
    request.on('data', (chunk: Buffer) => {
      if (mustChange && changed === 0) chunk[changed++]! ^= 1
      onward.write(chunk)
    })
    request.on('end', () => onward.end())
  })
  changing.listen(0, '127.0.0.1')
  await once(changing, 'listening')
  t.after(() => changing.close())
  const { port } = changing.address() as AddressInfo
  const through = new Client({ url: `http://127.0.0.1:${port}`, key: server.key })
  const lost: (string | undefined)[] = []
  const id = await through.uploads.send(
    { name: 'noise', content: new Blob([content]) },
    { onLost: reason => void lost.push((reason as ProblemError).code) },
  )
  assert.equal(changed, 1)
  assert.deepEqual(lost, ['UPLOAD_CHECKSUM'])
  const path = join(server.folder, 'data', 'uploads', id)
  assert.deepEqual(await readFile(path), content)
  await through.uploads.delete(id)
})

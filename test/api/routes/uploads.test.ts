import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Upload } from 'tus-js-client'
import { UploadFolder } from '../../../src/datasets/sources/upload-folder.js'
import { blocksRunBy } from '../../../testing/doc-blocks.js'
import { eventually } from '../../../testing/eventually.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { idxFiles, startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer({ limits: { uploadFileBytes: 50_000_000 } })
})
after(() => server.close())

const folder = () => join(server.folder, 'data', 'uploads')
const tus = { 'tus-resumable': '1.0.0' }
const partType = 'application/offset+octet-stream'
const named = (name: string) => ({
  'upload-metadata': `filename ${Buffer.from(name).toString('base64')}`,
})

const create = (bytes: number | string, headers: Record<string, string> = {}) =>
  server.api.post('/uploads').set({ ...tus, 'upload-length': String(bytes), ...headers })
const send = (location: string, offset: number, content: Buffer) =>
  server.api
    .patch(location)
    .set({ ...tus, 'upload-offset': String(offset), 'content-type': partType })
    .send(content)
const head = (location: string) => server.api.head(location).set(tus)
const make = (body: object) => server.api.post('/datasets').send(body)
const idOf = (location: string) => location.split('/').at(-1)!

async function upload(content: Buffer, name: string): Promise<string> {
  const { headers } = await create(content.length, named(name))
  const sent = await send(headers.location!, 0, content)
  assert.equal(sent.status, 204, sent.text)
  return idOf(headers.location!)
}

test('an upload is created, sent in parts, and becomes the data set that a form would make', async () => {
  const { images, labels } = idxFiles(40)
  const created = await create(images.length, named('train-images'))
  assert.equal(created.status, 201, created.text)
  const { location } = created.headers
  assert.match(location!, /^\/uploads\/up-[0-9a-f]{32}$/)
  assert.equal(created.headers['tus-resumable'], '1.0.0')
  assert.ok(Date.parse(created.headers['upload-expires']!) > Date.now())
  const first = await send(location!, 0, images.subarray(0, 100))
  assert.equal(first.status, 204, first.text)
  assert.equal(first.headers['upload-offset'], '100')
  const part = await head(location!)
  assert.equal(part.status, 200)
  assert.equal(part.headers['upload-offset'], '100')
  assert.equal(part.headers['upload-length'], String(images.length))

  const early = await make({ source: { kind: 'upload', uploads: [idOf(location!)] } })
  assert.equal(early.status, 409, early.text)
  assert.equal(early.body.code, 'UPLOAD_INCOMPLETE')
  assert.match(early.body.detail, new RegExp(`has 100 of ${images.length} bytes`))

  await send(location!, 100, images.subarray(100))
  const uploads = [idOf(location!), await upload(labels, 'train-labels')]
  const made = await make({ source: { kind: 'upload', uploads }, name: 'parts' })
  assert.equal(made.status, 201, made.text)
  const form = await server.api.post('/datasets').attach('a', images, 'a').attach('b', labels, 'b')
  assert.equal(form.status, 200, form.text)
  assert.equal(form.body.id, made.body.id)
  // what a data set was made of is gone
  assert.equal((await head(location!)).status, 404)
  assert.deepEqual(await readdir(folder()), [])
  assert.equal((await stat(folder())).mode & 0o777, 0o700)
})

test('an upload whose data set has errors stays, so that only the options are sent again', async () => {
  const id = await upload(Buffer.from('1,2\n3,4\n'), 'numbers.csv')
  const source = { kind: 'upload', uploads: [id] }
  const refused = await make({ source })
  assert.equal(refused.body.code, 'DATASET_HEADER', refused.text)
  assert.equal(refused.body.errors[0].path.split('#')[0], 'numbers.csv')
  const made = await make({ source, header: false })
  assert.equal(made.status, 201, made.text)
})

/** A proxy that cuts each connection after some bytes from the client. */
async function startCuttingProxy(t: { after(work: () => void): void }, bytesPerConnection: number) {
  const { port } = new URL(server.url)
  const sockets = new Set<Socket>()
  let cuts = 0
  const proxy = createServer(client => {
    const upstream = connect(Number(port), '127.0.0.1')
    let bytes = 0
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', chunk => {
      bytes += chunk.length
      upstream.write(chunk)
      if (bytes < bytesPerConnection) return
      cuts++
      client.destroy()
      upstream.resetAndDestroy()
    })
    upstream.pipe(client)
    client.on('close', () => upstream.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const address = proxy.address() as { port: number }
  return { url: `http://127.0.0.1:${address.port}`, cuts: () => cuts }
}

test('a client goes on after broken connections', async t => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i},${randomBytes(40).toString('hex')}\n`)
  const content = Buffer.from(`a,b\n${rows.join('')}`)
  const proxy = await startCuttingProxy(t, 400_000)
  const url = await new Promise<string>((resolve, reject) => {
    const sending = new Upload(content, {
      endpoint: `${proxy.url}/uploads`,
      headers: { authorization: `Bearer ${server.key}` },
      metadata: { filename: 'lines.csv' },
      retryDelays: Array(50).fill(10),
      onError: reject,
      onSuccess: () => resolve(sending.url!),
    })
    sending.start()
  })
  assert.ok(proxy.cuts() >= 3, `${proxy.cuts()} cuts`)
  const made = await make({ source: { kind: 'upload', uploads: [idOf(url)] } })
  assert.equal(made.status, 201, made.text)
  const form = await server.api.post('/datasets').attach('file', content, 'lines.csv')
  assert.equal(form.status, 200, form.text)
  assert.equal(form.body.id, made.body.id)
})

test('offsets, lengths and headers that do not fit are refused', async () => {
  const { headers } = await create(10)
  const location = headers.location!
  const cases: [
    Promise<{ status: number; text: string; body: { code: string } }>,
    number,
    string,
  ][] = [
    [send(location, 5, Buffer.from('abc')).then(), 409, 'UPLOAD_OFFSET'],
    [send(location, 0, Buffer.alloc(11)).then(), 413, 'FILE_TOO_LARGE'],
    [server.api.post('/uploads').then(), 412, 'UPLOAD_PROTOCOL'],
    [create('x').then(), 400, 'UPLOAD_PROTOCOL'],
    [create(-1).then(), 400, 'UPLOAD_PROTOCOL'],
    [create(50_000_001).then(), 413, 'FILE_TOO_LARGE'],
    [
      server.api
        .post('/uploads')
        .set({ ...tus, 'upload-concat': 'partial' })
        .then(),
      400,
      'UPLOAD_PROTOCOL',
    ],
    [
      server.api.patch(location).set(tus).type('text/plain').send('a').then(),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      send('/uploads/up-00000000000000000000000000000000', 0, Buffer.from('a')).then(),
      404,
      'UPLOAD_NOT_FOUND',
    ],
    [send('/uploads/..%2f..%2fkey', 0, Buffer.from('a')).then(), 404, 'UPLOAD_NOT_FOUND'],
  ]
  for (const [request, status, code] of cases) {
    const answer = await request
    assert.equal(answer.status, status, `${code}: ${answer.text}`)
    assert.equal(answer.body.code, code)
  }
  assert.equal((await head(location)).headers['upload-offset'], '0')
  const deleted = await server.api.delete(location).set(tus)
  assert.equal(deleted.status, 204, deleted.text)
  assert.deepEqual(await readdir(folder()), [])
})

const checksum = (algorithm: string, content: Buffer) =>
  `${algorithm} ${createHash(algorithm).update(content).digest('base64')}`
const sendChecked = (location: string, offset: number, content: Buffer, header: string) =>
  send(location, offset, content).set('upload-checksum', header)

test('a part with a checksum is kept as a whole or not at all', async () => {
  const options = await server.api.options('/uploads')
  assert.equal(options.status, 204)
  assert.ok(options.headers['tus-extension']!.split(',').includes('checksum'))
  const algorithms = options.headers['tus-checksum-algorithm']!.split(',')
  assert.deepEqual(algorithms, ['sha256', 'sha512', 'sha1', 'md5'])

  const content = randomBytes(300_000)
  const { headers } = await create(content.length, named('noise.bin'))
  const location = headers.location!
  const bytes = async () => (await head(location)).headers['upload-offset']
  let offset = 0
  for (const algorithm of algorithms) {
    const part = content.subarray(offset, offset + 60_000)
    const changed = Buffer.from(part)
    changed[59_999]! ^= 1
    const refused = await sendChecked(location, offset, changed, checksum(algorithm, part))
    assert.equal(refused.status, 460, refused.text)
    assert.equal(refused.body.code, 'UPLOAD_CHECKSUM')
    assert.equal(await bytes(), String(offset))
    const kept = await sendChecked(location, offset, part, checksum(algorithm, part))
    assert.equal(kept.status, 204, kept.text)
    offset += part.length
    assert.equal(kept.headers['upload-offset'], String(offset))
  }
  const rest = content.subarray(offset)
  const cases: [offset: number, header: string, status: number, code: string][] = [
    [offset, checksum('sha384', rest), 400, 'UPLOAD_PROTOCOL'],
    [offset, 'sha1', 400, 'UPLOAD_PROTOCOL'],
    [offset, `sha1 ${Buffer.alloc(19).toString('base64')}`, 400, 'UPLOAD_PROTOCOL'],
    [offset - 1, checksum('sha1', rest), 409, 'UPLOAD_OFFSET'],
  ]
  for (const [from, header, status, code] of cases) {
    const answer = await sendChecked(location, from, rest, header)
    assert.equal(answer.status, status, answer.text)
    assert.equal(answer.body.code, code)
  }
  const long = Buffer.concat([rest, Buffer.of(1)])
  const tooLong = await sendChecked(location, offset, long, checksum('sha1', long))
  assert.equal(tooLong.status, 413, tooLong.text)
  const unknown = '/uploads/up-00000000000000000000000000000000'
  const missing = await sendChecked(unknown, 0, rest, checksum('sha1', rest))
  assert.equal(missing.status, 404, missing.text)

  const last = await sendChecked(location, offset, rest, checksum('sha1', rest))
  assert.equal(last.status, 204, last.text)
  const id = idOf(location)
  assert.deepEqual(await readFile(join(folder(), id)), content)
  assert.deepEqual((await readdir(folder())).sort(), [id, `${id}.json`])
  await server.api.delete(location).set(tus)
})

test('of a part with a checksum nothing is kept if the connection breaks, or with the creation', async () => {
  const content = randomBytes(100_000)
  const { headers } = await create(content.length)
  const location = headers.location!
  const { port } = new URL(server.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    [
      `PATCH ${location} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      `authorization: Bearer ${server.key}`,
      'tus-resumable: 1.0.0',
      'upload-offset: 0',
      `content-type: ${partType}`,
      `content-length: ${content.length}`,
      `upload-checksum: ${checksum('sha1', content)}`,
      '\r\n',
    ].join('\r\n'),
  )
  socket.write(content.subarray(0, 50_000))
  await eventually('the part to arrive', async () =>
    (await readdir(folder())).some(name => name.startsWith('part-')),
  )
  socket.destroy()
  await eventually('the part to be removed', async () =>
    (await readdir(folder())).every(name => !name.startsWith('part-')),
  )
  assert.equal((await head(location)).headers['upload-offset'], '0')
  await server.api.delete(location).set(tus)

  const begin = (header: string) =>
    create(content.length, { 'content-type': partType, 'upload-checksum': header }).send(content)
  const refused = await begin(checksum('sha256', Buffer.from('other')))
  assert.equal(refused.status, 460, refused.text)
  assert.deepEqual(await readdir(folder()), [])
  const begun = await begin(checksum('sha256', content))
  assert.equal(begun.status, 201, begun.text)
  assert.equal(begun.headers['upload-offset'], String(content.length))
  await server.api.delete(begun.headers.location!).set(tus)
})

test('parts that a crash has left are removed a day later', async () => {
  const uploads = new UploadFolder(join(server.folder, 'crashed-uploads'))
  await uploads.open()
  const [old, young] = [uploads.newPart(), uploads.newPart()]
  for (const path of [old, young]) await writeFile(path, 'x')
  await utimes(old, 0, 0)
  await uploads.removeExpired()
  assert.deepEqual(await readdir(uploads.path), [basename(young)])
})

test('a name from a client becomes no path, and no key means no upload', async () => {
  const id = await upload(Buffer.from('a,b\n1\n'), '../../../../tmp/evil.csv')
  assert.deepEqual((await readdir(folder())).sort(), [id, `${id}.json`])
  const made = await make({ source: { kind: 'upload', uploads: [id] } })
  assert.equal(made.status, 422)
  assert.equal(made.body.errors[0].path, 'evil.csv#line=2&column=2')
  for (const bad of ['../key', 'up-x', `${id}.json`, '/etc/passwd']) {
    const answer = await make({ source: { kind: 'upload', uploads: [bad] } })
    assert.equal(answer.body.code, 'UPLOAD_NOT_FOUND', answer.text)
  }
  const unkeyed = await fetch(`${server.url}/uploads`, {
    method: 'POST',
    headers: { ...tus, 'upload-length': '1' },
  })
  assert.equal(unkeyed.status, 401)
})

test('the commands of the documentation send a file in parts, and make a data set of it', async t => {
  const work = await tempFolder(t)
  await writeFile(join(work, 'wine.csv'), `colour,quality\n${'red,5\nwhite,6\n'.repeat(1000)}`)
  const [block] = blocksRunBy('test/api/routes/uploads.test.ts', 'docs/data-sources.md')
  const { stdout } = await promisify(execFile)('bash', ['-euc', block!.code], {
    cwd: work,
    env: { ...process.env, URL: server.url, AUTH: `Authorization: Bearer ${server.key}` },
  })
  const made = JSON.parse(stdout)
  assert.equal(made.name, 'wine', stdout)
  assert.equal(made.records, 2000)
})

test('uploads are removed a day after their last byte', async () => {
  const uploads = new UploadFolder(folder())
  const [old, young] = [await upload(Buffer.from('a'), 'a'), await upload(Buffer.from('b'), 'b')]
  const yesterday = new Date(Date.now() - 25 * 3600_000)
  await utimes(join(folder(), old), yesterday, yesterday)
  assert.ok((await uploads.removeExpired()) >= 1)
  const left = await readdir(folder())
  assert.ok(!left.includes(old) && !left.includes(`${old}.json`))
  assert.ok(left.includes(young))
})

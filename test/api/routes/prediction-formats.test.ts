// Bodies and answers of predictions, by the stand-in for TensorFlow: it classifies by the first pixel, and any file is
// bright. test/e2e/prediction-formats.test.ts has real models.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  Binary,
  Field,
  FixedSizeList,
  Table,
  tableFromArrays,
  tableFromIPC,
  tableToIPC,
  Uint8,
  vectorFromArray,
} from 'apache-arrow'
import { PNG } from 'pngjs'
import { assertClose } from '../../../testing/assert-close.js'
import { putModel, startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer({ limits: { imageFiles: 4 } })
  await putModel(server.store, 'shades')
})
after(() => server.close())

const json = 'application/json'
const arrow = 'application/vnd.apache.arrow.stream'
const octets = 'application/octet-stream'
const dark = [0, 1, 2, 3]
const bright = [255, 0, 0, 0]
const png = (width = 2, height = 2) => PNG.sync.write(new PNG({ width, height }))
const text = JSON.stringify

interface Sent {
  query?: string
  headers?: Record<string, string>
}

const send = (body: Uint8Array | string, type: string, { query = '', headers = {} }: Sent = {}) =>
  fetch(`${server.url}/models/shades/predict${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': type, ...headers },
    body,
  })

async function predict(...request: Parameters<typeof send>) {
  const answer = await send(...request)
  const content = await answer.text()
  assert.equal(answer.status, 200, content)
  return JSON.parse(content)
}

async function labels(...request: Parameters<typeof send>): Promise<string[]> {
  const { predictions } = await predict(...request)
  return predictions.map(({ label }: { label: string }) => label)
}

/** The code of a refused request, and where its first error is. */
async function problem(...request: Parameters<typeof send>) {
  const answer = await send(...request)
  const { code, detail, errors } = (await answer.json()) as {
    code: string
    detail: string
    errors?: { path: string }[]
  }
  assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}: ${detail}`)
  return `${code} ${errors?.[0]?.path ?? '-'}`
}

const imageColumn = (files: Uint8Array[], others = {}) =>
  new Table({ image: vectorFromArray(files, new Binary()), ...others })

const pixelColumn = (images: number[][], size: number) =>
  new Table({
    image: vectorFromArray(images, new FixedSizeList(size, new Field('item', new Uint8()))),
  })

const tensor = (shape: string, dtype = 'uint8'): Sent => ({
  query: `?shape=${shape}&dtype=${dtype}`,
})

test('images are read as arrays, raw numbers and lists of Arrow', async () => {
  const pixels = Uint8Array.from([...dark, ...bright])
  const floats = new Uint8Array(Float32Array.from(pixels).buffer)
  const headers = { 'tensor-shape': '2,2,2,1', 'tensor-dtype': 'float32' }
  const requests: Parameters<typeof send>[] = [
    [text({ instances: [dark, bright] }), json],
    [text({ inputs: [dark, bright] }), json],
    [text({ inputs: { images: [dark, bright] } }), json],
    [pixels, octets, tensor('2,2,2,1')],
    [pixels, octets, tensor('2,2,2')],
    [pixels, octets, tensor('2,4')],
    [floats, octets, { headers }],
    [tableToIPC(pixelColumn([dark, bright], 4), 'stream'), arrow],
    [tableToIPC(pixelColumn([dark, bright], 4), 'file'), 'application/vnd.apache.arrow.file'],
  ]
  for (const request of requests) assert.deepEqual(await labels(...request), ['dark', 'bright'])
  assert.deepEqual(await labels(Uint8Array.from(dark), octets, tensor('2,2')), ['dark'])
})

test('image files are read as base64, as a column of Arrow and as any fields of a form, by name', async () => {
  const b64 = png().toString('base64')
  const files = imageColumn([png(), png()], { id: vectorFromArray(['a', 'b']) })
  const requests: Parameters<typeof send>[] = [
    [text({ instances: [{ b64 }, { b64: b64.replaceAll('=', '') }] }), json],
    [tableToIPC(files, 'stream'), arrow],
    [tableToIPC(files, 'file'), 'application/vnd.apache.arrow.file'],
  ]
  for (const request of requests) assert.deepEqual(await labels(...request), ['bright', 'bright'])
  const { body } = await server.api
    .post('/models/shades/predict')
    .attach('first', png(), 'a.png')
    .attach('others', png(), 'b.png')
  const names = body.predictions.map(({ name }: { name: string }) => name)
  assert.deepEqual(names, ['a.png', 'b.png'])
})

test('the answer says what is done to images, and to how many', async () => {
  const files = [png(4, 4), png(2, 2), png(3, 5)].map(file => ({ b64: file.toString('base64') }))
  const { notes } = await predict(text({ instances: files }), json)
  assert.deepEqual(
    notes.map(({ code }: { code: string }) => code),
    ['images_resized', 'images_converted'],
  )
  assert.match(
    notes[0].message,
    /^2 of 3 images are resized from 4 x 4 \(1\), 5 x 3 \(1\) to 2 x 2/,
  )
  assert.match(notes[1].message, /3 have colour.*3 have transparency/)
  assert.deepEqual((await predict(text({ instances: [dark] }), json)).notes, [])
})

test('topK and outputs choose what comes back', async () => {
  const body = text({ instances: [[51, 0, 0, 0]] })
  const of = async (query: string) => (await predict(body, json, { query })).predictions[0]
  const top = await predict(body, json, { query: '?topK=5' })
  assert.deepEqual(Object.keys(top), ['model', 'version', 'notes', 'predictions'])
  const { label, index, probability, probabilities } = await of('')
  assert.deepEqual(top.predictions[0], {
    label,
    index,
    probability,
    top: [
      { label: 'dark', index: 0, probability: probabilities[0] },
      { label: 'bright', index: 1, probability: probabilities[1] },
    ],
  })
  assert.deepEqual(await of('?outputs=label'), { label, index })
  assert.deepEqual(await of('?outputs=probabilities'), { probabilities })
  const { logits } = await of('?outputs=logits,label')
  for (const [i, logit] of logits.entries())
    assertClose(Math.exp(logit), probabilities[i], 1e-6, `class ${i}`)
  assert.equal(await problem(body, json, { query: '?topK=0' }), 'INVALID_REQUEST querystring:/topK')
  assert.match(
    await problem(body, json, { query: '?outputs=shap' }),
    /^INVALID_REQUEST querystring/,
  )
  assert.equal(
    await problem(body, json, { query: '?explain=true' }),
    'INVALID_REQUEST querystring:/explain',
  )
})

test('CSV and Arrow have the numbers of JSON', async () => {
  const body = text({ instances: [[51, 0, 0, 0], bright] })
  const { predictions } = await predict(body, json)
  const csv = await send(body, json, { headers: { accept: 'text/csv' } })
  const [header, ...lines] = (await csv.text()).trimEnd().split('\r\n')
  assert.equal(header, 'label,index,probability,probabilities.dark,probabilities.bright')
  assert.equal(csv.headers.get('model-version'), '1')
  const answer = await send(body, json, { query: '?format=arrow' })
  assert.equal(answer.headers.get('content-type'), arrow)
  const table = tableFromIPC(await answer.arrayBuffer())
  assert.deepEqual(JSON.parse(table.schema.metadata.get('trainyard')!).labels, ['dark', 'bright'])
  for (const [row, { label, index, probability, probabilities }] of predictions.entries()) {
    const cells = lines[row]!.split(',')
    assert.deepEqual(cells, [label, ...[index, probability, ...probabilities].map(String)])
    const { probabilities: list, ...others } = table.get(row)!.toJSON()
    assert.deepEqual({ ...others }, { label, index, probability })
    assert.deepEqual([...list], probabilities)
  }
})

test('a number that JSON cannot have is a text, and a note says so', async () => {
  const body = text({ instances: [bright] })
  const { notes, predictions } = await predict(body, json, { query: '?outputs=logits' })
  assert.deepEqual(predictions, [{ logits: ['-Infinity', 0] }])
  assert.equal(notes[0].code, 'numbers_not_finite')
  const answer = await send(body, json, { query: '?outputs=logits&format=csv' })
  assert.equal(await answer.text(), 'logits.dark,logits.bright\r\n-Infinity,0\r\n')
  assert.equal(JSON.parse(answer.headers.get('prediction-notes')!)[0].code, 'numbers_not_finite')
})

test('the answer has the type that the client prefers, or is 406 with a list', async () => {
  const body = text({ instances: [dark] })
  const typeFor = async (accept: string, query = '') => {
    const answer = await send(body, json, { query, headers: { accept } })
    return answer.status === 200
      ? answer.headers.get('content-type')!.split(';')[0]
      : ((await answer.json()) as { code: string; detail: string }).detail
  }
  const expected: [accept: string, type: string][] = [
    ['*/*', json],
    ['application/*', json],
    ['text/*', 'text/csv'],
    ['text/csv;q=0.5, application/json;q=0.4', 'text/csv'],
    ['text/csv, */*', 'text/csv'],
    ['application/json, text/plain, */*', json],
    [`*/*;q=0.1, ${arrow};q=0.2`, arrow],
    ['application/json;q=0, */*', 'text/csv'],
    ['APPLICATION/JSON', json],
    ['text/csv;q=2, application/json;q=0.1', json],
  ]
  for (const [accept, type] of expected) assert.equal(await typeFor(accept), type, accept)
  const listed = /the answer can be application\/json, text\/csv, application\/vnd\.apache\.arrow/
  assert.match((await typeFor('image/png'))!, listed)
  assert.match((await typeFor('application/json;q=0'))!, listed)
  assert.match((await typeFor('text/csv;q=much'))!, listed)
  assert.equal(await typeFor('image/png', '?format=csv'), 'text/csv')
})

test('a body that does not fit is refused with its place', async () => {
  const files = (...b64: unknown[]) => text({ instances: b64.map(each => ({ b64: each })) })
  const good = png().toString('base64')
  const expected: [problem: string, ...request: Parameters<typeof send>][] = [
    ['INVALID_INSTANCES /instances/1/b64', files(good, '!'), json],
    ['INVALID_INSTANCES /instances/0/b64', files('data:image/png;base64,AAAA'), json],
    ['INVALID_INSTANCES /instances/0/b64', files(''), json],
    ['INVALID_INSTANCES /instances/0/b64', files('AAAAA'), json],
    ['INVALID_INSTANCES /instances/1/b64', files(good, 7), json],
    ['INVALID_INSTANCES /instances/1', text({ instances: [{ b64: good }, dark] }), json],
    ['INVALID_INSTANCES /instances/0', text({ instances: [{ b64: good, x: 1 }] }), json],
    ['NOT_AN_IMAGE /instances/1', files(good, 'AAAA'), json],
    ['UNDECODABLE_IMAGE /instances/0', files(png().subarray(0, 50).toString('base64')), json],
    ['INVALID_REQUEST /instances', files(good, good, good, good, good), json],
    ['INVALID_REQUEST /inputs', text({ instances: [dark], inputs: [dark] }), json],
    ['INVALID_REQUEST /inputs/images', text({ inputs: { images: 3 } }), json],
    ['INVALID_INSTANCES ', Uint8Array.from(dark), octets, tensor('1,2,2,1', 'float32')],
    ['INVALID_INSTANCES querystring:/shape', Uint8Array.from(dark), octets, tensor('4,1,1')],
    ['INVALID_INSTANCES querystring:/shape', new Uint8Array(0), octets, tensor('0,2,2,1')],
    [
      'INVALID_INSTANCES querystring:/shape',
      Uint8Array.from(dark),
      octets,
      tensor('999999999,2,2,1'),
    ],
    ['INVALID_REQUEST querystring:/shape', Uint8Array.from(dark), octets, tensor('-1,2,2,1')],
    ['INVALID_REQUEST querystring:/dtype', Uint8Array.from(dark), octets, tensor('4', 'int4')],
    ['INVALID_REQUEST querystring:/dtype', Uint8Array.from(dark), octets, { query: '?shape=4' }],
    ['INVALID_REQUEST querystring:/shape', text({ instances: [dark] }), json, tensor('4')],
    [
      'INVALID_INSTANCES /0/1/0/0',
      new Uint8Array(Float32Array.from([1, 2, Number.NaN, 4]).buffer),
      octets,
      tensor('4', 'float32'),
    ],
    ['INVALID_INSTANCES /image', tableToIPC(pixelColumn([[1, 2]], 2), 'stream'), arrow],
    ['NOT_AN_IMAGE /image/1', tableToIPC(imageColumn([png(), Buffer.from('x')]), 'stream'), arrow],
    ['INVALID_REQUEST /image', tableToIPC(imageColumn(Array(5).fill(png())), 'stream'), arrow],
    ['DATASET_FORMAT the body', tableToIPC(tableFromArrays({ a: [1] }), 'stream'), arrow],
    ['DATASET_FORMAT the body#byte=0', 'none', arrow],
  ]
  for (const [found, ...request] of expected)
    assert.equal(await problem(...request), found, `${found}: ${String(request[0]).slice(0, 60)}`)
  const whole = tableToIPC(imageColumn([png(), png()]), 'stream')
  for (let length = 1; length < whole.length; length += 61)
    assert.match(
      await problem(whole.subarray(0, length), arrow),
      /^(DATASET_|INVALID_REQUEST|NOT_AN)/,
    )
  const form = server.api.post('/models/shades/predict')
  for (let i = 0; i < 5; i++) form.attach('image', png(), `${i}.png`)
  const refused = await form
  assert.deepEqual([refused.status, refused.body.code], [413, 'TOO_MANY_FILES'])
})

test('the contract of a model has an example that it predicts from', async () => {
  const { body, status } = await server.api.get('/models/shades/contract')
  assert.equal(status, 200, text(body))
  assert.deepEqual(body.inputs, [{ name: 'images', dtype: 'float32', shape: [-1, 2, 2, 1] }])
  assert.deepEqual([body.kind, body.labels, body.limits.files], ['images', ['dark', 'bright'], 4])
  // published before manifests had it
  assert.equal(body.preprocessing.orientation, 'unknown')
  const { contentType, body: example } = body.example
  assert.deepEqual(await labels(text(example), contentType), ['bright'])
  assert.equal((await server.api.get('/models/nowhere/contract')).status, 404)
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PNG } from 'pngjs'
import { eventually } from '../../../testing/eventually.js'
import { putModel, startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer({ limits: { instanceBytes: 100_000, imageBytes: 200_000 } })
  await putModel(server.store, 'shades')
  await putModel(server.store, 'shades', 2)
})
after(() => server.close())

const pixels = (values: number[], more = {}) => ({
  name: 'images',
  datatype: 'FP32',
  shape: [values.length / 4, 2, 2, 1],
  data: values,
  ...more,
})
const images = [51, 1, 2, 3, 255, 0, 0, 0]
const infer = (body: object | string, path = 'shades') =>
  server.api.post(`/v2/models/${path}/infer`).send(body)
const png = () => PNG.sync.write(new PNG({ width: 2, height: 2 }))

/** Sends JSON and bytes after it, as clients of binary tensors do. */
const inferBinary = (json: object, ...binary: Uint8Array[]) => {
  const header = Buffer.from(JSON.stringify(json))
  return server.api
    .post('/v2/models/shades/infer')
    .set('inference-header-content-length', String(header.length))
    .set('content-type', 'application/octet-stream')
    .responseType('blob')
    .send(Buffer.concat([header, ...binary]))
}

test('the server and its models say what they are', async () => {
  const get = async (path: string) => {
    const { status, body, text } = await server.api.get(path)
    assert.equal(status, 200, text)
    return body
  }
  assert.deepEqual((await get('/v2')).name, 'trainyard')
  assert.deepEqual(await get('/v2/health/live'), { live: true })
  const isReady = async () => (await server.api.get('/v2/health/ready')).status === 200
  await eventually('the predictor to be ready', isReady)
  assert.deepEqual(await get('/v2/health/ready'), { ready: true })
  assert.deepEqual(await get('/v2/models/shades/ready'), { name: 'shades', ready: true })
  assert.deepEqual(await get('/v2/models/shades/versions/1'), {
    name: 'shades',
    versions: ['1', '2'],
    platform: 'tensorflow_savedmodel',
    inputs: [{ name: 'images', datatype: 'FP32', shape: [-1, 2, 2, 1] }],
    outputs: [
      { name: 'logits', datatype: 'FP32', shape: [-1, 2] },
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      { name: 'labels', datatype: 'BYTES', shape: [-1] },
    ],
  })
  const { max_batch_size, input } = await get('/v2/models/shades/config')
  assert.equal(max_batch_size, 256)
  assert.deepEqual(input[0].dims, [2, 2, 1])
})

test('tensors in JSON get the outputs that are asked for, with the numbers of our own route', async () => {
  const { body: own } = await server.api
    .post('/models/shades/predict')
    .send({ instances: [images.slice(0, 4), images.slice(4)] })
  const all = await infer({ id: 'a', inputs: [pixels(images)] })
  assert.equal(all.status, 200, all.text)
  const { outputs, ...head } = all.body
  assert.deepEqual(head, { model_name: 'shades', model_version: '2', id: 'a' })
  assert.deepEqual(
    outputs.map(({ name }: { name: string }) => name),
    ['logits', 'probabilities', 'labels'],
  )
  const own2 = own.predictions as { probabilities: number[]; label: string }[]
  assert.deepEqual(
    outputs[1].data,
    own2.flatMap(({ probabilities }) => probabilities),
  )
  assert.deepEqual(
    outputs[2].data,
    own2.map(({ label }) => label),
  )
  const one = await infer(
    { inputs: [pixels(images)], outputs: [{ name: 'labels' }] },
    'shades/versions/1',
  )
  assert.equal(one.body.model_version, '1')
  assert.deepEqual(one.body.outputs, [
    { name: 'labels', datatype: 'BYTES', shape: [2], data: ['dark', 'bright'] },
  ])
})

test('pixels may have any type of numbers', async () => {
  for (const datatype of ['UINT8', 'INT16', 'INT64', 'UINT32', 'FP64', 'FP16']) {
    const { status, body, text } = await infer({
      inputs: [pixels(images, { datatype })],
      outputs: [{ name: 'labels' }],
    })
    assert.equal(status, 200, text)
    assert.deepEqual(body.outputs[0].data, ['dark', 'bright'], datatype)
  }
})

test('binary tensors go both ways, in the order of the JSON', async () => {
  const floats = Float32Array.from(images)
  const bytes = new Uint8Array(floats.buffer)
  const answer = await inferBinary(
    {
      inputs: [pixels(images, { data: undefined, parameters: { binary_data_size: bytes.length } })],
      outputs: [
        { name: 'labels', parameters: { binary_data: true } },
        { name: 'logits' },
        { name: 'probabilities', parameters: { binary_data: true } },
      ],
    },
    bytes,
  )
  assert.equal(answer.status, 200, String(answer.body))
  assert.equal(answer.headers['content-type'], 'application/octet-stream')
  const length = Number(answer.headers['inference-header-content-length'])
  const { outputs } = JSON.parse(answer.body.subarray(0, length).toString())
  assert.deepEqual(
    outputs.map(({ parameters }: { parameters?: object }) => parameters),
    [{ binary_data_size: 18 }, undefined, { binary_data_size: 16 }],
  )
  const binary: Buffer = answer.body.subarray(length)
  assert.deepEqual(
    binary.subarray(0, 18),
    Buffer.from([4, 0, 0, 0, ...Buffer.from('dark'), 6, 0, 0, 0, ...Buffer.from('bright')]),
  )
  const probabilities = new Float32Array(Uint8Array.from(binary.subarray(18)).buffer)
  assert.deepEqual(Array.from(probabilities), [0.800000011920929, 0.20000000298023224, 0, 1])
})

test('image files are texts of bytes, base64 in JSON, or the whole body', async () => {
  const file = png()
  const length = Buffer.alloc(4)
  length.writeUInt32LE(file.length)
  const head = { name: 'images', datatype: 'BYTES', shape: [1, 1] }
  const outputs = [{ name: 'labels' }]
  const parameters = { binary_data_size: file.length + 4 }
  const binary = await inferBinary({ inputs: [{ ...head, parameters }], outputs }, length, file)
  assert.equal(binary.status, 200, String(binary.body))
  const data = [file.toString('base64')]
  const json = await infer({
    inputs: [{ ...head, data, parameters: { content_type: 'base64' } }],
    outputs,
  })
  assert.deepEqual(json.body.outputs[0].data, ['bright'])
  const raw = await server.api
    .post('/v2/models/shades/infer')
    .set('inference-header-content-length', '0')
    .responseType('blob')
    .send(file)
  assert.equal(raw.status, 200, String(raw.body))
  const floats = await server.api
    .post('/v2/models/shades/infer')
    .set('inference-header-content-length', '0')
    .responseType('blob')
    .send(Buffer.from(Float32Array.from(images).buffer))
  const headLength = Number(floats.headers['inference-header-content-length'])
  const { outputs: made } = JSON.parse(floats.body.subarray(0, headLength).toString())
  assert.deepEqual(made[0].shape, [2, 2])
})

test('the best classes come as texts', async () => {
  const outputs = (classification: number) => [
    { name: 'probabilities', parameters: { classification } },
  ]
  const classes = async (k: number) =>
    (await infer({ inputs: [pixels(images)], outputs: outputs(k) })).body.outputs[0]
  assert.deepEqual(await classes(1), {
    name: 'probabilities',
    datatype: 'BYTES',
    shape: [2, 1],
    data: ['0.800000011920929:0:dark', '1:1:bright'],
  })
  assert.deepEqual((await classes(9)).shape, [2, 2])
  assert.deepEqual((await classes(2)).data.slice(2), ['1:1:bright', '0:0:dark'])
})

test('a version is a number or an alias', async () => {
  const alias = await server.api.put('/models/shades/aliases/production').send({ version: 1 })
  assert.ok(alias.status < 300, alias.text)
  const { body } = await infer({ inputs: [pixels(images)] }, 'shades/versions/production')
  assert.equal(body.model_version, '1')
})

test('statistics count what was predicted', async () => {
  const stats = async (path: string) =>
    (await server.api.get(`/v2/models${path}/stats`)).body.model_stats
  const [before] = await stats('/shades/versions/1')
  await infer({ inputs: [pixels(images)] }, 'shades/versions/1')
  const [after] = await stats('/shades/versions/1')
  assert.equal(after.inference_count - before.inference_count, 2)
  assert.equal(after.inference_stats.success.count - before.inference_stats.success.count, 1)
  assert.ok(after.last_inference >= before.last_inference)
  assert.equal((await stats('/shades')).length, 2)
  assert.equal((await stats('')).length, 2)
})

test('the repository lists versions, loads them, and says why it unloads none', async () => {
  const post = (path: string, body: object) => server.api.post(`/v2/repository${path}`).send(body)
  const { body: index } = await post('/index', { ready: true })
  assert.deepEqual(index[0], { name: 'shades', version: '1', state: 'READY', reason: '' })
  assert.equal((await server.api.post('/v2/repository/index')).status, 200)
  assert.deepEqual((await post('/models/shades/load', {})).body, {})
  const foreign = await post('/models/shades/load', { parameters: { config: '{}' } })
  assert.equal(foreign.status, 400)
  const unload = await post('/models/shades/unload', {})
  assert.deepEqual([unload.status, Object.keys(unload.body)], [400, ['error']])
  assert.match(unload.body.error, /DELETE \/models\/shades/)
})

test('every error has the form of the protocol, and its status', async () => {
  const fit = pixels(images)
  const cases: [
    status: number,
    message: RegExp,
    answer: Promise<{ status: number; body: object }>,
  ][] = [
    [404, /there is no model "nobody"/, infer({ inputs: [fit] }, 'nobody')],
    [404, /no version 9/, infer({ inputs: [fit] }, 'shades/versions/9')],
    [404, /no alias "best"/, infer({ inputs: [fit] }, 'shades/versions/best')],
    [404, /no route matches/, server.api.get('/v2/nothing')],
    [405, /only POST/, server.api.get('/v2/models/shades/infer')],
    [
      400,
      /the input is 'pixels', expected one input, 'images'/,
      infer({ inputs: [{ ...fit, name: 'pixels' }] }),
    ],
    [400, /the input is missing/, infer({ inputs: [] })],
    [
      422,
      /has the shape \[1, 8\], expected \[n, 2, 2, 1\]/,
      infer({ inputs: [{ ...fit, shape: [1, 8] }] }),
    ],
    [
      422,
      /'images'\[0\]\[0\]\[1\]\[0\] is 256, expected 0 to 255/,
      infer({ inputs: [pixels([0, 256, 0, 0])] }),
    ],
    [
      400,
      /BOOL/,
      infer({
        inputs: [pixels([true, true, true, true] as unknown as number[], { datatype: 'BOOL' })],
      }),
    ],
    [
      400,
      /there is no output 'x', only logits, probabilities, labels/,
      infer({ inputs: [fit], outputs: [{ name: 'x' }] }),
    ],
    [
      400,
      /no classes to choose from/,
      infer({ inputs: [fit], outputs: [{ name: 'labels', parameters: { classification: 1 } }] }),
    ],
    [
      400,
      /there are 257 images to predict, expected 1 to 256/,
      infer({ inputs: [pixels(new Array(1028).fill(0))] }),
    ],
    [
      422,
      /not a PNG/,
      infer({ inputs: [{ name: 'images', datatype: 'BYTES', shape: [1], data: ['x'] }] }),
    ],
    [
      400,
      /the body is not JSON/,
      server.api.post('/v2/models/shades/infer').set('content-type', 'application/json').send('{'),
    ],
    [400, /expected to be an object/, server.api.post('/v2/models/shades/infer')],
    [413, /the JSON has/, infer({ inputs: [pixels(new Array(70_000).fill(0))] })],
    [415, /compressed \(gzip\)/, infer({ inputs: [fit] }).set('content-encoding', 'gzip')],
    [
      400,
      /Inference-Header-Content-Length is 900, but the body has/,
      infer({ inputs: [fit] }).set('inference-header-content-length', '900'),
    ],
    [
      400,
      /is -1, expected at least 0/,
      infer({ inputs: [fit] }).set('inference-header-content-length', '-1'),
    ],
  ]
  for (const [status, message, asked] of cases) {
    const answer = await asked
    assert.equal(answer.status, status, `${message}: ${JSON.stringify(answer.body)}`)
    assert.deepEqual(Object.keys(answer.body), ['error'])
    assert.match((answer.body as { error: string }).error, message)
  }
  const nan = new Uint8Array(Float32Array.from([Number.NaN, 0, 0, 0]).buffer)
  const parameters = { binary_data_size: nan.length }
  const notANumber = await inferBinary(
    { inputs: [pixels([0, 0, 0, 0], { data: undefined, parameters })] },
    nan,
  )
  assert.equal(notANumber.status, 422)
  assert.match(String(notANumber.body), /is NaN, expected 0 to 255/)
})

test('a request without a key gets 401 in the form of the protocol', async () => {
  const answer = await fetch(`${server.url}/v2/models/shades`)
  assert.equal(answer.status, 401)
  assert.deepEqual(Object.keys((await answer.json()) as object), ['error'])
})

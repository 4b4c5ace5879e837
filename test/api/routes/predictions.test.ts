import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PNG } from 'pngjs'
import { eventually } from '../../../testing/eventually.js'
import { putModel, startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer({ limits: { instanceBytes: 100_000, imageBytes: 200_000 } })
  await putModel(server.store, 'shades')
})
after(() => server.close())

const predict = (body: unknown, path = '/models/shades/predict') =>
  server.api.post(path).send(body as object)
const instances = (...list: unknown[]) => predict({ instances: list })
const png = (width = 2, height = 2) => PNG.sync.write(new PNG({ width, height }))

test('each instance in any layout gets a label and all probabilities', async () => {
  const flat = [255, 1, 2, 3]
  const rows = [
    [0, 1],
    [2, 3],
  ]
  const pixels = [
    [[51], [1]],
    [[2], [3]],
  ]
  const answer = await instances(flat, rows, pixels)
  assert.equal(answer.status, 200, answer.text)
  const { model, version, labels, predictions } = answer.body
  assert.deepEqual([model, version, labels], ['shades', 1, ['dark', 'bright']])
  assert.deepEqual(predictions[0], {
    label: 'bright',
    index: 1,
    probability: 1,
    probabilities: [0, 1],
  })
  assert.deepEqual(predictions[1].label, 'dark')
  assert.ok(Math.abs(predictions[2].probabilities[1] - 0.2) < 1e-6)
})

test('an invalid element is reported with its position', async () => {
  const fieldErrors = async (...list: unknown[]) => {
    const answer = await instances(...list)
    assert.equal(answer.status, 422, answer.text)
    assert.equal(answer.body.code, 'INVALID_INSTANCES')
    return answer.body.errors.map((e: { path: string; message: string }) => [e.path, e.message])
  }
  assert.deepEqual(await fieldErrors([0, 0, 0]), [['/instances/0', 'has 3 entries, expected 4']])
  assert.deepEqual(
    await fieldErrors(
      [0, 0, 0, 0],
      [
        [0, 0],
        [0, '7'],
      ],
    ),
    [['/instances/1/1/1', 'is a string, expected a number']],
  )
  assert.deepEqual(
    await fieldErrors(
      [
        [[0], [256]],
        [[0], [0]],
      ],
      [0, 0, -1, 0],
    ),
    [
      ['/instances/0/0/1/0', 'is 256, expected 0 to 255'],
      ['/instances/1/2', 'is -1, expected 0 to 255'],
    ],
  )
  assert.deepEqual(await fieldErrors([[0, 0], [0]]), [
    ['/instances/0/1', 'has 1 entries, expected 2'],
  ])
  assert.deepEqual(await fieldErrors([0, null, 0, 0]), [
    ['/instances/0/1', 'is null, expected a number'],
  ])
  assert.deepEqual(await fieldErrors('cat'), [['/instances/0', 'expected 2 entries']])
  assert.deepEqual(await fieldErrors([]), [['/instances/0', 'has 0 entries, expected 2']])
  assert.deepEqual(await fieldErrors([[[[[0]]]]]), [['/instances/0', 'has 1 entries, expected 2']])
  assert.equal((await fieldErrors(...Array.from({ length: 200 }, () => [0]))).length, 20)
})

test('a body without instances is a 400', async () => {
  for (const body of [
    {},
    [],
    { instances: [] },
    { instances: 'x' },
    { instance: [[0, 0, 0, 0]] },
    { instances: [[0, 0, 0, 0]], other: 1 },
    { instances: Array.from({ length: 257 }, () => [0, 0, 0, 0]) },
  ]) {
    const answer = await predict(body)
    assert.equal(answer.status, 400, JSON.stringify(body))
  }
  const post = server.api.post('/models/shades/predict').set('content-type', 'application/json')
  assert.equal((await post.send('{"instances": [[1e999, 0, 0, 0]]}')).status, 422)
})

test('the body can be an image, with its own media type or as application/octet-stream', async () => {
  for (const type of ['image/png', 'application/octet-stream', 'image/jpeg']) {
    const answer = await server.api
      .post('/models/shades/predict')
      .set('content-type', type)
      .send(png())
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.body.predictions.length, 1)
    assert.equal(answer.body.predictions[0].label, 'bright')
  }
})

test('a form with images gets one prediction for each', async () => {
  const answer = await server.api
    .post('/models/shades/predict')
    .attach('image', png(), 'a.png')
    .attach('image', png(), 'b.png')
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.predictions.length, 2)
  const bad = await server.api
    .post('/models/shades/predict')
    .attach('image', png(), 'a.png')
    .attach('image', Buffer.from('GIF89a'), 'b.gif')
  assert.equal(bad.status, 422)
  assert.equal(bad.body.errors[0].path, '/1')
  const field = await server.api.post('/models/shades/predict').field('image', 'x')
  assert.ok([400, 413].includes(field.status), field.text)
})

test('bytes that are not an image are rejected with the first wrong byte', async () => {
  const rejection = async (bytes: Buffer) => {
    const answer = await server.api
      .post('/models/shades/predict')
      .set('content-type', 'image/png')
      .send(bytes)
    assert.equal(answer.status, 422, answer.text)
    return [answer.body.code, answer.body.detail]
  }
  assert.deepEqual(await rejection(Buffer.from('{"a": 1}')), [
    'NOT_AN_IMAGE',
    'not a PNG, JPEG, WebP, GIF or BMP image: byte 0 is 0x7b, expected 0x89 (PNG) or 0xff (JPEG)',
  ])
  const damaged = png()
  damaged[5] = 0
  assert.deepEqual(await rejection(damaged), [
    'NOT_AN_IMAGE',
    'not a PNG, JPEG, WebP, GIF or BMP image: byte 5 is 0x00, expected 0x0a (PNG)',
  ])
  assert.match((await rejection(png().subarray(0, 5)))[1]!, /it ends at byte 5$/)
  assert.match((await rejection(png().subarray(0, 10)))[1]!, /has no size in its first 10 bytes$/)
  assert.match(
    (await rejection(Buffer.from([0xff, 0xd8, 0xff])))[1]!,
    /begins as JPEG, but has no size/,
  )
  assert.match(
    (await rejection(Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(90_000)])))[1]!,
    /has no size/,
  )
})

test('the name of an unknown field is escaped and cut', async () => {
  const rejection = async (field: string) => {
    const { status, body } = await predict({ instances: [[0, 0, 0, 0]], [field]: 1 })
    return [status, body.errors[0].path, body.errors[0].message]
  }
  const message = (name: string) => `unknown field '${name}', expected instances`
  assert.deepEqual(await rejection('a/b~c'), [400, '/a~1b~0c', message('a/b~c')])
  const cut = `${'x'.repeat(60)}…`
  assert.deepEqual(await rejection('x'.repeat(9000)), [400, `/${cut}`, message(cut)])
})

test('an image with too many pixels is rejected by its header', async () => {
  const bomb = png()
  bomb.writeUInt32BE(60_000, 16)
  bomb.writeUInt32BE(60_000, 20)
  const answer = await server.api
    .post('/models/shades/predict')
    .set('content-type', 'image/png')
    .send(bomb)
  assert.equal(answer.status, 422)
  assert.equal(answer.body.code, 'IMAGE_TOO_LARGE')
})

test('bodies that are too large or of another type are rejected', async () => {
  const big = await instances(Array.from({ length: 60_000 }, () => 0))
  assert.equal(big.status, 413)
  const post = () => server.api.post('/models/shades/predict')
  const image = await post().set('content-type', 'image/png').send(Buffer.alloc(300_000))
  assert.equal(image.status, 413)
  const form = await post().attach('image', Buffer.alloc(300_000), 'a.png')
  assert.equal(form.status, 413)
  const tiff = await post().set('content-type', 'image/tiff').send(Buffer.from('II*'))
  assert.equal(tiff.status, 415)
  assert.equal((await predict({}, '/models/nowhere/predict')).status, 404)
  assert.equal((await predict({}, '/models/shades/predict?version=2')).status, 404)
  assert.equal((await predict({}, '/models/shades/predict?version=x')).status, 400)
})

test('a request that ends the predictor twice is a 500 without Retry-After, and an internal error shows no details', async () => {
  for (const name of ['crash', 'fault', 'refuse']) await putModel(server.store, name)
  const ask = (name: string) => predict({ instances: [[0, 0, 0, 0]] }, `/models/${name}/predict`)
  const crashed = await ask('crash')
  assert.equal(crashed.status, 500)
  assert.equal(crashed.body.code, 'PREDICTION_CRASHES')
  assert.equal(crashed.headers['retry-after'], undefined)
  await eventually('the next predictor', () => server.deps.predictor.ready())
  const fault = await ask('fault')
  assert.equal(fault.status, 500)
  assert.doesNotMatch(fault.text, /op Foo/)
  const refused = await server.api
    .post('/models/refuse/predict')
    .set('content-type', 'image/png')
    .send(png())
  assert.equal(refused.status, 422)
})

test('a model of images rejects rows of a table', async () => {
  const answer = await server.api
    .post('/models/shades/predict')
    .set('content-type', 'text/csv')
    .send('a,b\n1,2\n')
  assert.equal(answer.status, 415)
  assert.equal(answer.body.code, 'UNSUPPORTED_MEDIA_TYPE')
})

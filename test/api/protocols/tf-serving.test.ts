import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PNG } from 'pngjs'
import { putModel, startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await putModel(server.store, 'shades')
  await putModel(server.store, 'shades', 2)
  const { status, text } = await server.api
    .put('/models/shades/aliases/production')
    .send({ version: 1 })
  assert.ok(status < 300, text)
})
after(() => server.close())

const image = [51, 1, 2, 3]
const get = (path: string) => server.api.get(path)
const post = (path: string, body: object) => server.api.post(path).send(body)

test('a model’s versions have a status, newest first', async () => {
  const available = (version: string) => ({
    version,
    state: 'AVAILABLE',
    status: { error_code: 'OK', error_message: '' },
  })
  const all = { model_version_status: [available('2'), available('1')] }
  assert.deepEqual((await get('/v1/models/shades')).body, all)
  for (const path of ['versions/1', 'labels/production'])
    assert.deepEqual((await get(`/v1/models/shades/${path}`)).body, {
      model_version_status: [available('1')],
    })
  assert.deepEqual((await get('/v1/models')).body, { models: ['shades'] })
})

test('the metadata have the signatures in TensorFlow Serving’s form', async () => {
  const { body } = await get('/v1/models/shades/metadata')
  assert.deepEqual(body.model_spec, { name: 'shades', signature_name: '', version: '2' })
  const { serving_default } = body.metadata.signature_def.signature_def
  assert.deepEqual(serving_default.inputs.images, {
    dtype: 'DT_FLOAT',
    tensor_shape: {
      dim: ['-1', '2', '2', '1'].map(size => ({ size, name: '' })),
      unknown_rank: false,
    },
    name: 'images:0',
  })
  assert.deepEqual(Object.keys(serving_default.outputs), ['logits', 'probabilities'])
  for (const path of ['versions/1', 'labels/production']) {
    const { body } = await get(`/v1/models/shades/${path}/metadata`)
    assert.equal(body.model_spec.version, '1')
  }
})

test('rows, columns and examples get the numbers of our own route, by number, label and name', async () => {
  const own = await post('/models/shades/predict', { instances: [image] })
  const { probabilities } = own.body.predictions[0]
  for (const path of ['', '/versions/1', '/labels/production']) {
    const model = `/v1/models/shades${path}`
    const rows = await post(`${model}:predict`, { instances: [image] })
    assert.equal(rows.status, 200, rows.text)
    assert.deepEqual(rows.body.predictions[0].probabilities, probabilities)
    const columns = await post(`${model}:predict`, { inputs: { images: [image] } })
    assert.deepEqual(columns.body.outputs.probabilities, [probabilities])
    const { body } = await post(`${model}:classify`, { examples: [{ images: image }] })
    assert.deepEqual(body.results, [
      [
        ['dark', probabilities[0]],
        ['bright', probabilities[1]],
      ],
    ])
  }
})

test('bodies need no content type, and files are base64', async () => {
  const b64 = PNG.sync.write(new PNG({ width: 2, height: 2 })).toString('base64')
  for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'image/png']) {
    const response = await fetch(`${server.url}/v1/models/shades:predict`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.key}`, 'content-type': type },
      body: JSON.stringify({ signature_name: 'serving_files', instances: [{ b64 }] }),
    })
    const text = await response.text()
    assert.equal(response.status, 200, text)
    assert.deepEqual(JSON.parse(text).predictions[0].probabilities, [0, 1])
  }
})

test('paths are the same in upper and lower case, but names are not', async () => {
  assert.equal(
    (await post('/V1/Models/shades/VERSIONS/1:Predict', { instances: [image] })).status,
    200,
  )
  assert.equal((await get('/v1/MODELS/shades/Labels/production/MetaData')).status, 200)
  assert.equal((await get('/v1/models/Shades')).status, 404)
})

test('every error has the form of the protocol, and its status', async () => {
  const fit = { instances: [image] }
  const cases: [
    status: number,
    message: RegExp,
    answer: Promise<{ status: number; body: object }>,
  ][] = [
    [404, /no model/, post('/v1/models/nobody:predict', fit)],
    [404, /no version 7/, post('/v1/models/shades/versions/7:predict', fit)],
    [404, /versions are whole numbers/, post('/v1/models/shades/versions/production:predict', fit)],
    [404, /no alias "best"/, post('/v1/models/shades/labels/best:predict', fit)],
    [404, /no route matches/, post('/v1/models/shades:generate', fit)],
    [405, /only POST/, server.api.put('/v1/models/shades/versions/1:predict')],
    [404, /no route matches/, get('/v1/models/shades/nothing')],
    [400, /neither instances nor inputs/, post('/v1/models/shades:predict', {})],
    [400, /predicts classes/, post('/v1/models/shades:regress', { examples: [] })],
    [400, /examples is expected/, post('/v1/models/shades:classify', fit)],
    [400, /not JSON/, post('/v1/models/shades:predict', '{' as unknown as object)],
    [
      422,
      /is 256, expected 0 to 255/,
      post('/v1/models/shades:predict', { instances: [[256, 0, 0, 0]] }),
    ],
  ]
  for (const [status, message, asked] of cases) {
    const answer = await asked
    assert.equal(answer.status, status, `${message}: ${JSON.stringify(answer.body)}`)
    assert.deepEqual(Object.keys(answer.body), ['error'])
    assert.match((answer.body as { error: string }).error, message)
  }
})

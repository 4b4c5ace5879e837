import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  putModel,
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'

let server: TestServer
before(async () => {
  server = await startServer()
  await putModel(server.store, 'shades', 1)
  await putModel(server.store, 'shades', 2)
  await putModel(server.store, 'tones', 1)
})
after(() => server.close())

test('models are listed by name, in pages', async () => {
  const first = await server.api.get('/models?limit=1')
  assert.equal(first.status, 200)
  assert.equal(first.body.items[0].id, 'shades')
  assert.deepEqual(first.body.items[0].versions, [1, 2])
  const second = await server.api.get(`/models?limit=1&cursor=${first.body.nextCursor}`)
  assert.equal(second.body.items[0].id, 'tones')
  assert.equal(second.body.nextCursor, null)
})

test('a network that is loaded says what runs it', async () => {
  await putModel(server.store, 'zebras', 1)
  const { body: cold } = await server.api.get('/models/zebras')
  assert.equal(cold.serving, undefined)
  const predicted = await server.api
    .post('/models/zebras/predict')
    .send({ instances: [[255, 1, 2, 3]] })
  assert.equal(predicted.status, 200, predicted.text)
  const { body: warm } = await server.api.get('/models/zebras')
  assert.deepEqual(warm.serving, {
    runtime: 'tensorflow',
    precision: 'fp32',
    reason: 'it stands in for a network',
    isFallback: false,
  })
})

test('a model is read in its newest version, or in the requested one', async () => {
  const newest = await server.api.get('/models/shades')
  assert.equal(newest.body.version, 2)
  assert.deepEqual(newest.body.labels, ['dark', 'bright'])
  assert.equal((await server.api.get('/models/shades?version=1')).body.version, 1)
  const missing = await server.api.get('/models/shades?version=3')
  assert.equal(missing.status, 404)
  assert.equal(missing.body.code, 'MODEL_NOT_FOUND')
  assert.equal((await server.api.get('/models/nowhere')).status, 404)
  assert.equal((await server.api.get('/models/shades?version=0')).status, 400)
})

test('an export of a file that is no model names the file and the cure', async () => {
  // the graph of these models is a word
  for (const format of ['onnx', 'tfjs']) {
    const { status, body } = await server.api.get(`/models/shades/export?format=${format}`)
    assert.deepEqual([status, body.code], [409, 'DAMAGED'])
    assert.match(body.detail, /^models\/shades\/2\/saved_model\/saved_model\.pb is no SavedModel: /)
  }
})

test('a network is downloaded as a SavedModel, and cannot be exported as trees', async () => {
  const archive = await server.api.get('/models/shades/archive?version=1').responseType('blob')
  assert.equal(archive.status, 200)
  assert.equal(archive.headers['content-disposition'], 'attachment; filename="shades-1.tar"')
  for (const name of ['manifest.json', 'saved_model/saved_model.pb']) {
    assert.ok((archive.body as Buffer).includes(`shades-1/${name}`), name)
  }
  const trees = await server.api.get('/models/shades/export?format=ubj')
  assert.equal(trees.status, 409)
  assert.equal(trees.body.code, 'NOT_A_BOOSTING_MODEL')
  assert.match(trees.body.detail, /use one of onnx, tfjs, checkpoint$/)
  assert.equal((await server.api.get('/models/shades/export?format=pmml')).status, 400)
  assert.equal((await server.api.get('/models/nowhere/archive')).status, 404)
})

test('a version, or a whole model, is deleted unless a job starts from it', async () => {
  const { version } = await putModel(server.store, 'hues', 1)
  await putModel(server.store, 'hues', 2)
  const folder = join(server.folder, 'data', 'models', 'hues', String(version))
  const sizes = await Promise.all(
    ['manifest.json', 'saved_model/saved_model.pb'].map(
      async name => (await stat(join(folder, name))).size,
    ),
  )
  await uploadDataset(server)
  const job = await server.api.post('/jobs').send({ ...smallJob, initFrom: { model: 'hues' } })
  assert.equal(job.status, 202, job.text)

  const refused = await server.api.delete('/models/hues?version=2')
  assert.deepEqual([refused.status, refused.body.code], [409, 'MODEL_IN_USE'])
  assert.equal((await server.api.delete('/models/hues')).status, 409)
  const other = await server.api.delete('/models/hues?version=1')
  assert.equal(other.status, 200, other.text)
  assert.deepEqual(other.body, {
    versions: [1],
    freedBytes: sizes[0]! + sizes[1]!,
    aliases: [],
  })
  assert.equal((await server.api.delete('/models/hues?version=1')).status, 404)

  await server.api.post(`/jobs/${job.body.id}/cancel`)
  const rest = await server.api.delete('/models/hues')
  assert.deepEqual([rest.status, rest.body.versions], [200, [2]])
  assert.ok(rest.body.freedBytes > 0)
  assert.equal((await server.api.get('/models/hues')).status, 404)
  assert.equal((await server.api.delete('/models/hues')).status, 404)
  const { body } = await server.api.get('/models')
  assert.ok(body.items.every((model: { id: string }) => model.id !== 'hues'))
})

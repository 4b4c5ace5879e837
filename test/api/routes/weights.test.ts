import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
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
  await uploadDataset(server)
})
after(() => server.close())

const folder = 'test/formats/fixtures'
const indexed = ['new.ckpt.index', 'new.ckpt.data-00000-of-00002', 'new.ckpt.data-00001-of-00002']

const leftovers = () => readdir(join(server.folder, 'data', '.staging'))

type Part = readonly [name: string, content: Buffer]

async function upload(parts: readonly (string | Part)[], name?: string) {
  const form = server.api.post('/weights')
  if (name) form.field('name', name)
  for (const part of parts) {
    if (typeof part === 'string') form.attach('file', await readFile(join(folder, part)), part)
    else form.attach('file', part[1], part[0])
  }
  return form
}

test('checkpoints of both formats are stored, listed, read and deleted', async () => {
  const now = await upload(indexed, 'resnet-v2')
  assert.equal(now.status, 201, now.text)
  assert.match(now.body.id, /^wt-[0-9a-f]{16}$/)
  assert.equal(now.headers.location, `/weights/${now.body.id}`)
  assert.equal(now.body.name, 'resnet-v2')
  assert.equal(now.body.tensors.length, 13)
  const again = await upload(indexed.toReversed())
  assert.equal(again.status, 200)
  assert.deepEqual(again.body, now.body)

  const old = await upload(['old.ckpt'])
  assert.equal(old.status, 201, old.text)
  assert.deepEqual(old.body.tensors, now.body.tensors)
  assert.equal(old.body.format, 'v1')

  const ids = [now.body.id, old.body.id].sort()
  const first = await server.api.get('/weights?limit=1')
  assert.equal(first.body.items[0].id, ids[0])
  assert.equal(first.body.items[0].tensors, 13)
  const second = await server.api.get(`/weights?cursor=${first.body.nextCursor}`)
  assert.deepEqual(
    second.body.items.map(({ id }: { id: string }) => id),
    ids.slice(1),
  )
  for (const { body } of [now, old]) {
    assert.deepEqual((await server.api.get(`/weights/${body.id}`)).body, body)
    assert.equal((await server.api.delete(`/weights/${body.id}`)).status, 204)
    assert.equal((await server.api.get(`/weights/${body.id}`)).status, 404)
  }
  assert.deepEqual(await leftovers(), [])
})

test('an upload may say how images were normalized, and other normalizations are other weights', async () => {
  const send = async (normalize: string) =>
    server.api
      .post('/weights')
      .field('normalize', normalize)
      .attach('file', await readFile(join(folder, 'old.ckpt')), 'old.ckpt')
  const plain = await upload(['old.ckpt'])
  assert.equal(plain.body.normalize, undefined)
  const caffe = await send('caffe')
  assert.equal(caffe.status, 201, caffe.text)
  assert.equal(caffe.body.normalize, 'caffe')
  assert.notEqual(caffe.body.id, plain.body.id)
  assert.equal((await send('caffe')).status, 200)
  const own = await send('{"mean": [1, 2, 3], "std": [4]}')
  assert.deepEqual(own.body.normalize, { mean: [1, 2, 3], std: [4] })
  const listed = await server.api.get('/weights')
  assert.equal(listed.body.items.length, 3)
  for (const [normalize, message] of [
    ['Caffe', /is "Caffe", expected one of caffe, inception, torchvision, or \{"mean"/],
    ['dataset', /expected one of/],
    ['{"mean": [1], "std": [0]}', /std above 0/],
    ['{"mean": [0.5], "std": [0.5]}', /are for pixels from 0 to 1/],
    ['{"mean": [1, 2, 3], "std": [1, 2]}', /2 values of std/],
  ] as const) {
    const refused = await send(normalize)
    assert.equal(refused.status, 422, refused.text)
    assert.equal(refused.body.errors[0].path, '/normalize')
    assert.match(refused.body.errors[0].message, message)
  }
  for (const { body } of [plain, caffe, own]) await server.api.delete(`/weights/${body.id}`)
  assert.deepEqual(await leftovers(), [])
})

const text = (content: string) => Buffer.from(content.padEnd(64, '-'))
const bytes = (...values: number[]) => Buffer.concat([Buffer.from(values), Buffer.alloc(64)])

const foreigners: readonly (readonly [Part, RegExp])[] = [
  [['saved_model.pb', text('graph')], /saved_model\.pb is a SavedModel/],
  [['new.ckpt.meta', text('graph')], /is a graph \(MetaGraph\); leave it out/],
  [['frozen.pb', text('graph')], /graphs are never taken/],
  [['checkpoint', text('model_checkpoint_path')], /is a list of checkpoints; leave it out/],
  [['model.h5', bytes(0x89, 0x48, 0x44, 0x46)], /model\.h5 is an HDF5 file/],
  [['model.keras', text('PK\u0003\u0004')], /is a zip archive/],
  [['model.tar.gz', bytes(0x1f, 0x8b)], /is a gzip archive; unpack it first/],
  [['model.pkl', bytes(0x80, 4, 0x95)], /is a pickle/],
  [
    ['model.safetensors', Buffer.concat([Buffer.from([64, 0, 0, 0, 0, 0, 0, 0]), text('{')])],
    /is a safetensors file/,
  ],
  [['weights.npy', bytes(0x93, 0x4e, 0x55, 0x4d)], /is a NumPy array/],
  [['notes.txt', text('hello')], /notes\.txt is no part of a checkpoint/],
]

test('files that are not checkpoints are rejected with what they are', async () => {
  for (const [part, message] of foreigners) {
    const answer = await upload([part])
    assert.equal(answer.status, 422, `${part[0]}: ${answer.text}`)
    assert.equal(answer.body.code, 'WEIGHTS_FORMAT')
    assert.match(answer.body.detail, message)
    assert.match(answer.body.detail, /expected a TensorFlow checkpoint/)
  }
  assert.deepEqual(await leftovers(), [])
})

test('an incomplete checkpoint is rejected', async () => {
  const missing = await upload(indexed.slice(0, 2))
  assert.equal(missing.status, 422)
  assert.equal(missing.body.code, 'WEIGHTS_INCOMPLETE')
  assert.match(missing.body.detail, /ends in \.data-00001-of-00002 is missing/)

  const noIndex = await upload(indexed.slice(1))
  assert.match(noIndex.body.detail, /there is no \.index file/)
  assert.match((await upload([...indexed, 'old.ckpt'])).body.detail, /a second checkpoint beside/)

  const values = await readFile(join(folder, indexed[1]!))
  values[0]! ^= 1
  const changed = await upload([indexed[0]!, [indexed[1]!, values], indexed[2]!])
  assert.equal(changed.status, 422)
  assert.equal(changed.body.code, 'WEIGHTS_DAMAGED')
  assert.match(changed.body.detail, /values of resnet\/conv_0\/weights do not match/)
  assert.equal((await upload(indexed, 'No Name')).body.errors[0].path, '/name')
  assert.deepEqual(await leftovers(), [])
})

const submit = (more: object) => server.api.post('/jobs').send({ ...smallJob, ...more })

/** The network whose variables the checkpoint has, apart from those of another shape. */
const model = { kind: 'resnet', blocks: 1, filters: 4 }

test('initFrom is resolved to the newest version when the job is submitted', async () => {
  await putModel(server.store, 'shades-model', 1)
  await putModel(server.store, 'shades-model', 2)
  const { body: weights } = await upload(['old.ckpt'])
  for (const [asked, chosen] of [
    [{ model: 'shades-model' }, { model: 'shades-model', version: 2 }],
    [
      { model: 'shades-model', version: 1 },
      { model: 'shades-model', version: 1 },
    ],
    [{ weights: weights.id }, { weights: weights.id }],
  ]) {
    const job = await submit({ model, initFrom: asked, freeze: ['resnet/conv_0/*'] })
    assert.equal(job.status, 202, job.text)
    assert.deepEqual(job.body.initFrom, chosen)
    assert.deepEqual(job.body.freeze, ['resnet/conv_0/*'])
    assert.equal(job.body.initialized, null)
    const report = { matched: ['a'], skipped: [{ name: 'b', reason: 'the checkpoint has none' }] }
    await server.store.createJson<unknown>(`jobs/${job.body.id}/initialized.json`, report)
    const read = await server.api.get(`/jobs/${job.body.id}`)
    assert.deepEqual(read.body.initialized, report)
    if (!('weights' in asked!)) continue
    const kept = await server.api.delete(`/weights/${weights.id}`)
    assert.equal(kept.status, 409)
    assert.equal(kept.body.code, 'WEIGHTS_IN_USE')
    await server.api.post(`/jobs/${job.body.id}/cancel`)
    assert.equal((await server.api.delete(`/weights/${weights.id}`)).status, 204)
  }
})

test('what the weights set is known before the job is queued, and weights that cannot match are refused', async () => {
  const { body: weights } = await upload(['old.ckpt'])
  const initFrom = { weights: weights.id, normalize: 'inception' }
  const job = { ...smallJob, model, initFrom, freeze: ['resnet/conv_0/*'] }
  const { body: plan } = await server.api.post('/jobs?dryRun=true').send(job)
  assert.deepEqual(plan.normalization, { mean: [127.5], std: [127.5], from: 'request' })
  assert.equal(plan.initialized.matched.length, 10)
  assert.deepEqual(plan.initialized.cast, [
    { name: 'resnet/unit_1/conv2/weights', from: 'float64' },
  ])
  const [first] = plan.initialized.skipped
  assert.deepEqual(first, {
    name: 'resnet/conv_0/weights',
    reason: 'it is [3, 3, 3, 4] in the checkpoint, [3, 3, 1, 4] in the network',
  })
  const submitted = await submit({ ...job, name: 'same' })
  assert.equal(submitted.status, 202, submitted.text)
  for (const { notes } of [plan, submitted.body]) {
    const messages = notes.map((note: { code: string; message: string }) => [
      note.code,
      note.message,
    ])
    assert.deepEqual(
      messages.map(([code]: string[]) => code),
      ['initial_weights_partly_used', 'initial_weights_cast', 'frozen_random'],
    )
    assert.match(messages[0][1], /^10 of 20 variables do not start .* it is \[3, 3, 3, 4\]/)
    assert.match(messages[1][1], /^1 variables are float64/)
    assert.match(messages[2][1], /keeps 1 variables at random values.*'resnet\/conv_0\/weights'/)
  }
  for (const [url, other, message] of [
    [
      '/jobs',
      { kind: 'resnet' },
      /of resnet\/conv_0\/weights, it is \[3, 3, 3, 4\] in the checkpoint/,
    ],
    [
      '/jobs?dryRun=true',
      { kind: 'resnet', depth: 20 },
      /the network has resnet_v2_20\/conv1\/weights/,
    ],
  ] as const) {
    const refused = await server.api.post(url).send({ ...smallJob, model: other, initFrom })
    assert.equal(refused.status, 422, refused.text)
    assert.equal(refused.body.errors[0].code, 'nothing_matches')
    assert.equal(refused.body.errors[0].path, '/initFrom')
    assert.match(refused.body.errors[0].message, message)
  }
  const frozen = await submit({ freeze: ['resnet/conv_0/*'] })
  assert.deepEqual(
    frozen.body.notes.map(({ code }: { code: string }) => code),
    ['frozen_random'],
  )
})

test('an invalid initFrom is rejected with the path of the field', async () => {
  const { body: job } = await submit({})
  const cases: [object, string, RegExp][] = [
    [{}, '/initFrom', /there is none of them/],
    [{ model: 'a', job: job.id }, '/initFrom', /there is model and job/],
    [{ job: job.id, version: 1 }, '/initFrom/version', /a version goes with a model/],
    [{ model: 'nobody' }, '/initFrom/model', /there is no model "nobody"/],
    [{ weights: 'wt-0123456789abcdef' }, '/initFrom/weights', /there are no weights/],
    [{ job: job.id }, '/initFrom/step', /does not have a checkpoint; it has none/],
    [{ job: job.id, step: 5 }, '/initFrom/step', /does not have checkpoint 5/],
    [{ job: 'job-00000000000000000000000000' }, '/initFrom/job', /there is no job/],
  ]
  for (const [initFrom, path, message] of cases) {
    const { status, body } = await submit({ initFrom })
    assert.equal(status, 422, JSON.stringify(body))
    assert.equal(body.errors[0].path, path)
    assert.match(body.errors[0].message, message)
  }
  assert.equal((await submit({ initFrom: { modell: 'a' } })).status, 400)
})

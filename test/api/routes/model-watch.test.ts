import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { PNG } from 'pngjs'
import {
  GRPCInferenceService,
  ModelInferRequestSchema,
} from '../../../src/serving/grpc/proto/inference_pb.js'
import { serviceDefinition } from '../../../src/serving/grpc/service-definition.js'
import type { Reference } from '../../../src/spec/model-watch.js'
import { referencePart } from '../../../src/watching/bins.js'
import { imageColumns } from '../../../src/watching/image-features.js'
import { scoreColumns } from '../../../src/watching/scores.js'
import { eventually } from '../../../testing/eventually.js'
import { scrape } from '../../../testing/scrape.js'
import { putModel, startServer, type TestServer } from '../../../testing/test-server.js'

const failpoints = join(tmpdir(), `model-watch-${process.pid}.json`)

let server: TestServer
before(async () => {
  server = await startServer({ grpcPort: 0, failpoints })
  for (const version of [1, 2]) await putModel(server.store, 'shades', version, shadesReference())
  await putModel(server.store, 'old')
  await putModel(server.store, 'refuse')
})
after(async () => {
  await server.close()
  await rm(failpoints, { force: true })
})

/** Of images of one brightness each, from 0 to 254, and a network that is as sure as they are bright. */
function shadesReference(): Reference {
  const model = {
    labels: ['dark', 'bright'],
    model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 4, kernel: 3, ratio: 4 },
  } as const
  const shades = Array.from({ length: 1000 }, (_, i) => i % 255)
  const inputs = Float32Array.from(shades.flatMap(shade => [shade, 0]))
  const scores = Float32Array.from(
    shades.flatMap(shade => [Number(shade > 127), Math.max(shade, 255 - shade) / 255]),
  )
  return {
    format: 1,
    inputs: referencePart('training', 1000, { rows: inputs, width: 2, columns: imageColumns(1) }),
    scores: referencePart('validation', 1000, {
      ...{ rows: scores, width: 2, columns: scoreColumns({ ...model, labels: [...model.labels] }) },
    }),
  }
}

const grey = (shade: number) => Array(4).fill(shade)
const api = () => server.api
const predict = (instances: unknown[], path = '/models/shades/predict') =>
  api().post(path).send({ instances })
const drift = async (query = '') => (await api().get(`/models/shades/drift${query}`)).body

async function inferOverGrpc(): Promise<void> {
  const port = /"port":(\d+),"msg":"gRPC is served"/.exec(server.log())![1]
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${server.key}`)
  const { path, requestSerialize, responseDeserialize } =
    serviceDefinition(GRPCInferenceService).modelInfer!
  const request = create(ModelInferRequestSchema, {
    modelName: 'shades',
    inputs: [
      {
        ...{ name: 'images', datatype: 'FP32', shape: [1n, 2n, 2n, 1n] },
        contents: { fp32Contents: grey(50) },
      },
    ],
  })
  try {
    await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        ...([path, requestSerialize, responseDeserialize, request, metadata] as const),
        (error, answer) => (error ? reject(error) : resolve(answer)),
      )
    })
  } finally {
    client.close()
  }
}

test('every protocol counts an image once, and keeps one sample', async () => {
  const set = await api()
    .put('/models/shades/watch')
    .send({ samples: { share: 1 } })
  assert.equal(set.status, 200, set.text)
  assert.deepEqual(set.body.samples, {
    ...{ share: 1, maxBytes: 100 * 2 ** 20, maxAgeDays: 30, inputs: true },
  })
  const image = grey(50)
  const tensor = { name: 'images', datatype: 'FP32', shape: [1, 2, 2, 1], data: image }
  const png = PNG.sync.write(new PNG({ width: 2, height: 2 }))
  const requests: (() => PromiseLike<{ status: number; text: string }>)[] = [
    () => predict([image]),
    () => api().post('/models/shades/predict').set('content-type', 'image/png').send(png),
    () =>
      api()
        .post('/v2/models/shades/infer')
        .send({ inputs: [tensor] }),
    () =>
      api()
        .post('/v1/models/shades:predict')
        .send({ instances: [image] }),
    () =>
      api()
        .post('/v1/models/shades:classify')
        .send({ examples: [{ images: image }] }),
  ]
  let expected = 0
  const check = async () => {
    expected++
    assert.equal((await drift()).rows.counted, expected)
    assert.equal((await api().get('/models/shades/samples')).body.items.length, expected)
  }
  for (const request of requests) {
    const { status, text } = await request()
    assert.equal(status, 200, text)
    await check()
  }
  await inferOverGrpc()
  await check()
  // a request that only loads the model is none
  await api().post('/v2/repository/models/shades/load').send({})
  assert.equal((await drift()).rows.counted, expected)
  const { body } = await api().get('/models/shades/samples?limit=2')
  assert.deepEqual(body.items[1].input, { images: [{ b64: png.toString('base64') }] })
  assert.equal(body.damagedLines, 0)
  const next = await api().get(`/models/shades/samples?limit=9&cursor=${body.nextCursor}`)
  assert.deepEqual([next.body.items.length, next.body.nextCursor], [expected - 2, null])
  const download = await api().get('/models/shades/samples?format=ndjson').buffer(true)
  assert.match(download.headers['content-type']!, /^application\/x-ndjson/)
  assert.equal(download.text.trim().split('\n').length, expected)
  const watch = (await api().get('/models/shades/watch')).body
  assert.equal(watch.stored.files, 1)
  assert.deepEqual(watch.counts, { kept: expected, dropped: 0, removed: 0 })
  assert.equal((await api().delete('/models/shades/samples?version=1')).status, 204)
  assert.equal((await api().get('/models/shades/samples')).body.items.length, expected)
  assert.equal((await api().delete('/models/shades/samples')).status, 204)
  assert.equal((await api().get('/models/shades/samples')).body.items.length, 0)
  assert.equal((await api().put('/models/shades/watch').send({ samples: null })).body.samples, null)
})

test('images that are brighter than those of the training are drift, by version, also on /metrics', async () => {
  const bright = Array.from({ length: 250 }, (_, i) => grey(240 + (i % 15)))
  const all = Array.from({ length: 250 }, (_, i) => grey(i))
  for (let i = 0; i < 6; i++) {
    for (const [version, images] of [
      [1, bright],
      [2, all],
    ] as const)
      assert.equal(
        (await predict([...images], `/models/shades/predict?version=${version}`)).status,
        200,
      )
  }
  const report = await drift('?version=1')
  assert.deepEqual([report.version, report.rows.counted], [1, 1500])
  assert.deepEqual(
    [report.inputs.status, report.inputs.worst.name, report.scores.status],
    ['large', 'brightness', 'large'],
  )
  const byClass = report.scores.features.find((each: { name: string }) => each.name === 'class')
  const live = Object.fromEntries(
    byClass.bins.map(({ name, live }: { name: string; live: number }) => [name, live]),
  )
  assert.deepEqual([live.dark, live.bright], [0, 1500])
  assert.equal((await drift('?version=2')).inputs.status, 'none')
  const today = new Date().toISOString().slice(0, 10)
  assert.equal((await drift(`?version=1&from=${today}&to=${today}`)).rows.counted, 1500)
  assert.equal((await drift('?version=1&to=2026-01-07')).from, '2026-01-01')
  assert.equal((await drift('?version=1&to=2026-01-07')).rows.counted, 0)
  await server.deps.watch.histograms.refresh()
  const numbers = await scrape(server)
  const psi = (version: number, of: string) =>
    numbers.get(`trainyard_drift_psi{model="shades",version="${version}",of="${of}"}`)!
  assert.ok(psi(1, 'inputs') > 0.25 && psi(1, 'scores') > 0.25)
  assert.ok(psi(2, 'inputs') < 0.1)
  assert.equal(numbers.get('trainyard_drift_compared_rows{model="shades",version="1"}'), 1500)
  assert.equal(numbers.get('trainyard_request_samples_total{outcome="kept"}'), 6)
})

test('the time of requests and the codes of errors are counted by version', async () => {
  const png = PNG.sync.write(new PNG({ width: 2, height: 2 }))
  const refused = await api()
    .post('/models/refuse/predict')
    .set('content-type', 'image/png')
    .send(png)
  assert.equal(refused.status, 422)
  const numbers = await scrape(server)
  const error =
    'trainyard_version_errors_total{model="refuse",version="1",code="UNDECODABLE_IMAGE"}'
  assert.equal(numbers.get(error), 1)
  assert.equal(
    numbers.get('trainyard_version_duration_seconds_count{model="shades",version="1"}'),
    6,
  )
  assert.equal(
    numbers.get('trainyard_version_duration_seconds_bucket{le="30",model="shades",version="1"}'),
    6,
  )
})

test('a full disk disturbs no answer', async () => {
  await api()
    .put('/models/shades/watch')
    .send({ samples: { share: 1 } })
  const failpoint = { process: 'api', error: 'ENOSPC', when: 'within', probability: 1 }
  await writeFile(failpoints, JSON.stringify([failpoint]))
  for (let i = 0; i < 5; i++) assert.equal((await predict([grey(i)])).status, 200)
  await server.deps.watch.samples.written()
  await rm(failpoints)
  const { counts, stored } = (await api().get('/models/shades/watch')).body
  assert.deepEqual([counts.dropped, stored.bytes], [5, 0])
  await api().put('/models/shades/watch').send({ samples: null })
})

test('an older version has nothing to compare with, which is said', async () => {
  assert.equal((await predict([grey(1)], '/models/old/predict')).status, 200)
  const { body } = await api().get('/models/old/drift')
  assert.deepEqual([body.inputs, body.scores], [null, null])
  assert.equal(body.notes[0].code, 'reference_missing')
})

test('what cannot be had is refused', async () => {
  const cases: [status: number, answer: PromiseLike<{ status: number; text: string }>][] = [
    [404, api().get('/models/nobody/watch')],
    [404, api().put('/models/nobody/watch').send({ samples: null })],
    [404, api().get('/models/nobody/samples')],
    [404, api().delete('/models/nobody/samples')],
    [404, api().get('/models/nobody/drift')],
    [404, api().get('/models/shades/drift?version=9')],
    [422, api().get('/models/shades/drift?from=2026-02-30')],
    [400, api().get('/models/shades/drift?to=yesterday')],
    [400, api().get('/models/shades/drift?from=2026-02-03&to=2026-02-01')],
    [400, api().get('/models/shades/samples?cursor=../x')],
    [400, api().put('/models/shades/watch').send({})],
    [
      400,
      api()
        .put('/models/shades/watch')
        .send({ samples: { share: 2 } }),
    ],
    [
      400,
      api()
        .put('/models/shades/watch')
        .send({ samples: { share: 1, maxBytes: 10 } }),
    ],
  ]
  for (const [i, [status, answer]] of cases.entries()) {
    const { status: found, text } = await answer
    assert.equal(found, status, `case ${i}: ${text}`)
  }
})

test('a deleted version leaves nothing behind', async () => {
  await server.deps.watch.histograms.refresh()
  assert.ok((await server.store.list('model-watch/shades/versions')).includes('1'))
  const { status, text } = await api().delete('/models/shades')
  assert.equal(status, 200, text)
  const isGone = async () => !(await server.store.list('model-watch')).includes('shades')
  await eventually('the counts and settings to go', isGone)
})

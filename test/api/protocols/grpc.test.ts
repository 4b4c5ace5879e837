import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { create, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf'
import { anyUnpack, Int64ValueSchema } from '@bufbuild/protobuf/wkt'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { PNG } from 'pngjs'
import { DataType } from '../../../src/graph/proto/tensorflow_pb.js'
import {
  Health,
  HealthCheckResponse_ServingStatus,
} from '../../../src/serving/grpc/proto/health_pb.js'
import {
  GRPCInferenceService,
  type ModelInferRequestSchema,
  type ModelInferResponse,
  type ModelStreamInferResponse,
} from '../../../src/serving/grpc/proto/inference_pb.js'
import {
  ModelService,
  PredictionService,
  SignatureDefMapSchema,
} from '../../../src/serving/grpc/proto/tensorflow_serving_pb.js'
import { serviceDefinition } from '../../../src/serving/grpc/service-definition.js'
import { putModel, startServer, type TestServer } from '../../../testing/test-server.js'

let server: TestServer
let client: Client
before(async () => {
  server = await startServer({ grpcPort: 0, limits: { imageBytes: 200_000, bodyGraceMs: 500 } })
  await putModel(server.store, 'shades')
  await putModel(server.store, 'shades', 2)
  const port = /"port":(\d+),"msg":"gRPC is served"/.exec(server.log())![1]
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
})
after(async () => {
  client.close()
  await server.close()
})

const methods = {
  ...GRPCInferenceService.method,
  ...Health.method,
  ...PredictionService.method,
  ...ModelService.method,
}
type Methods = typeof methods
const definitions = {
  ...serviceDefinition(GRPCInferenceService),
  ...serviceDefinition(Health),
  ...serviceDefinition(PredictionService),
  ...serviceDefinition(ModelService),
}

function withKey(key = server.key): Metadata {
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${key}`)
  return metadata
}

function call<M extends keyof Methods>(
  method: M,
  request: MessageInitShape<Methods[M]['input']>,
  { metadata = withKey(), deadline }: { metadata?: Metadata; deadline?: number } = {},
): Promise<MessageShape<Methods[M]['output']>> {
  const { path, requestSerialize, responseDeserialize } = definitions[method]!
  const message = create(methods[method].input, request as never)
  const options = deadline === undefined ? {} : { deadline }
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      ...[path, requestSerialize, responseDeserialize, message, metadata, options],
      (error: ServiceError | null, answer?: unknown) =>
        error ? reject(error) : resolve(answer as MessageShape<Methods[M]['output']>),
    )
  })
}

const refused = (code: status, message: RegExp) => (error: ServiceError) => {
  assert.equal(error.code, code, error.message)
  assert.match(error.details, message)
  return true
}

const images = [51, 1, 2, 3, 255, 0, 0, 0]
const contents = { name: 'images', datatype: 'FP32', shape: [2n, 2n, 2n, 1n] }
const asFloats = { ...contents, contents: { fp32Contents: images } }
const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer)

const floatsOf = ({ outputs, rawOutputContents }: ModelInferResponse, name: string) => {
  const index = outputs.findIndex(output => output.name === name)
  return [...new Float32Array(new Uint8Array(rawOutputContents[index]!).buffer)]
}

test('predictions have the numbers of our own route, as values and as bytes', async () => {
  const { body } = await server.api
    .post('/models/shades/predict')
    .send({ instances: [images.slice(0, 4), images.slice(4)] })
  const expected = (body.predictions as { probabilities: number[] }[]).flatMap(p => p.probabilities)
  const answer = await call('modelInfer', { modelName: 'shades', id: 'a', inputs: [asFloats] })
  assert.deepEqual([answer.modelName, answer.modelVersion, answer.id], ['shades', '2', 'a'])
  assert.deepEqual(
    answer.outputs.map(({ name, shape }) => [name, shape]),
    [
      ['logits', [2n, 2n]],
      ['probabilities', [2n, 2n]],
      ['labels', [2n]],
    ],
  )
  assert.deepEqual(floatsOf(answer, 'probabilities'), expected)
  const raw = await call('modelInfer', {
    modelName: 'shades',
    modelVersion: '1',
    inputs: [contents],
    rawInputContents: [bytesOf(Float32Array.from(images))],
    outputs: [{ name: 'probabilities' }],
  })
  assert.equal(raw.modelVersion, '1')
  assert.deepEqual(
    raw.outputs.map(({ name }) => name),
    ['probabilities'],
  )
  assert.deepEqual(floatsOf(raw, 'probabilities'), expected)
})

test('models say what they are, how to ask them, and what was counted', async () => {
  const metadata = await call('modelMetadata', { name: 'shades', version: '1' })
  assert.deepEqual(metadata.versions, ['1', '2'])
  assert.deepEqual(metadata.inputs[0]!.shape, [-1n, 2n, 2n, 1n])
  const { config } = await call('modelConfig', { name: 'shades' })
  assert.equal(config!.maxBatchSize, 256)
  assert.deepEqual(config!.input[0]!.dims, [2n, 2n, 1n])
  assert.equal((await call('serverMetadata', {})).name, 'trainyard')
  assert.equal((await call('modelReady', { name: 'shades' })).ready, true)
  assert.equal((await call('modelReady', { name: 'nobody' })).ready, false)
  const { models } = await call('repositoryIndex', {})
  assert.deepEqual(
    models.map(({ name, version, state }) => [name, version, state]),
    [
      ['shades', '1', 'READY'],
      ['shades', '2', 'READY'],
    ],
  )
  await call('modelInfer', { modelName: 'shades', inputs: [asFloats] })
  const { modelStats } = await call('modelStatistics', { name: 'shades', version: '2' })
  assert.ok(modelStats[0]!.inferenceCount >= 2n)
  assert.ok(modelStats[0]!.inferenceStats!.success!.ns > 0n)
})

test('a stream answers each request, and goes on after a wrong one', async () => {
  const { path, requestSerialize, responseDeserialize } = definitions.modelStreamInfer!
  const stream = client.makeBidiStreamRequest(
    ...[path, requestSerialize, responseDeserialize, withKey()],
  )
  const answers: ModelStreamInferResponse[] = []
  stream.on('data', answer => answers.push(answer as ModelStreamInferResponse))
  const ended = new Promise((resolve, reject) => {
    stream.on('end', resolve)
    stream.on('error', reject)
  })
  const send = (request: MessageInitShape<typeof ModelInferRequestSchema>) =>
    stream.write(create(methods.modelInfer.input, request))
  send({ modelName: 'shades', id: 'first', inputs: [asFloats] })
  send({ modelName: 'nowhere', id: 'second', inputs: [asFloats] })
  send({ modelName: 'shades', id: 'third', inputs: [asFloats] })
  stream.end()
  await ended
  const byId = new Map(answers.map(answer => [answer.inferResponse!.id, answer]))
  assert.deepEqual([...byId.keys()].sort(), ['first', 'second', 'third'])
  assert.match(byId.get('second')!.errorMessage, /no model/)
  assert.equal(byId.get('third')!.inferResponse!.outputs.length, 3)
})

test('a call without a valid key is refused before its message is read, but not the health check', async () => {
  const refusal = refused(status.UNAUTHENTICATED, /authorization: Bearer KEY/)
  await assert.rejects(call('serverLive', {}, { metadata: new Metadata() }), refusal)
  await assert.rejects(call('serverLive', {}, { metadata: withKey('ty_wrong') }), refusal)
  const { status: health } = await call('check', {}, { metadata: new Metadata() })
  assert.equal(health, HealthCheckResponse_ServingStatus.SERVING)
  await assert.rejects(call('check', { service: 'x' }), refused(status.NOT_FOUND, /no service/))
})

test('wrong requests are refused with what is wrong', async () => {
  const infer = (request: MessageInitShape<typeof ModelInferRequestSchema>) =>
    call('modelInfer', { modelName: 'shades', ...request })
  const invalid = (message: RegExp) => refused(status.INVALID_ARGUMENT, message)
  for (const [request, message] of [
    [{ inputs: [] }, /images/],
    [{ inputs: [{ ...contents, name: 'x', contents: { fp32Contents: images } }] }, /x/],
    [{ inputs: [{ ...contents, datatype: 'FP8' }] }, /datatype of 'images' is 'FP8'/],
    [{ inputs: [contents] }, /has 0 values in its contents for FP32, expected 8/],
    [{ inputs: [contents], rawInputContents: [new Uint8Array(7)] }, /has 7 bytes, expected 32/],
    [{ inputs: [contents], rawInputContents: [new Uint8Array(32), new Uint8Array(1)] }, /2 raw/],
    [
      {
        inputs: [
          { ...contents, datatype: 'UINT8', contents: { uintContents: [300, ...images.slice(1)] } },
        ],
      },
      /is 300, which is no UINT8/,
    ],
    [{ inputs: [{ ...asFloats, shape: [-1n, 2n, 2n, 1n] }] }, /shape/],
    [{ inputs: [{ ...asFloats, shape: [2n ** 62n, 4n] }] }, /shape/],
    [{ inputs: [asFloats, asFloats] }, /two inputs/],
    [{ inputs: [asFloats], outputs: [{ name: 'x' }] }, /no output 'x', only logits/],
  ] as [MessageInitShape<typeof ModelInferRequestSchema>, RegExp][]) {
    await assert.rejects(infer(request), invalid(message))
  }
  await assert.rejects(infer({ modelName: 'nowhere' }), refused(status.NOT_FOUND, /no model/))
  await assert.rejects(infer({ modelVersion: '9' }), refused(status.NOT_FOUND, /version 9/))
  await assert.rejects(infer({ modelVersion: 'live' }), refused(status.NOT_FOUND, /live/))
  const large = {
    ...contents,
    datatype: 'BYTES',
    contents: { bytesContents: [new Uint8Array(300_000)] },
  }
  await assert.rejects(
    infer({ inputs: [large] }),
    refused(status.RESOURCE_EXHAUSTED, /larger|size/),
  )
})

test('a deadline that has passed is told, and the server goes on', async () => {
  const late = call('modelInfer', { modelName: 'shades', inputs: [asFloats] }, { deadline: 1 })
  await assert.rejects(late, (error: ServiceError) => error.code === status.DEADLINE_EXCEEDED)
  assert.equal((await call('serverLive', {})).live, true)
})

const floats = (...value: number[]) => ({
  kind: { case: 'floatList', value: { value } } as const,
})
const example = (feature: Record<string, object>) => ({ features: { feature } })
const examples = (...list: object[]) =>
  ({ kind: { case: 'exampleList', value: { examples: list } } }) as object

test('clients of TensorFlow Serving classify examples, and get the same numbers', async () => {
  const own = await call('modelInfer', { modelName: 'shades', inputs: [asFloats] })
  const expected = floatsOf(own, 'probabilities')
  const whole = { kind: { case: 'int64List', value: { value: images.slice(4).map(BigInt) } } }
  const { result, modelSpec } = await call('classify', {
    modelSpec: { name: 'shades' },
    input: examples(example({ images: floats(...images.slice(0, 4)) }), example({ images: whole })),
  })
  assert.equal(modelSpec!.name, 'shades')
  assert.deepEqual(
    result!.classifications.map(({ classes }) => classes.map(({ label, score }) => [label, score])),
    [0, 2].map(at => [
      ['dark', expected[at]],
      ['bright', expected[at + 1]],
    ]),
  )
  const shade = new PNG({ width: 2, height: 2, colorType: 0 })
  for (const [i, value] of images.slice(0, 4).entries()) {
    shade.data.set([value, value, value, 255], 4 * i)
  }
  const file = PNG.sync.write(shade, { colorType: 0 })
  const files = { kind: { case: 'bytesList', value: { value: [file] } } }
  const ofFile = await call('classify', {
    modelSpec: { name: 'shades' },
    input: {
      kind: {
        case: 'exampleListWithContext',
        value: { examples: [{}, {}] as object[], context: example({ files }) },
      },
    },
  })
  const ownFile = await call('modelInfer', {
    modelName: 'shades',
    inputs: [
      {
        ...{ name: 'images', datatype: 'BYTES', shape: [1n] },
        contents: { bytesContents: [file] },
      },
    ],
  })
  assert.deepEqual(
    ofFile.result!.classifications.map(({ classes }) => classes.map(({ score }) => score)),
    Array(2).fill(floatsOf(ownFile, 'probabilities')),
  )
  const classify = (input: object | undefined) =>
    call('classify', { modelSpec: { name: 'shades' }, ...(input && { input }) })
  const invalid = (message: RegExp) => refused(status.INVALID_ARGUMENT, message)
  await assert.rejects(classify(undefined), invalid(/has no input/))
  await assert.rejects(classify(examples()), invalid(/./))
  await assert.rejects(classify(examples(example({ pixels: floats(1) }))), invalid(/'pixels'/))
  await assert.rejects(classify(examples(example({ images: floats(1, 2) }))), invalid(/./))
  await assert.rejects(
    call('regress', {
      modelSpec: { name: 'shades' },
      input: examples(example({ images: floats(1) })),
    }),
    invalid(/predicts classes/),
  )
})

test('clients of TensorFlow Serving predict from tensors, and get the same numbers', async () => {
  const own = await call('modelInfer', { modelName: 'shades', inputs: [asFloats] })
  const shape = { dim: [2n, 2n, 2n, 1n].map(size => ({ size })) }
  const bytes = bytesOf(Float32Array.from(images))
  for (const values of [{ floatVal: images }, { tensorContent: bytes }]) {
    const answer = await call('predict', {
      modelSpec: { name: 'shades' },
      inputs: { images: { dtype: DataType.DT_FLOAT, tensorShape: shape, ...values } },
    })
    // those that the metadata lists
    assert.deepEqual(Object.keys(answer.outputs).sort(), ['logits', 'probabilities'])
    assert.deepEqual(
      [...new Float32Array(new Uint8Array(answer.outputs.probabilities!.tensorContent).buffer)],
      floatsOf(own, 'probabilities'),
    )
    assert.deepEqual(answer.modelSpec!.versionChoice.value, create(Int64ValueSchema, { value: 2n }))
  }
  const filtered = await call('predict', {
    modelSpec: {
      name: 'shades',
      versionChoice: { case: 'version', value: create(Int64ValueSchema, { value: 1n }) },
    },
    inputs: { images: { dtype: DataType.DT_UINT8, tensorShape: shape, intVal: [7] } },
    outputFilter: ['labels'],
  })
  assert.deepEqual(Object.keys(filtered.outputs), ['labels'])
  assert.equal(filtered.outputs.labels!.stringVal.length, 2)
  const { metadata } = await call('getModelMetadata', {
    modelSpec: { name: 'shades' },
    metadataField: ['signature_def'],
  })
  const { signatureDef } = anyUnpack(metadata.signature_def!, SignatureDefMapSchema)!
  assert.ok(signatureDef.serving_default!.inputs.images)
  const { modelVersionStatus } = await call('getModelStatus', { modelSpec: { name: 'shades' } })
  assert.deepEqual(
    modelVersionStatus.map(({ version }) => version),
    [2n, 1n],
  )
})

test('a split by a header is kept by the metadata of calls', async () => {
  const split = [1, 2].map(version => ({ version, weight: 1 }))
  const traffic = { split, stickyHeader: 'x-user' }
  const set = await server.api.put('/models/shades/traffic').send(traffic)
  assert.equal(set.status, 200, set.text)
  const versions = new Set<string>()
  for (const user of ['ada', 'bo', 'cy', 'di', 'eve', 'flo', 'gus', 'hal']) {
    const metadata = withKey()
    metadata.set('x-user', user)
    const request = { modelName: 'shades', inputs: [asFloats] }
    const [first, ...others] = await Promise.all(
      [1, 2, 3].map(() => call('modelInfer', request, { metadata })),
    )
    for (const { modelVersion } of others) assert.equal(modelVersion, first!.modelVersion, user)
    versions.add(first!.modelVersion)
  }
  assert.deepEqual([...versions].sort(), ['1', '2'])
  assert.equal((await server.api.delete('/models/shades/traffic')).status, 204)
})

test('what is done to images is told after an answer of TensorFlow Serving, which has no place for it', async () => {
  const { path, requestSerialize, responseDeserialize } = definitions.predict!
  const file = PNG.sync.write(new PNG({ width: 3, height: 5 }))
  const request = create(methods.predict.input, {
    modelSpec: { name: 'shades' },
    inputs: {
      images: {
        dtype: DataType.DT_STRING,
        tensorShape: { dim: [{ size: 1n }] },
        stringVal: [file],
      },
    },
  })
  const trailer = await new Promise<Metadata>((resolve, reject) => {
    const unary = client.makeUnaryRequest(
      ...[path, requestSerialize, responseDeserialize, request, withKey()],
      (error: ServiceError | null) => error && reject(error),
    )
    unary.on('status', ({ metadata }) => resolve(metadata))
  })
  const [notes] = trailer.get('trainyard-notes-bin')
  assert.match(String(notes), /resized from 5 x 3 to 2 x 2/)
})

test('wrong tensors of TensorFlow Serving are refused', async () => {
  const predict = (images: object, more = {}) =>
    call('predict', { modelSpec: { name: 'shades' }, inputs: { images }, ...more })
  const shape = (...sizes: bigint[]) => ({ tensorShape: { dim: sizes.map(size => ({ size })) } })
  const invalid = (message: RegExp) => refused(status.INVALID_ARGUMENT, message)
  const floats = { dtype: DataType.DT_FLOAT, ...shape(2n, 2n, 2n, 1n) }
  await assert.rejects(
    predict({ ...floats, floatVal: [1, 2] }),
    invalid(/has 2 values, expected 8/),
  )
  await assert.rejects(predict({ ...floats, tensorContent: new Uint8Array(3) }), invalid(/3 bytes/))
  await assert.rejects(
    predict({ ...floats, dtype: DataType.DT_COMPLEX64 }),
    invalid(/DT_COMPLEX64/),
  )
  const huge = { dtype: DataType.DT_FLOAT, ...shape(2n ** 33n, 2n, 2n, 1n), floatVal: [1] }
  await assert.rejects(predict(huge), invalid(/has 1 values/))
  const signature = { modelSpec: { name: 'shades', signatureName: 'x' } }
  await assert.rejects(
    predict({ ...floats, floatVal: images }, signature),
    invalid(/no signature 'x'/),
  )
  await assert.rejects(call('predict', {}), invalid(/model_spec has no name/))
  const label = { name: 'shades', versionChoice: { case: 'versionLabel' as const, value: 'live' } }
  await assert.rejects(call('predict', { modelSpec: label }), refused(status.NOT_FOUND, /live/))
})

// Real clients ask trained models by the protocols of other servers, and get the numbers of our own route.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { PNG } from 'pngjs'
import type { Predictions, RowPredictions } from '../../src/spec/model.js'
import { blocksRunBy } from '../../testing/doc-blocks.js'
import { freePort } from '../../testing/free-port.js'
import { mnistSample } from '../../testing/mnist.js'
import { servingClients } from '../../testing/serving-clients.js'
import { readTable } from '../../testing/tables.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

const flats = `size,floor,lift,side,dear
40,1,false,north,no
120,5,true,north,yes
80,2,true,south,no
150,4,false,east,yes
60,,true,east,no
95,3,false,south,yes
`

let deployment: TestDeployment
let grpcPort: number
let folder: string
before(async () => {
  grpcPort = await freePort()
  deployment = await TestDeployment.open({
    TRAINYARD_SPARE_TRAINERS: 'off',
    TRAINYARD_GRPC_PORT: String(grpcPort),
  })
  const { client } = deployment
  await client.datasets.push('digits-small', await mnistSample(640))
  await uploadTable(deployment, 'wine')
  const rows = flats.trimEnd().split('\n')
  const csv = [rows[0], ...Array.from({ length: 10 }, () => rows.slice(1)).flat(), ''].join('\n')
  await uploadTable(deployment, 'flats', csv, 'dear')
  const network = await deployment.train({
    name: 'digits',
    model: { kind: 'resnet', blocks: 1, filters: 8 },
    dataset: 'digits-small',
    training: { steps: 20, batchSize: 32, seed: 1 },
  })
  assert.equal(network.status, 'succeeded', network.failure?.message)
  for (const [name, objective] of [
    ['wine', 'multiclass'],
    ['flats', 'binary'],
  ] as const) {
    const job = await deployment.train({
      name,
      model: { kind: 'boosting', objective, rounds: 10 },
      dataset: name,
      training: { seed: 1 },
    })
    assert.equal(job.status, 'succeeded', job.failure?.message)
  }
  folder = await mkdtemp(join(tmpdir(), 'protocols-'))
  await mkdir(join(folder, 'data'))
  await writeFile(join(folder, 'data', 'key'), deployment.key)
  await writeFile(join(folder, 'digit.png'), png(digit(0)))
})
after(async () => {
  await deployment.close()
  await rm(folder, { recursive: true, force: true })
})

const digit = (seed: number) => Array.from({ length: 784 }, (_, i) => (i * 37 + seed * 91) % 256)

function png(pixels: readonly number[]): Buffer {
  const image = new PNG({ width: 28, height: 28, colorType: 0 })
  for (const [i, value] of pixels.entries()) image.data.set([value, value, value, 255], 4 * i)
  return PNG.sync.write(image, { colorType: 0 })
}

async function post<T>(path: string, body: object): Promise<T> {
  const answer = await fetch(deployment.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${deployment.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  assert.equal(answer.status, 200, `${path}: ${text}`)
  return JSON.parse(text) as T
}

interface InferAnswer {
  outputs: { name: string; shape: number[]; data: unknown[] }[]
}
const outputOf = ({ outputs }: InferAnswer, name: string) =>
  outputs.find(output => output.name === name)!.data

test('a network answers every protocol with the numbers of our own route', async () => {
  const images = [digit(1), digit(2)]
  const own = await post<Predictions>('/models/digits/predict', { instances: images })
  const expected = own.predictions.map(({ probabilities }) => probabilities)
  const infer = await post<InferAnswer>('/v2/models/digits/infer', {
    inputs: [{ name: 'images', datatype: 'UINT8', shape: [2, 28, 28, 1], data: images.flat() }],
  })
  assert.deepEqual(outputOf(infer, 'probabilities'), expected.flat())
  assert.deepEqual(
    outputOf(infer, 'labels'),
    own.predictions.map(({ label }) => label),
  )
  type Rows = { predictions: { probabilities: number[] }[] }
  const rows = await post<Rows>('/v1/models/digits:predict', { instances: images })
  assert.deepEqual(
    rows.predictions.map(({ probabilities }) => probabilities),
    expected,
  )
  type Columns = { outputs: { probabilities: number[][] } }
  const columns = await post<Columns>('/v1/models/digits:predict', { inputs: { images } })
  assert.deepEqual(columns.outputs.probabilities, expected)
  type Results = { results: [string, number][][] }
  const { results } = await post<Results>('/v1/models/digits:classify', {
    examples: images.map(image => ({ images: image })),
  })
  assert.deepEqual(
    results.map(pairs => pairs.map(([, probability]) => probability)),
    expected,
  )
  const b64 = png(images[0]!).toString('base64')
  const file = await post<Rows>('/v1/models/digits:predict', { instances: [{ b64 }] })
  const tensor = { name: 'images', datatype: 'BYTES', shape: [1], data: [b64] }
  const bytes = await post<InferAnswer>('/v2/models/digits/infer', {
    inputs: [{ ...tensor, parameters: { content_type: 'base64' } }],
    outputs: [{ name: 'probabilities' }],
  })
  const ownFile = await post<Predictions>('/models/digits/predict', { instances: [{ b64 }] })
  assert.deepEqual(file.predictions[0]!.probabilities, ownFile.predictions[0]!.probabilities)
  assert.deepEqual(outputOf(bytes, 'probabilities'), ownFile.predictions[0]!.probabilities)
})

test('trees answer every protocol with the numbers of our own route', async () => {
  const { columns, rows } = readTable('wine')
  const instances = rows.slice(0, 20)
  const own = await post<RowPredictions>('/models/wine/predict', { instances })
  const expected = own.predictions.map(({ probabilities }) => probabilities)
  const matrix = await post<InferAnswer>('/v2/models/wine/infer', {
    inputs: [
      {
        ...{ name: 'rows', datatype: 'FP64', shape: [20, columns.length] },
        data: instances,
      },
    ],
  })
  assert.deepEqual(outputOf(matrix, 'probabilities'), expected.flat())
  type Rows = { predictions: { probabilities: number[] }[] }
  const { predictions } = await post<Rows>('/v1/models/wine:predict', { instances })
  assert.deepEqual(
    predictions.map(({ probabilities }) => probabilities),
    expected,
  )
})

test('categories, booleans and missing values go by column', async () => {
  const instances = [
    { size: 70, floor: null, lift: true, side: 'north' },
    { size: 130, floor: 4, lift: false, side: 'west' },
  ]
  const own = await post<RowPredictions>('/models/flats/predict', { instances })
  const expected = own.predictions.map(({ probabilities }) => probabilities)
  const column = (name: string, datatype: string, data: unknown[]) => ({
    ...{ name, datatype, shape: [2, 1], data },
  })
  const inputs = [
    column('size', 'INT32', [70, 130]),
    column('lift', 'BOOL', [true, false]),
    column('side', 'BYTES', ['north', 'west']),
  ]
  const infer = await post<InferAnswer & { parameters: { notes: string } }>(
    '/v2/models/flats/infer',
    { inputs },
  )
  assert.match(infer.parameters.notes, /west/)
  assert.match(infer.parameters.notes, /floor/)
  assert.deepEqual(outputOf(infer, 'probabilities').slice(0, 2), expected[0])
  type Columns = { outputs: { probabilities: number[][]; labels: string[] }; notes: string[] }
  const columns = await post<Columns>('/v1/models/flats:predict', {
    inputs: {
      ...{ size: [70, 130], floor: [null, 4] },
      ...{ lift: [true, false], side: ['north', 'west'] },
    },
  })
  assert.deepEqual(columns.outputs.probabilities, expected)
  assert.deepEqual(
    columns.outputs.labels,
    own.predictions.map(({ label }) => label),
  )
  assert.match(columns.notes.join(), /west/)
})

/** Asks by Triton's client in every way that it can, and prints what it gets. */
const askTriton = `
import json, sys, numpy
import tritonclient.http as triton
address, key = sys.argv[1:]
headers = {'Authorization': 'Bearer ' + key}
client = triton.InferenceServerClient(address)
results = {}
results['ready'] = [client.is_server_live(headers), client.is_server_ready(headers),
    client.is_model_ready('digits', headers=headers), client.is_model_ready('nobody', headers=headers)]
results['inputs'] = client.get_model_metadata('digits', headers=headers)['inputs']
results['config'] = client.get_model_config('digits', headers=headers)['max_batch_size']
pixels = numpy.array(json.load(sys.stdin), 'uint8').reshape(-1, 28, 28, 1)

def infer(datatype, array, binary_in, binary_out, **options):
    images = triton.InferInput('images', list(array.shape), datatype)
    images.set_data_from_numpy(array, binary_data=binary_in)
    names = ['probabilities', 'labels']
    outputs = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in names]
    answer = client.infer('digits', [images], outputs=outputs, headers=dict(headers), **options)
    labels = [one.decode() if isinstance(one, bytes) else one for one in answer.as_numpy('labels')]
    return answer.as_numpy('probabilities').astype('float64').tolist(), labels

results['answers'] = [
    infer(datatype, pixels.astype(dtype), binary_in, binary_out, timeout=30_000_000, priority=1)
    for datatype, dtype in [('FP32', 'float32'), ('UINT8', 'uint8'), ('INT64', 'int64'), ('FP16', 'float16')]
    for binary_in in ([True] if datatype == 'FP16' else [False, True])
    for binary_out in [False, True]
]
images = triton.InferInput('images', list(pixels.shape), 'UINT8')
images.set_data_from_numpy(pixels)
best = triton.InferRequestedOutput('probabilities', class_count=1)
answer = client.infer('digits', [images], outputs=[best], headers=dict(headers), request_id='r1')
results['best'] = [text.decode() for text in answer.as_numpy('probabilities').ravel()]
results['id'] = answer.get_response()['id']
everything = client.async_infer('digits', [images], headers=dict(headers)).get_result()
results['shapes'] = {name: list(everything.as_numpy(name).shape) for name in ['logits', 'probabilities', 'labels']}
texts = numpy.array([b'north', b'west'], dtype=object)
sides = triton.InferInput('side', [2], 'BYTES')
sides.set_data_from_numpy(texts)
sizes = triton.InferInput('size', [2], 'FP32')
sizes.set_data_from_numpy(numpy.array([70, numpy.nan], 'float32'))
trees = client.infer('flats', [sides, sizes], headers=dict(headers))
results['trees'] = trees.as_numpy('probabilities').tolist()
statistics = client.get_inference_statistics('digits', headers=headers)['model_stats'][0]
results['counted'] = statistics['inference_count'] > 0 and statistics['execution_count'] > 0
results['index'] = sorted(model['name'] for model in client.get_model_repository_index(headers=headers))
client.load_model('digits', headers=headers)

def refusal(call):
    try:
        call()
    except triton.InferenceServerException as error:
        return [error.status(), error.message()]

results['refused'] = [
    refusal(lambda: client.infer('digits', [images], headers=dict(headers), timeout=1)),
    refusal(lambda: client.infer('nobody', [images], headers=dict(headers))),
    refusal(lambda: client.unload_model('digits', headers=headers)),
    refusal(lambda: client.infer('digits', [sizes], headers=dict(headers))),
]
print(json.dumps(results))
`

test(
  'Triton’s client gets the same numbers, in JSON and in bytes',
  servingClients.needed,
  async () => {
    const images = [digit(3), digit(4)]
    const own = await post<Predictions>('/models/digits/predict', { instances: images })
    const results = JSON.parse(
      await servingClients.run(
        askTriton.replace('json.load(sys.stdin)', JSON.stringify(images)),
        new URL(deployment.url).host,
        deployment.key,
      ),
    )
    assert.deepEqual(results.ready, [true, true, true, false])
    assert.deepEqual(results.inputs, [{ name: 'images', datatype: 'FP32', shape: [-1, 28, 28, 1] }])
    assert.equal(results.config, 256)
    assert.equal(results.answers.length, 14)
    const expected = [
      own.predictions.map(({ probabilities }) => probabilities),
      own.predictions.map(({ label }) => label),
    ]
    for (const answer of results.answers) assert.deepEqual(answer, expected)
    assert.deepEqual(
      results.best,
      own.predictions.map(({ probability, index, label }) => `${probability}:${index}:${label}`),
    )
    assert.equal(results.id, 'r1')
    assert.deepEqual(results.shapes, { logits: [2, 10], probabilities: [2, 10], labels: [2] })
    const trees = await post<RowPredictions>('/models/flats/predict', {
      instances: [{ size: 70, side: 'north' }, { side: 'west' }],
    })
    assert.deepEqual(
      results.trees,
      trees.predictions.map(({ probabilities }) => probabilities),
    )
    assert.ok(results.counted)
    assert.deepEqual(results.index, ['digits', 'flats', 'wine'])
    const statuses = results.refused.map(([status]: [string]) => status)
    assert.deepEqual(statuses, ['503', '404', '400', '400'])
  },
)

/** The same over gRPC, as messages and as a stream. */
const askTritonByGrpc = `
import json, queue, sys, numpy
import tritonclient.grpc as triton
address, key = sys.argv[1:]
headers = {'authorization': 'Bearer ' + key}
client = triton.InferenceServerClient(address)
results = {}
results['ready'] = [client.is_server_live(headers), client.is_server_ready(headers),
    client.is_model_ready('digits', headers=headers), client.is_model_ready('nobody', headers=headers)]
metadata = client.get_model_metadata('digits', headers=headers)
results['inputs'] = [[one.name, one.datatype, list(one.shape)] for one in metadata.inputs]
results['config'] = client.get_model_config('digits', headers=headers).config.max_batch_size
pixels = numpy.array(json.load(sys.stdin), 'uint8').reshape(-1, 28, 28, 1)
outputs = [triton.InferRequestedOutput(name) for name in ['probabilities', 'labels']]

def input_of(datatype, dtype):
    images = triton.InferInput('images', list(pixels.shape), datatype)
    images.set_data_from_numpy(pixels.astype(dtype))
    return images

def values(answer):
    labels = [label.decode() for label in answer.as_numpy('labels')]
    return answer.as_numpy('probabilities').astype('float64').tolist(), labels

types = [('FP32', 'float32'), ('UINT8', 'uint8'), ('INT64', 'int64'), ('FP16', 'float16')]
results['answers'] = [
    values(client.infer('digits', [input_of(*one)], outputs=outputs, headers=headers, client_timeout=30))
    for one in types
]
best = triton.InferRequestedOutput('probabilities', class_count=1)
answer = client.infer('digits', [input_of('UINT8', 'uint8')], outputs=[best], headers=headers, request_id='r1')
results['best'] = [text.decode() for text in answer.as_numpy('probabilities').ravel()]
results['id'] = answer.get_response().id
answers = queue.Queue()
client.start_stream(lambda result, error: answers.put((result, error)), headers=headers)
for one in types:
    client.async_stream_infer('digits', [input_of(*one)], outputs=outputs)
streamed = [answers.get(timeout=30) for _ in types]
client.stop_stream()
results['streamed'] = [str(error) if error else values(result) for result, error in streamed]
sides = triton.InferInput('side', [2], 'BYTES')
sides.set_data_from_numpy(numpy.array([b'north', b'west'], dtype=object))
sizes = triton.InferInput('size', [2], 'FP32')
sizes.set_data_from_numpy(numpy.array([70, numpy.nan], 'float32'))
results['trees'] = client.infer('flats', [sides, sizes], headers=headers).as_numpy('probabilities').tolist()
index = client.get_model_repository_index(headers=headers).models
results['index'] = sorted(model.name for model in index)
statistics = client.get_inference_statistics('digits', headers=headers).model_stats[0]
results['counted'] = statistics.inference_count > 0

def refusal(call):
    try:
        call()
    except triton.InferenceServerException as error:
        return error.status()

results['refused'] = [
    refusal(lambda: client.infer('nobody', [sizes], headers=headers)),
    refusal(lambda: client.infer('digits', [sizes], headers=headers)),
    refusal(lambda: client.infer('digits', [sizes])),
]
print(json.dumps(results))
`

test('Triton’s client gets the same numbers over gRPC', servingClients.needed, async () => {
  const images = [digit(5), digit(6)]
  const own = await post<Predictions>('/models/digits/predict', { instances: images })
  const expected = [
    own.predictions.map(({ probabilities }) => probabilities),
    own.predictions.map(({ label }) => label),
  ]
  const program = askTritonByGrpc.replace('json.load(sys.stdin)', JSON.stringify(images))
  const printed = await servingClients.run(program, `127.0.0.1:${grpcPort}`, deployment.key)
  const results = JSON.parse(printed)
  assert.deepEqual(results.ready, [true, true, true, false])
  assert.deepEqual(results.inputs, [['images', 'FP32', [-1, 28, 28, 1]]])
  assert.equal(results.config, 256)
  assert.deepEqual(results.answers, Array(4).fill(expected))
  assert.deepEqual(results.streamed, Array(4).fill(expected))
  assert.deepEqual(
    results.best,
    own.predictions.map(({ probability, index, label }) => `${probability}:${index}:${label}`),
  )
  assert.equal(results.id, 'r1')
  const trees = await post<RowPredictions>('/models/flats/predict', {
    instances: [{ size: 70, side: 'north' }, { side: 'west' }],
  })
  assert.deepEqual(
    results.trees,
    trees.predictions.map(({ probabilities }) => probabilities),
  )
  assert.deepEqual(results.index, ['digits', 'flats', 'wine'])
  assert.ok(results.counted)
  const refusals = ['NOT_FOUND', 'INVALID_ARGUMENT', 'UNAUTHENTICATED']
  assert.deepEqual(
    results.refused,
    refusals.map(code => `StatusCode.${code}`),
  )
})

const noCurl = spawnSync('curl', ['--version']).error && 'curl is not installed here'

test('every command and the program of the page on protocols work', {
  skip: noCurl || servingClients.needed.skip,
}, async () => {
  const all = blocksRunBy('test/e2e/serving-protocols.test.ts', 'docs/protocols.md')
  const blocks = (language: string) =>
    all.filter(block => block.language === language).map(({ code }) => code)
  const script = blocks('bash').join('\n')
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-eu', '-c', script.replace('http://127.0.0.1:8080', deployment.url)],
    { cwd: folder },
  )
  assert.doesNotMatch(stdout, /"error"/)
  assert.match(stdout, /"extensions":\[.*"binary_tensor_data"/)
  assert.match(stdout, /"name":"labels","datatype":"BYTES","shape":\[2\]/)
  assert.match(stdout, /"results":\[\[\[/)
  assert.match(stdout, /"predictions":\[\{"logits":/)
  const [program] = blocks('python')
  const { stdout: printed } = await promisify(execFile)(
    'python3',
    ['-c', program!.replace('127.0.0.1:8080', new URL(deployment.url).host)],
    { cwd: folder, env: servingClients.environment() },
  )
  assert.match(printed, /^\[b'\d' b'\d'\]/)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type AppDeps, buildApp } from '../../../src/api/app.js'
import { TrainyardError } from '../../../src/errors.js'
import {
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

const submit = (body: unknown) => server.api.post('/jobs').send(body as object)

test('an error is answered as an RFC 9457 problem with the id of the request', async () => {
  const answer = await server.api.get('/jobs/job-00000000000000000000000000')
  assert.equal(answer.status, 404)
  assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  const { instance, ...problem } = answer.body
  assert.deepEqual(problem, {
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    code: 'JOB_NOT_FOUND',
    detail: "there is no job 'job-00000000000000000000000000'",
  })
  assert.equal(instance, `urn:uuid:${answer.headers['x-request-id']}`)
})

test('all invalid fields are reported at once', async () => {
  const answer = await submit({
    name: 'No Such Name',
    model: { kind: 'resnet', blocks: 0, filters: '64', width: 18 },
    training: { epoch: 3, batchSize: 1.5, optimizer: { kind: 'adam', beta1: 1 }, seed: null },
    extra: true,
  })
  assert.equal(answer.status, 400)
  assert.equal(answer.body.code, 'INVALID_REQUEST')
  const reported = new Map(
    answer.body.errors.map((e: { path: string; code: string; message: string }) => [
      e.path,
      [e.code, e.message],
    ]),
  )
  assert.deepEqual(Object.fromEntries(reported), {
    '/dataset': ['required', 'dataset is missing'],
    '/extra': ['unknown_field', "unknown field 'extra'"],
    '/name': [
      'invalid_format',
      "name is 'No Such Name', expected lower-case letters, digits, dot, dash and underscore; at most 63 characters",
    ],
    '/model/width': ['unknown_field', "unknown field 'width' in model"],
    '/model/blocks': ['too_small', 'model.blocks is 0, expected at least 1'],
    '/model/filters': ['wrong_type', "model.filters is '64', expected an integer"],
    '/training/epoch': [
      'unknown_field',
      "unknown field 'epoch' in training; did you mean 'epochs'?",
    ],
    '/training/batchSize': ['wrong_type', 'training.batchSize is 1.5, expected an integer'],
    '/training/optimizer/beta1': [
      'too_large',
      'training.optimizer.beta1 is 1, expected less than 1',
    ],
    '/training/seed': ['wrong_type', 'training.seed is null, expected an integer'],
  })
})

test('an unknown kind of model is rejected with the list of kinds', async () => {
  const answer = await submit({ ...smallJob, model: { kind: 'vit', blocks: 0 } })
  assert.equal(answer.status, 400)
  assert.deepEqual(answer.body.errors, [
    {
      path: '/model/kind',
      code: 'not_allowed',
      message: "model.kind is 'vit', expected one of 'resnet', 'vgg', 'boosting'",
    },
  ])
})

test('an option of another kind of model is rejected with the name of that kind', async () => {
  const errorsOf = async (body: object) => {
    const answer = await submit({ dataset: 'shades', ...body })
    assert.equal(answer.status, 400, answer.text)
    return answer.body.errors.map((e: { path: string; message: string }) => [e.path, e.message])
  }
  const networks = "it goes with model.kind 'resnet' or 'vgg'"
  assert.deepEqual(
    await errorsOf({
      model: { kind: 'boosting', rounds: 0, blocks: 3, tree: 1 },
      training: { batchSize: 64, target: 3 },
      initFrom: { model: 'm' },
    }),
    [
      ['/initFrom', `unknown field 'initFrom'; ${networks}`],
      ['/model/blocks', `unknown field 'blocks' in model; ${networks}`],
      ['/model/tree', "unknown field 'tree' in model"],
      ['/model/rounds', 'model.rounds is 0, expected at least 1'],
      ['/training/batchSize', `unknown field 'batchSize' in training; ${networks}`],
      ['/training/target', 'training.target is 3, expected a string'],
    ],
  )
  assert.deepEqual(await errorsOf({ model: { kind: 'vgg' }, training: { group: 'query' } }), [
    ['/training/group', "unknown field 'group' in training; it goes with model.kind 'boosting'"],
  ])
  assert.deepEqual(await errorsOf({ model: 'boosting' }), [
    ['/model', "model is 'boosting', expected an object"],
  ])
  assert.deepEqual(await errorsOf({}), [['/model', 'model is missing']])
})

test('a value that matches no alternative of a union gets only the errors of the one that it selects', async () => {
  const errorsOf = async (training: object, more = {}) => {
    const answer = await submit({ ...smallJob, training, ...more })
    assert.equal(answer.status, 400, answer.text)
    return answer.body.errors.map((e: { path: string; message: string }) => [e.path, e.message])
  }
  const normalizeErrors = (normalize: unknown) => errorsOf({}, { initFrom: { normalize } })
  assert.deepEqual(await normalizeErrors('keras'), [
    [
      '/initFrom/normalize',
      "initFrom.normalize is 'keras', expected one of 'caffe', 'inception', 'torchvision', 'dataset'",
    ],
  ])
  assert.deepEqual(await normalizeErrors(127.5), [
    ['/initFrom/normalize', 'initFrom.normalize is 127.5, expected an object or a string'],
  ])
  assert.deepEqual(await errorsOf({ learningRate: 'fast' }), [
    ['/training/learningRate', "training.learningRate is 'fast', expected a number or an object"],
  ])
  assert.deepEqual(await errorsOf({ learningRate: -1 }), [
    ['/training/learningRate', 'training.learningRate is -1, expected more than 0'],
  ])
  assert.deepEqual(await errorsOf({ learningRate: { schedule: 'cosin', warmup: 3 } }), [
    [
      '/training/learningRate/schedule',
      "training.learningRate.schedule is 'cosin', expected one of 'constant', 'step', 'exponential', 'cosine', 'oneCycle'",
    ],
  ])
  assert.deepEqual(await errorsOf({ learningRate: { schedule: 'cosine', warmup: 3 } }), [
    ['/training/learningRate/warmup', "unknown field 'warmup' in training.learningRate"],
  ])
  assert.deepEqual(await errorsOf({ optimizer: { kind: 'adam', momentum: 0.9 } }), [
    [
      '/training/optimizer/momentum',
      "unknown field 'momentum' in training.optimizer; it goes with kind 'sgd' or 'rmsprop'",
    ],
  ])
  assert.deepEqual(await errorsOf({ validation: 0.9, learningRate: [] }), [
    ['/training/learningRate', 'training.learningRate is an array, expected a number or an object'],
    ['/training/validation', 'training.validation is 0.9, expected at most 0.5'],
  ])
})

test('an object that lacks a kind is compared with the alternative that has its fields', async () => {
  const errorsOf = async (validation: object) => {
    const model = { kind: 'boosting' }
    const answer = await submit({ ...smallJob, model, training: { validation } })
    return answer.body.errors.map((e: { path: string; message: string }) => [e.path, e.message])
  }
  assert.deepEqual(await errorsOf({ holdOut: 0.2, by: 'month' }), [
    [
      '/training/validation/by',
      "training.validation.by is 'month', expected one of 'random', 'class', 'group', 'time'",
    ],
  ])
  assert.deepEqual(await errorsOf({ holdout: 0.2 }), [
    ['/training/validation/holdOut', 'training.validation.holdOut is missing'],
    [
      '/training/validation/holdout',
      "unknown field 'holdout' in training.validation; did you mean 'holdOut'?",
    ],
  ])
  assert.deepEqual(await errorsOf({ dataset: 7 }), [
    ['/training/validation/dataset', 'training.validation.dataset is 7, expected a string'],
  ])
})

test('a job can give steps without epochs, because no default for epochs is filled in', async () => {
  const answer = await submit(smallJob)
  assert.equal(answer.status, 202, answer.text)
  assert.equal(answer.body.training.steps, 4)
})

test('a job that does not fit its data is rejected with 422 and the names of the fields', async () => {
  const answer = await submit({ ...smallJob, training: { epochs: 1, steps: 1, batchSize: 1000 } })
  assert.equal(answer.status, 422)
  assert.deepEqual(
    answer.body.errors.map((e: { path: string }) => e.path),
    ['/training/steps', '/training/batchSize'],
  )
})

test('malformed JSON is rejected with the position of the error', async () => {
  const post = (text: string) =>
    server.api.post('/jobs').set('content-type', 'application/json').send(text)
  const answer = await post('{\n  "dataset": "a",\n  "model": {kind: 1}\n}')
  assert.equal(answer.status, 400)
  assert.equal(answer.body.code, 'MALFORMED_JSON')
  assert.equal(answer.body.detail, "the body is not JSON: unexpected 'k' at line 3, column 13")
  assert.equal((await post('')).body.detail, 'the body is missing')
  assert.equal((await post('[]')).body.detail, 'the body is an array, expected an object')
  assert.equal((await post('{"__proto__": {"x": 1}}')).body.code, 'FORBIDDEN_FIELD')
  assert.equal(
    (await post('{"a": {"constructor": {"prototype": 1}}}')).body.code,
    'FORBIDDEN_FIELD',
  )
})

test('a media type that a route does not accept is rejected with 415', async () => {
  const body = JSON.stringify(smallJob)
  for (const type of [
    'text/plain',
    'application/jsonx',
    '\tapplication/x',
    'multipart/form-data; boundary=x',
  ]) {
    const answer = await server.api.post('/jobs').set('content-type', type).send(body)
    assert.equal(answer.status, 415, type)
    assert.match(answer.body.detail, /expected application\/json$/)
  }
  const upload = await server.api.post('/weights').send({ name: 'x' })
  assert.equal(upload.status, 415)
  assert.match(upload.body.detail, /expected multipart\/form-data$/)
  const text = await server.api.post('/datasets').set('content-type', 'text/csv').send('a,b')
  assert.equal(text.status, 415)
  assert.match(
    text.body.detail,
    /expected (application\/json or multipart\/form-data|multipart\/form-data or application\/json)$/,
  )
})

test('a request without a body for a route that needs one is no error of the server', async () => {
  for (const path of ['/datasets', '/jobs', '/weights', '/webhooks']) {
    const answer = await server.api.post(path)
    assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`)
  }
})

test('a body that is too large is rejected with 413', async () => {
  const answer = await submit({ ...smallJob, name: 'x'.repeat(2 ** 20) })
  assert.equal(answer.status, 413)
  assert.equal(answer.body.code, 'BODY_TOO_LARGE')
})

test('an unknown path is answered with 404, and a wrong method with 405 and Allow', async () => {
  assert.equal((await server.api.get('/nowhere')).status, 404)
  const answer = await server.api.put('/jobs/x?y=1')
  assert.equal(answer.status, 405)
  assert.equal(answer.headers.allow, 'GET, HEAD, PATCH, DELETE')
  assert.equal((await server.api.patch('/datasets')).headers.allow, 'POST, GET, HEAD')
  // not those of /jobs/:id, which has the same form
  assert.equal((await server.api.put('/jobs/cancel')).headers.allow, 'POST')
})

const traversals = [
  '..%2f..%2fetc',
  '%252e%252e',
  '..%5c',
  '%00',
  'a%2f..',
  'JOB-1',
  '~',
  '.hidden',
  'é',
]

test('an invalid id is answered with 404', async () => {
  const paths = [
    '/jobs/ID',
    '/jobs/ID/metrics',
    '/jobs/ID/checkpoints/1/archive',
    '/datasets/ID',
    '/models/ID',
  ]
  for (const path of paths) {
    for (const id of traversals) {
      const answer = await server.api.get(path.replace('ID', encodeURI(id).replaceAll('%25', '%')))
      assert.equal(answer.status, 404, `${path} ${id}: ${answer.text}`)
      assert.doesNotMatch(answer.text, new RegExp(server.folder))
    }
  }
  const job = '/jobs/job-00000000000000000000000000'
  assert.equal((await server.api.get(`${job}/checkpoints/x`)).status, 404)
  assert.equal((await server.api.get(`${job}/checkpoints/-1`)).status, 404)
  assert.equal((await server.api.get(`/jobs/%zz`)).status, 400)
  assert.equal((await server.api.get(`/jobs/${'x'.repeat(500)}`)).status, 414)
})

test('invalid query parameters are reported, and valid ones are converted', async () => {
  const list = async (query: string) => (await server.api.get(`/jobs?${query}`)).body
  assert.deepEqual((await list('limit=0')).errors, [
    { path: 'querystring:/limit', code: 'too_small', message: 'limit is 0, expected at least 1' },
  ])
  assert.match((await list('limit=ten')).detail, /limit is 'ten', expected an integer/)
  assert.match((await list('limits=3')).detail, /unknown field 'limits'; did you mean 'limit'\?/)
  assert.ok(Array.isArray((await list('limit=3')).items))
})

/** The parts of the server, but reading a model does this. */
function withCatalog(get: () => Promise<never>): AppDeps {
  const { modelRecords } = server.deps
  const catalog = Object.create(modelRecords.catalog, { get: { value: get } })
  return { ...server.deps, modelRecords: { ...modelRecords, catalog } }
}

test('an internal error shows no details, only the request id', async t => {
  const bug = () => Promise.reject(new Error(`${server.folder}/data/x is gone`))
  const app = await buildApp(withCatalog(bug))
  t.after(() => app.close())
  const headers = { authorization: `Bearer ${server.key}` }
  const answer = await app.inject({ url: '/models/m', headers })
  assert.equal(answer.statusCode, 500)
  assert.equal(answer.json().code, 'INTERNAL')
  assert.ok(!answer.body.includes(server.folder))
  assert.doesNotMatch(answer.body, /is gone|at .*\.js/)
  const id = answer.headers['x-request-id'] as string
  assert.ok(answer.json().detail.includes(id))
  const entry = server
    .log()
    .split('\n')
    .find(line => line.includes(id) && line.includes('is gone'))
  assert.ok(entry?.includes('stack'))
})

test('the message of an error has paths relative to the data folder, and no stack', async t => {
  const path = join(server.deps.dataFolder, 'models', 'm', '1')
  const message = `cannot read ${path}/manifest.json\n    at read (${path}.js:1:1)`
  const refuse = () => Promise.reject(new TrainyardError('MODEL_NOT_FOUND', message))
  const app = await buildApp(withCatalog(refuse))
  t.after(() => app.close())
  const headers = { authorization: `Bearer ${server.key}` }
  const answer = await app.inject({ url: '/models/m', headers })
  assert.equal(answer.json().detail, 'cannot read models/m/1/manifest.json')
})

test('input that is not HTTP is answered with a problem', async () => {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.end('HELLO\r\n\r\n')
  let answer = ''
  socket.on('data', chunk => {
    answer += chunk
  })
  await once(socket, 'close')
  assert.match(answer, /^HTTP\/1.1 400 Bad Request\r\n/)
  assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]!).code, 'MALFORMED_REQUEST')
})

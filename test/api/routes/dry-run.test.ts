import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually } from '../../../testing/eventually.js'
import { findDescendants } from '../../../testing/processes.js'
import {
  smallJob,
  startServer,
  type TestServer,
  uploadDataset,
} from '../../../testing/test-server.js'
import { endJob, startJob } from '../attempts.js'

const linuxOnly = { skip: process.platform !== 'linux' && 'only Linux has /proc' }

let server: TestServer
before(async () => {
  server = await startServer()
  await uploadDataset(server)
})
after(() => server.close())

const preview = (body: object) => server.api.post('/jobs?dryRun=true').send(body)

test('a dry run returns the plan of a job and stores nothing', async () => {
  const { status, body } = await preview({ ...smallJob, labels: { team: 'vision' } })
  assert.equal(status, 200, JSON.stringify(body))
  assert.deepEqual([body.dryRun, body.steps, body.stepsPerEpoch], [true, 4, 9])
  assert.equal(body.training.optimizer.kind, 'adam')
  const { engineBytes, stateBytes, stepBytes, totalBytes } = body.memory
  assert.equal(totalBytes, engineBytes + stateBytes + stepBytes)
  // Adam keeps two values for each weight
  assert.ok(stateBytes >= 12 * body.parameters)
  assert.deepEqual((await server.api.get('/jobs')).body.items, [])
  assert.deepEqual(await server.store.list('jobs'), [])
})

test('a dry run says how long earlier jobs like it took, or that there are none', async () => {
  const first = await preview(smallJob)
  assert.deepEqual([first.body.timeEstimate.seconds, first.body.timeEstimate.jobs], [null, []])
  assert.match(first.body.timeEstimate.basis, /^unknown: no job/)

  const { body: job } = await server.api.post('/jobs').send({ ...smallJob, name: 'earlier' })
  await startJob(server, job.id)
  await endJob(server, job.id)
  const { body } = await preview({ ...smallJob, training: { steps: 8, batchSize: 4 } })
  assert.deepEqual(body.timeEstimate.jobs, [job.id])
  assert.equal(body.timeEstimate.seconds, 1)
  assert.match(body.timeEstimate.basis, /^1 earlier job with the same model, batch size/)
  const other = await preview({ ...smallJob, training: { steps: 8, batchSize: 8 } })
  assert.equal(other.body.timeEstimate.seconds, null)
  assert.equal((await server.api.delete(`/jobs/${job.id}`)).status, 204)
})

test('only trainable parameters are counted', async () => {
  const { filters, blocks, classes } = { filters: 4, blocks: 1, classes: 2 }
  const model = { kind: 'resnet', filters, blocks }
  const { body } = await preview({ ...smallJob, model })
  // kernels of 3x3 and a batch norm (scale and offset) for each; the last has a batch norm of classes
  const first = 9 * 1 * filters + 2 * filters
  const block = 2 * (9 * filters * filters + 2 * filters)
  const last = 9 * filters * classes + 2 * classes
  assert.equal(body.parameters, first + blocks * block + last)
  const frozen = await preview({ ...smallJob, model, freeze: ['resnet/conv_0/*'] })
  assert.ok(frozen.body.parameters < body.parameters)
})

test('a larger batch needs more memory for a step, and the same for the state', async () => {
  const tiny = { kind: 'resnet', filters: 4, blocks: 1 }
  const sized = async (batchSize: number) =>
    (await preview({ ...smallJob, model: tiny, training: { steps: 4, batchSize } })).body.memory
  const [small, large] = [await sized(4), await sized(16)]
  assert.equal(large.stateBytes, small.stateBytes)
  assert.ok(large.stepBytes > 2 * small.stepBytes)
})

test('a dry run is rejected with the same errors as the job', async () => {
  const wrong = {
    ...smallJob,
    training: { steps: 4, epochs: 1, batchSize: 1000, augment: { cutout: 9 } },
  }
  const [dry, real] = [await preview(wrong), await server.api.post('/jobs').send(wrong)]
  assert.deepEqual([dry.status, dry.body.errors], [real.status, real.body.errors])
  assert.equal(dry.body.errors.length, 3)
  const frozen = await preview({ ...smallJob, freeze: ['nothing/*'] })
  assert.deepEqual([frozen.status, frozen.body.code], [422, 'INVALID_JOB'])
  assert.match(frozen.body.detail, /nothing/)
})

test('the memory of a boosting job is estimated from its table, without TensorFlow', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => `${i},${i % 7},${i * 2}`)
  const csv = Buffer.from(`a,b,c\n${rows.join('\n')}\n`)
  await server.api
    .post('/datasets')
    .field('name', 'cells')
    .field('target', 'c')
    .attach('file', csv, 'c.csv')
  const sized = async (model: object) =>
    (await preview({ model: { kind: 'boosting', ...model }, dataset: 'cells' })).body.memory
  const [hist, wide, approx] = [
    await sized({}),
    await sized({ maxBins: 512 }),
    await sized({ treeMethod: 'approx' }),
  ]
  const network = (await preview(smallJob)).body.memory
  assert.ok(hist.engineBytes < network.engineBytes / 2)
  // 36 training rows of two features, with 2, 4 or 8 bytes a cell
  assert.deepEqual(
    [wide, approx].map(({ stateBytes }) => stateBytes - hist.stateBytes),
    [144, 432],
  )
})

test('the time to match hostile freeze patterns is not noticed', async () => {
  const hostile = ['**********zz!', `${'*a'.repeat(99)}b`, `${'*'.repeat(199)}b`]
  for (const pattern of hostile) {
    const startedAt = performance.now()
    const { status, body } = await preview({ ...smallJob, freeze: [pattern] })
    assert.deepEqual([status, body.code], [422, 'INVALID_JOB'], JSON.stringify(body))
    assert.match(body.detail, /names no variable/)
    const elapsedMs = performance.now() - startedAt
    assert.ok(elapsedMs < 20_000, `${pattern} took ${elapsedMs} ms`)
  }
})

test('a client that closes the connection ends its dry run', linuxOnly, async () => {
  const planners = () => findDescendants(process.pid, 'workers/planner.js')
  const gone = new AbortController()
  const answer = fetch(`${server.url}/jobs?dryRun=true`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...smallJob, model: { kind: 'resnet', depth: 1001 } }),
    signal: gone.signal,
  })
  await eventually('the planner', async () => (await planners()).length === 1)
  gone.abort()
  await assert.rejects(answer, { name: 'AbortError' })
  await eventually('the planner to end', async () => (await planners()).length === 0)
  assert.equal((await preview(smallJob)).status, 200)
})

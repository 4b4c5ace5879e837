// The pool with a stand-in for its processes, whose models crash, hang and fall silent at will.
import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PredictorPool } from '../../../src/serving/pool/pool.js'
import type { PoolOptions } from '../../../src/serving/pool/pool-options.js'
import type { ServedModel } from '../../../src/serving/pool/request.js'
import { type Execution, PredictionStatistics } from '../../../src/serving/statistics.js'
import type { ImagesInput } from '../../../src/spec/ipc-messages.js'
import { eventually } from '../../../testing/eventually.js'

const linuxOnly = { skip: process.platform !== 'linux' && 'only Linux has /proc' }
const script = fileURLToPath(new URL('../../../testing/small-predictor.js', import.meta.url))
const log = { debug() {}, info() {}, warn() {} }

const pixels = (...brightness: number[]): ImagesInput => ({
  kind: 'pixels',
  data: Float32Array.from(brightness),
  shape: [brightness.length, 1, 1, 1],
})

const model = (folder: string): ServedModel => ({
  ...{ name: folder.slice(1), version: 1, folder },
  image: [1, 1, 1],
  precision: 'fp32',
})

interface TestPool {
  pool: PredictorPool
  executions: Execution[]
  predict(
    folder: string,
    input: ImagesInput,
    options?: Parameters<PredictorPool['predict']>[2],
  ): ReturnType<PredictorPool['predict']>
}

function start(t: TestContext, options: Partial<PoolOptions> = {}): TestPool {
  const statistics = new PredictionStatistics()
  const executions: Execution[] = []
  statistics.onExecution(execution => executions.push(execution))
  const environments = [process.env]
  const pool = new PredictorPool({ script, environments, log, statistics, ...options })
  t.after(() => pool.close())
  return {
    pool,
    executions,
    predict: (folder, input, options) => pool.predict(model(folder), input, options),
  }
}

const eventuallyReady = (pool: PredictorPool) =>
  eventually('a predictor to be ready', () => pool.ready())

test('the predictor starts at once, and answers with one row for each image', async t => {
  const { pool, predict } = start(t)
  assert.deepEqual([pool.ready(), pool.starting()], [false, true])
  await eventuallyReady(pool)
  assert.equal(pool.starting(), false)
  const { probabilities, classes } = await predict('/m', pixels(0, 255))
  assert.equal(classes, 2)
  assert.ok(probabilities instanceof Float32Array)
  assert.deepEqual([...probabilities], [1, 0, 0, 1])
})

test('requests that come before the predictor is ready wait for it', async t => {
  const { pool, predict } = start(t)
  assert.equal(pool.ready(), false)
  const answers = await Promise.all([0, 255].map(b => predict('/m', pixels(b))))
  assert.deepEqual(
    answers.map(({ probabilities }) => probabilities[1]),
    [0, 1],
  )
})

test('requests that wait share batches, and each gets its own rows', async t => {
  const { predict, executions } = start(t)
  const brightness = Array.from({ length: 100 }, (_, i) => i)
  const answers = await Promise.all(brightness.map(b => predict('/slow', pixels(b, 255 - b))))
  for (const [i, { probabilities }] of answers.entries()) {
    assert.deepEqual(
      [...probabilities],
      [...Float32Array.of(1 - i / 255, i / 255, 1 - (255 - i) / 255, (255 - i) / 255)],
    )
  }
  assert.equal(
    executions.reduce((sum, { count }) => sum + count, 0),
    200,
  )
  assert.ok(executions.length < 20, `${executions.length} batches`)
  assert.equal(executions.flatMap(({ queuedMs }) => queuedMs).length, 100)
})

test('a request with more images than a batch is divided, and its answer is in order', async t => {
  const { predict, executions } = start(t)
  const { probabilities } = await predict('/m', pixels(...Array.from({ length: 100 }, (_, i) => i)))
  assert.equal(probabilities.length, 200)
  for (let i = 0; i < 100; i++) assert.equal(probabilities[2 * i + 1], Math.fround(i / 255))
  assert.ok(executions.every(({ count }) => count <= 32))
})

test('a request that ends its process is tried once more, alone, and then refused, also if it comes again', async t => {
  const { pool, predict } = start(t)
  const before = performance.now()
  await assert.rejects(predict('/crash', pixels(7)), { code: 'PREDICTION_CRASHES' })
  assert.ok(performance.now() - before < 20_000)
  const { restarts } = pool
  assert.ok(restarts >= 1 && restarts <= 2, `${restarts} restarts`)
  await eventuallyReady(pool)
  const pids = pool.state.processes
  await assert.rejects(predict('/crash', pixels(7)), { code: 'PREDICTION_CRASHES' })
  assert.equal(pool.ready(), true, 'the same bytes have ended another process')
  assert.equal(pool.state.processes, pids)
})

test('the requests that share a batch with one that ends the process, or wait, are answered by the next', async t => {
  const { predict } = start(t)
  const slow = Array.from({ length: 20 }, (_, i) => predict('/slow', pixels(i)))
  const crash = predict('/crash', pixels(0))
  await assert.rejects(crash, { code: 'PREDICTION_CRASHES' })
  for (const [i, { probabilities }] of (await Promise.all(slow)).entries()) {
    assert.equal(probabilities[1], Math.fround(i / 255))
  }
})

test('a model that ends two processes while it is loaded is refused, and others are predicted', async t => {
  const { pool, predict } = start(t)
  await assert.rejects(predict('/crash-load', pixels(0)), {
    code: 'PREDICTOR_RESTARTED',
    retryAfterSeconds: 60,
  })
  assert.equal((await predict('/m', pixels(255))).probabilities[1], 1)
  const { restarts } = pool
  await assert.rejects(predict('/crash-load', pixels(0)), { code: 'PREDICTOR_RESTARTED' })
  assert.equal(pool.restarts, restarts)
})

test('a process that hangs is killed and replaced, and what waited behind it is answered', async t => {
  const { predict } = start(t, { batchTimeoutMs: 200 })
  await predict('/m', pixels(0))
  const hanging = predict('/hang', pixels(0))
  const waiting = predict('/m', pixels(255))
  await assert.rejects(hanging, { code: 'PREDICTOR_TIMEOUT', kind: 'unavailable' })
  assert.equal((await waiting).probabilities[1], 1)
})

test('a process that is stopped by a signal is replaced in seconds', linuxOnly, async t => {
  const { predict } = start(t)
  const startedAt = performance.now()
  await assert.rejects(predict('/stop', pixels(0)), { code: 'PREDICTION_CRASHES' })
  assert.equal((await predict('/m', pixels(255))).probabilities[1], 1)
  const afterMs = performance.now() - startedAt
  t.diagnostic(`the next prediction came ${Math.round(afterMs)} ms after the first of two stops`)
})

test('a request is refused at once if it would wait for too long, and told when to try again', async t => {
  const { predict } = start(t, { maxWaitMs: 100 })
  await predict('/slow', pixels(0))
  const requests = Array.from({ length: 400 }, () => predict('/slow', pixels(0)))
  const outcomes = await Promise.allSettled(requests)
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  assert.ok(refused.length > 0 && refused.length < 400, `${refused.length} of 400 refused`)
  for (const outcome of refused as PromiseRejectedResult[]) {
    assert.equal(outcome.reason.code, 'PREDICTOR_BUSY')
    assert.ok(outcome.reason.retryAfterSeconds >= 1)
  }
  await predict('/slow', pixels(0))
})

test('a request whose deadline passes while it waits does not run', async t => {
  const { pool, predict, executions } = start(t)
  await predict('/m', pixels(0))
  executions.length = 0
  const silent = assert.rejects(predict('/silent', pixels(0, 0)), { code: 'PREDICTOR_RESTARTED' })
  // a batch that is smaller than the one that runs stays here
  await eventually('the silent model to run', () => pool.state.waitingImages === 0)
  // so far away that the request is not refused on a busy machine, where its model was slow
  const late = predict('/m', pixels(0), { deadline: performance.now() + 2000 })
  await assert.rejects(late, { code: 'PREDICTOR_TIMEOUT' })
  assert.equal(pool.state.waitingImages, 0)
  await assert.rejects(predict('/m', pixels(0), { deadline: performance.now() - 1 }), {
    code: 'PREDICTOR_BUSY',
  })
  assert.equal(executions.length, 0)
  await pool.close()
  await silent
})

test('a request whose client has gone while it waits does not run', async t => {
  const { pool, predict, executions } = start(t, { maxWaitMs: 60_000 })
  await predict('/slow', pixels(0))
  const { length } = executions
  const leaving = new AbortController()
  setMaxListeners(100, leaving.signal)
  const [kept, ...gone] = Array.from({ length: 60 }, (_, i) =>
    predict('/slow', pixels(i), i === 0 ? {} : { signal: leaving.signal }),
  )
  leaving.abort()
  for (const each of gone) await assert.rejects(each, { code: 'PREDICTION_CANCELLED' })
  await kept
  assert.equal(pool.inFlight, 0)
  const ran = executions.slice(length).reduce((sum, { count }) => sum + count, 0)
  assert.equal(ran, 1)
  await assert.rejects(predict('/m', pixels(0), { signal: leaving.signal }), {
    code: 'PREDICTION_CANCELLED',
  })
})

test('models are unloaded under the memory budget, the one used longest ago first, but none that is pinned', async t => {
  // the stand-in's models take 1000 bytes
  const { pool, predict } = start(t, { memoryBytes: 3000 })
  pool.pin([model('/pinned')])
  const loaded = () => pool.loadedModels.map(({ folder }) => folder).sort()
  await eventually('the pinned model to be loaded', () => pool.state.modelBytes === 1000)
  for (const folder of ['/a', '/b', '/a', '/c', '/d']) await predict(folder, pixels(0))
  assert.deepEqual(loaded(), ['/c', '/d', '/pinned'])
  assert.equal(pool.state.modelBytes, 3000)
  await predict('/a', pixels(0))
  assert.deepEqual(loaded(), ['/a', '/d', '/pinned'])
  pool.unloadVersion('d', 1)
  assert.deepEqual(loaded(), ['/a', '/pinned'])
})

test('two models that do not fit together are both served', async t => {
  const { predict } = start(t, { memoryBytes: 1 })
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => predict(i % 2 ? '/a' : '/b', pixels(255))),
  )
  assert.equal(answers.length, 10)
})

test('several processes share the requests, and one that is killed costs none of them', async t => {
  const { pool, predict } = start(t, {
    environments: [process.env, process.env],
    maxWaitMs: 60_000,
  })
  await eventually('both processes to be ready', () => pool.pids.length === 2)
  const requests = Array.from({ length: 1500 }, (_, i) => predict('/slow', pixels(i % 256)))
  await eventually('both processes to have the model', () => pool.state.modelBytes === 2000)
  process.kill(pool.pids[0]!, 'SIGKILL')
  for (const [i, { probabilities }] of (await Promise.all(requests)).entries()) {
    assert.equal(probabilities[1], Math.fround((i % 256) / 255))
  }
  await eventually('the process to be replaced', () => pool.restarts === 1)
})

test('an invalid request is a TrainyardError, and a bug of the predictor is a plain Error', async t => {
  const { predict } = start(t)
  await assert.rejects(predict('/refuse', pixels(0)), {
    name: 'TrainyardError',
    code: 'UNDECODABLE_IMAGE',
    kind: 'invalid',
  })
  await assert.rejects(predict('/fault', pixels(0)), { name: 'Error' })
})

test('a script that does not exist rejects requests, and the server keeps running', async t => {
  const { pool, predict } = start(t, { script: '/nowhere/predictor.js' })
  await assert.rejects(predict('/m', pixels(0)), { code: 'PREDICTOR_RESTARTED' })
  assert.deepEqual([pool.ready(), pool.starting()], [false, false])
})

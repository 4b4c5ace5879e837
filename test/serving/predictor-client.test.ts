import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  openPredictor,
  type Predictor,
  type PredictorOptions,
} from '../../src/serving/predictor-client.js'
import type { PredictRequest } from '../../src/spec/ipc-messages.js'
import { eventually } from '../../testing/eventually.js'

const linuxOnly = { skip: process.platform !== 'linux' && 'only Linux has /proc' }
const script = fileURLToPath(new URL('../../testing/small-predictor.js', import.meta.url))
const log = { debug() {}, info() {}, warn() {} }

const pixels = (...brightness: number[]): PredictRequest['input'] => ({
  kind: 'pixels',
  data: Float32Array.from(brightness),
  shape: [brightness.length, 1, 1, 1],
})

function start(t: TestContext, options: Partial<PredictorOptions> = {}): Predictor {
  const predictor = openPredictor({ script, env: process.env, log, ...options })
  t.after(() => predictor.close())
  return predictor
}

const eventuallyReady = (predictor: Predictor) =>
  eventually('the predictor to be ready', () => predictor.ready())

test('the predictor starts at once, and answers with one row for each image', async t => {
  const predictor = start(t)
  await eventuallyReady(predictor)
  const { probabilities, classes } = await predictor.predict('/m', pixels(0, 255))
  assert.equal(classes, 2)
  assert.ok(probabilities instanceof Float32Array)
  assert.deepEqual([...probabilities], [1, 0, 0, 1])
})

test('requests that come before the predictor is ready wait for it', async t => {
  const predictor = start(t)
  assert.equal(predictor.ready(), false)
  const answers = await Promise.all([0, 255].map(b => predictor.predict('/m', pixels(b))))
  assert.deepEqual(
    answers.map(({ probabilities }) => probabilities[1]),
    [0, 1],
  )
})

test('a crash rejects the pending requests, and a new child answers the next one', async t => {
  const predictor = start(t)
  await eventuallyReady(predictor)
  const results = await Promise.allSettled([
    predictor.predict('/silent', pixels(0)),
    predictor.predict('/crash', pixels(0)),
  ])
  for (const result of results) {
    assert.equal(result.status, 'rejected')
    assert.equal(result.reason.code, 'PREDICTOR_RESTARTED')
    assert.equal(result.reason.kind, 'unavailable')
  }
  assert.equal(predictor.ready(), false)
  await eventuallyReady(predictor)
  const { probabilities } = await predictor.predict('/m', pixels(255))
  assert.equal(probabilities[1], 1)
})

test('a child that hangs is killed and replaced', async t => {
  const predictor = start(t, { timeoutMs: 200 })
  await eventuallyReady(predictor)
  await assert.rejects(predictor.predict('/hang', pixels(0)), {
    code: 'PREDICTOR_TIMEOUT',
    kind: 'unavailable',
  })
  await eventually('the predictor to be killed', () => !predictor.ready(), {
    intervalMs: 1,
  })
  await eventuallyReady(predictor)
  await predictor.predict('/m', pixels(0))
})

test('a child that is stopped by a signal is replaced in seconds', linuxOnly, async t => {
  const predictor = start(t)
  await eventuallyReady(predictor)
  const startedAt = performance.now()
  await assert.rejects(predictor.predict('/stop', pixels(0)), { code: 'PREDICTOR_RESTARTED' })
  await eventuallyReady(predictor)
  const { probabilities } = await predictor.predict('/m', pixels(255))
  assert.equal(probabilities[1], 1)
  const afterMs = performance.now() - startedAt
  t.diagnostic(`the next prediction came ${Math.round(afterMs)} ms after the stop`)
  assert.ok(afterMs < 10_000, `healed after ${afterMs} ms`)
})

test('a request over the limit of pending requests is PREDICTOR_BUSY', async t => {
  const predictor = start(t, { maxInFlight: 2 })
  await eventuallyReady(predictor)
  const waiting = [0, 1].map(() => predictor.predict('/silent', pixels(0)))
  await assert.rejects(predictor.predict('/m', pixels(0)), { code: 'PREDICTOR_BUSY' })
  await predictor.close()
  for (const request of waiting) await assert.rejects(request, { code: 'PREDICTOR_RESTARTED' })
})

test('an invalid request is a TrainyardError, and a bug of the predictor is a plain Error', async t => {
  const predictor = start(t)
  await assert.rejects(predictor.predict('/refuse', pixels(0)), {
    name: 'TrainyardError',
    code: 'UNDECODABLE_IMAGE',
    kind: 'invalid',
  })
  await assert.rejects(predictor.predict('/fault', pixels(0)), { name: 'Error' })
})

test('a script that does not exist rejects requests, and the server keeps running', async t => {
  const predictor = start(t, { script: '/nowhere/predictor.js' })
  await assert.rejects(predictor.predict('/m', pixels(0)), { code: 'PREDICTOR_RESTARTED' })
  assert.equal(predictor.ready(), false)
})

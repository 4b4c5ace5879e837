// Real models, predictors and trainers: which version answers, and checkpoints that predict.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BoostingJobRequest, Job, NetworkJobRequest } from '../../src/spec/job.js'
import type { Prediction } from '../../src/spec/model.js'
import { eventually } from '../../testing/eventually.js'
import { mnistSample } from '../../testing/mnist.js'
import { readTable } from '../../testing/tables.js'
import { TestDeployment } from '../../testing/test-deployment.js'
import { uploadTable } from './tables.js'

let deployment: TestDeployment
before(async () => {
  // which runtime is fastest may differ from one load to the next, and so may the last digits
  deployment = await TestDeployment.open({ TRAINYARD_SERVING_RUNTIME: 'tensorflow' })
  await deployment.client.datasets.push('digits', await mnistSample(640))
  await uploadTable(deployment, 'wine')
})
after(() => deployment.close())

async function call(method: string, path: string, body?: unknown) {
  const answer = await fetch(deployment.url + path, {
    method,
    headers: {
      authorization: `Bearer ${deployment.key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
}

const network = (seed: number, training = {}): NetworkJobRequest => ({
  name: 'digits',
  model: { kind: 'resnet', block: 'plain', blocks: 1, filters: 8 },
  dataset: 'digits',
  serving: { precision: 'fp32' },
  training: { steps: 30, batchSize: 16, seed, checkpointEvery: 10, exportBest: false, ...training },
})

/** Always one batch of four: three are four, or two and one, whatever the machine was faster with. */
const images = {
  instances: Array.from({ length: 4 }, (_, i) =>
    Array.from({ length: 28 * 28 }, (_, pixel) => (pixel * (7 + i)) % 256),
  ),
}

function assertSucceeded(job: Job): Job {
  assert.equal(job.status, 'succeeded', job.failure?.message)
  return job
}

/** A batch of another size may differ in the last digits of float32, two versions differ in the second. */
function assertSame(actual: Prediction[], expected: Prediction[], what: string): void {
  for (const [i, { probabilities }] of expected.entries()) {
    for (const [label, probability] of probabilities.entries()) {
      const found = actual[i]!.probabilities[label]!
      assert.ok(Math.abs(found - probability) < 1e-5, `${what}: ${found} for ${probability}`)
    }
  }
}

const published = (job: Job) => {
  const { id, version } = job.result!.model
  return `/models/${id}/predict?version=${version}`
}

test('a checkpoint of a network predicts exactly as the model that is published from it', async () => {
  const job = assertSucceeded(await deployment.train(network(1, { ema: { decay: 0.9 } })))
  const model = await call('POST', published(job), images)
  const latest = await call('POST', `/jobs/${job.id}/predict`, images)
  assert.equal(latest.status, 200, JSON.stringify(latest.body))
  assert.deepEqual([latest.body.job, latest.body.step], [job.id, 30])
  assert.deepEqual(latest.body.predictions, model.body.predictions)
  assert.deepEqual(latest.body.labels, model.body.labels)
  const earlier = await call('POST', `/jobs/${job.id}/predict?at=20`, images)
  assert.equal(earlier.body.step, 20)
  assert.notDeepEqual(earlier.body.predictions, latest.body.predictions)
  const none = await call('POST', `/jobs/${job.id}/predict?at=7`, images)
  assert.deepEqual([none.status, none.body.code], [404, 'CHECKPOINT_NOT_FOUND'])
  assert.match(none.body.detail, /steps 10, 20, 30/)
})

test('a checkpoint of trees predicts exactly as the model, with its columns and options', async () => {
  const request: BoostingJobRequest = {
    name: 'wine',
    model: { kind: 'boosting', rounds: 20 },
    dataset: 'wine',
    training: { checkpointEvery: 10, validation: 0.2 },
  }
  const job = assertSucceeded(await deployment.train(request))
  const { columns, rows } = readTable('wine')
  const toObject = (row: number[]) => Object.fromEntries(columns.map((name, i) => [name, row[i]]))
  const body = { instances: rows.slice(0, 5).map(toObject), explain: true }
  const model = await call('POST', published(job), body)
  assert.equal(model.status, 200, JSON.stringify(model.body))
  const latest = await call('POST', `/jobs/${job.id}/predict?at=latest`, body)
  assert.deepEqual(latest.body.predictions, model.body.predictions)
  const wrong = await call('POST', `/jobs/${job.id}/predict`, { instances: [{ nonsense: 1 }] })
  assert.equal(wrong.status, 422)
})

test('a job predicts while it trains, with newer checkpoints as it goes', async () => {
  const { id } = await deployment.client.jobs.submit(
    network(3, { steps: 100_000, checkpointEvery: 20, keepCheckpoints: 2 }),
  )
  const stepAtLeast = (step: number) =>
    eventually(`a prediction after step ${step}`, async () => {
      const { status, body } = await call('POST', `/jobs/${id}/predict`, images)
      // until the first checkpoint
      if (status === 404) return false
      assert.equal(status, 200, JSON.stringify(body))
      return body.step > step && body.step
    })
  const first = await stepAtLeast(0)
  assert.ok((await stepAtLeast(first)) > first)
  await call('POST', `/jobs/${id}/cancel`)
})

test('aliases that move and versions that are deleted under load make no answer wrong', async () => {
  const jobs = []
  for (const seed of [11, 12]) jobs.push(assertSucceeded(await deployment.train(network(seed))))
  const [old, recent] = jobs.map(job => job.result!.model.version) as [number, number]
  const expected = new Map<number, Prediction[]>()
  for (const job of jobs) {
    const { body } = await call('POST', published(job), images)
    expected.set(body.version, body.predictions)
  }
  assert.throws(() => assertSame(expected.get(old)!, expected.get(recent)!, 'the versions'))
  const alias = '/models/digits/aliases/production'
  assert.equal((await call('PUT', alias, { version: old })).status, 200)

  let isOver = false
  const seen = new Map<string, number>()
  const client = async (query: string) => {
    while (!isOver) {
      const { status, body } = await call('POST', `/models/digits/predict${query}`, images)
      const key = `${query} ${status} ${body.version ?? body.code}`
      seen.set(key, (seen.get(key) ?? 0) + 1)
      if (status === 200) assertSame(body.predictions, expected.get(body.version)!, key)
    }
  }
  const clients = ['?alias=production', '?alias=production', `?version=${old}`, ''].map(client)
  for (let i = 0; i < 5; i++) {
    assert.equal((await call('PUT', alias, { version: recent })).status, 200)
    assert.equal((await call('POST', `${alias}/rollback`, {})).status, 200)
  }
  const refused = await call('DELETE', `/models/digits?version=${old}`)
  assert.deepEqual([refused.status, refused.body.code], [409, 'MODEL_REFERENCED'])
  assert.equal((await call('PUT', alias, { version: recent })).status, 200)
  const deleted = await call('DELETE', `/models/digits?version=${old}`)
  assert.equal(deleted.status, 200, JSON.stringify(deleted.body))
  assert.ok(deleted.body.freedBytes > 0)
  await eventually('requests of the deleted version', () =>
    seen.has(`?version=${old} 404 MODEL_NOT_FOUND`),
  )
  isOver = true
  await Promise.all(clients)
  const allowed = [
    `?alias=production 200 ${old}`,
    `?alias=production 200 ${recent}`,
    `?version=${old} 200 ${old}`,
    `?version=${old} 404 MODEL_NOT_FOUND`,
    ` 200 ${recent}`,
  ]
  assert.deepEqual(
    [...seen.keys()].filter(key => !allowed.includes(key)),
    [],
  )
  assert.ok(seen.get(`?alias=production 200 ${recent}`)! > 0)
})

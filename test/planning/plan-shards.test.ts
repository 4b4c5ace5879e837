import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { planNetworkJob } from '../../src/planning/plan.js'
import type { NetworkJobRequest } from '../../src/spec/job.js'
import { digitsManifest } from '../../testing/digits-manifest.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

type Training = NonNullable<NetworkJobRequest['training']>

const plan = (training: Training, records = 1000) =>
  planNetworkJob(
    identity,
    { model: { kind: 'resnet' }, dataset: 'digits', training },
    digitsManifest({ records }),
    null,
  )

/** The messages of a refused request, by path. */
function errorsOf(training: Training): Record<string, string> {
  try {
    plan(training)
  } catch (error) {
    assert.ok(error instanceof TrainyardError)
    return Object.fromEntries(error.errors.map(({ path, message }) => [path, message]))
  }
  return {}
}

test('a job without shards has none in its plan', () => {
  assert.ok(!('shards' in plan({}).training))
  assert.ok(!('shards' in plan({ shards: 1 }).training))
  assert.equal(plan({ shards: 4 }).training.shards, 4)
})

test('the default batch is one that shards divide, and the plan says so', () => {
  const { training, notes } = plan({ shards: 6 })
  assert.equal(training.batchSize, 60)
  assert.match(notes!.at(-1)!.message, /batchSize is 60 and not 64, since 6 shards divide it/)
  assert.equal(plan({ shards: 4 }, 70).training.batchSize, 60)
})

test('all that does not fit shards is refused at once, with what would fit', () => {
  const errors = errorsOf({ shards: 4, batchSize: 50, accumulateSteps: 2 })
  assert.deepEqual(Object.keys(errors).sort(), ['/training/accumulateSteps', '/training/batchSize'])
  assert.match(errors['/training/batchSize']!, /50 images .* 4 equal shards; take 48 or 52/)
  assert.match(errors['/training/accumulateSteps']!, /raise batchSize and shards/)
  assert.match(errorsOf({ shards: 4, batchSize: 2 })['/training/batchSize']!, /take 4$/)
  const mixup = errorsOf({ shards: 4, batchSize: 4, augment: { mixup: 0.2 } })
  assert.match(mixup['/training/augment/mixup']!, /each of the 4 shards has one/)
  const steps = errorsOf({ shards: 64, steps: 100_000_000 })
  assert.match(steps['/training/shards']!, /6400000000/)
})

test('a job has as many shards as it asks for devices, unless it says how many', () => {
  const of = (devices: number, training: Training = {}) =>
    planNetworkJob(
      identity,
      { model: { kind: 'resnet' }, dataset: 'digits', training, resources: { devices } },
      digitsManifest(),
      null,
    )
  assert.equal(of(2).training.shards, 2)
  assert.deepEqual(of(2).resources, { devices: 2 })
  assert.equal(of(2, { shards: 8 }).training.shards, 8)
  assert.ok(!('shards' in of(1).training))
  const refusal = (devices: number, shards: number) => {
    try {
      of(devices, { shards, batchSize: 48 })
    } catch (error) {
      assert.ok(error instanceof TrainyardError)
      return error.errors.map(({ path, message }) => `${path}: ${message}`).join()
    }
    return ''
  }
  assert.match(refusal(3, 6), /^\/resources\/devices: 6 shards .* take 1, 2 or 6 devices/)
  assert.match(refusal(2, 1), /take 1 devices, or 2 shards/)
  assert.equal(refusal(3, 3), '')
})

test('workers multiply devices', () => {
  const of = (workers: number, devices: number, training: Training = {}) =>
    planNetworkJob(
      identity,
      { model: { kind: 'resnet' }, dataset: 'digits', training, resources: { workers, devices } },
      digitsManifest(),
      null,
    )
  assert.equal(of(2, 1).training.shards, 2)
  assert.equal(of(2, 2).training.shards, 4)
  assert.equal(of(2, 2, { shards: 8 }).training.shards, 8)
  const refusal = (workers: number, devices: number, training?: Training) => {
    try {
      of(workers, devices, training)
    } catch (error) {
      assert.ok(error instanceof TrainyardError)
      return error.errors.map(({ path, message }) => `${path}: ${message}`).join()
    }
    return ''
  }
  assert.match(
    refusal(3, 2, { shards: 8, batchSize: 48 }),
    /^\/resources\/workers: 8 shards .* by 3 workers with 2 devices each; .* 1, 2, 4 or 8, or 6 shards$/,
  )
  assert.match(
    refusal(2, 1, { shards: 1 }),
    /^\/resources\/workers: 1 shards .* by 2 workers; .* product is 1, or 2 shards$/,
  )
  // more than a batch can be divided into
  assert.match(refusal(64, 2), /^\/resources\/workers: 64 shards .* 32 or 64$/)
})

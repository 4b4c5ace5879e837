import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrainyardError } from '../../src/errors.js'
import { planJob } from '../../src/jobs/plan.js'
import type { JobRequest } from '../../src/spec/job.js'
import { digits } from './dataset.js'

const identity = { id: 'job-00000000000000000000000000', createdAt: '2026-01-01T00:00:00.000Z' }

const plan = (
  request: Partial<JobRequest> = {},
  validation: ReturnType<typeof digits> | null = null,
) =>
  planJob(
    identity,
    { model: { kind: 'resnet' }, dataset: 'digits', ...request },
    digits(),
    validation,
  )

test('a model and a data set make a whole job', () => {
  const job = plan()
  assert.equal(job.name, 'resnet-digits')
  assert.deepEqual(job.model, {
    kind: 'resnet',
    block: 'plain',
    blocks: 5,
    filters: 64,
    kernel: 3,
    ratio: 4,
  })
  assert.deepEqual(job.training.validation, { holdOut: 100 })
  assert.equal(job.training.stepsPerEpoch, 14)
  assert.equal(job.training.steps, 140)
  assert.equal(job.training.snapshotEvery, 14)
})

test('another data set that validates leaves all records to train on', () => {
  const other = digits({ id: 'ds-fedcba9876543210', name: 'others' })
  const { training } = plan({ training: { validation: { dataset: 'others' } } }, other)
  assert.deepEqual(training.validation, { dataset: other.id })
  assert.equal(training.stepsPerEpoch, 15)
})

test('data up to 1 GiB of pixels stay in memory, unless the job says otherwise', () => {
  const large = digits({ height: 224, width: 224, channels: 3, records: 10_000 })
  const formOf = (dataset: typeof large, input?: 'auto' | 'resident' | 'streamed') => {
    const request: JobRequest = {
      model: { kind: 'resnet' },
      dataset: 'digits',
      training: input ? { input } : {},
    }
    return planJob(identity, request, dataset, null).training.input
  }
  assert.equal(formOf(digits()), 'resident')
  assert.equal(formOf(digits(), 'streamed'), 'streamed')
  assert.equal(formOf(large, 'auto'), 'streamed')
  assert.equal(formOf(large, 'resident'), 'resident')
})

test('all that cannot work is named at once', () => {
  const odd = digits({ name: 'odd', width: 32, labels: ['0', '1', '2', '3'] })
  const request: Partial<JobRequest> = {
    model: { kind: 'resnet', block: 'bottleneck', filters: 30, ratio: 4 },
    training: { steps: 5, epochs: 1, batchSize: 2000, validation: { dataset: 'odd' } },
  }
  assert.throws(
    () => plan(request, odd),
    (error: TrainyardError) => {
      assert.equal(error.code, 'INVALID_JOB')
      assert.deepEqual(
        error.errors.map(({ path }) => path),
        [
          '/training/steps',
          '/training/batchSize',
          '/training/validation/dataset',
          '/training/validation/dataset',
          '/model/ratio',
        ],
      )
      return true
    },
  )
})

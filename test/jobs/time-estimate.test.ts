import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobRow } from '../../src/jobs/queue/job-row.js'
import { estimateFrom } from '../../src/jobs/time-estimate.js'

type Plan = Parameters<typeof estimateFrom>[1]

const plan = (steps: number, batchSize = 16) =>
  ({
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    training: { steps, batchSize, accumulateSteps: 1, precision: 'fp32' },
    predict: null,
    steps,
  }) as unknown as Plan

/** A job of 100 steps that took `seconds`. */
const ended = (id: string, seconds: number, values: Partial<JobRow> = {}) =>
  ({
    id,
    status: 'succeeded',
    attempt: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: new Date(Date.parse('2026-01-01T00:00:00.000Z') + 1000 * seconds).toISOString(),
    progress: { step: 100 },
    model: { kind: 'resnet', blocks: 1, filters: 4 },
    training: { batchSize: 16, accumulateSteps: 1, precision: 'fp32', seed: 7 },
    predict: null,
    ...values,
  }) as unknown as JobRow

test('the estimate is the median time per step of jobs like it, scaled to its steps', () => {
  const rows = [ended('a', 10), ended('b', 30), ended('c', 12)]
  assert.deepEqual(estimateFrom(rows, plan(200)), {
    seconds: 24,
    basis: '3 earlier jobs with the same model, batch size and data set',
    jobs: ['a', 'b', 'c'],
  })
  assert.equal(estimateFrom(rows.slice(0, 2), plan(100)).seconds, 20)
  const many = Array.from({ length: 9 }, (_, i) => ended(`${i}`, 10))
  assert.deepEqual(estimateFrom(many, plan(100)).jobs, ['0', '1', '2', '3', '4'])
})

test('jobs that differ in what a step takes, or that were disturbed, do not count', () => {
  const others = [
    ended('other model', 1, { model: { kind: 'resnet', blocks: 2, filters: 4 } }),
    ended('other batch', 1, { training: { batchSize: 32, accumulateSteps: 1, precision: 'fp32' } }),
    ended('second attempt', 1, { attempt: 2 }),
    ended('failed', 1, { status: 'failed' }),
    ended('predicts', 1, { predict: { model: 'm', version: 1 } } as unknown as Partial<JobRow>),
  ]
  const none = estimateFrom(others, plan(100))
  assert.deepEqual([none.seconds, none.jobs], [null, []])
  assert.match(none.basis, /^unknown: no job with the same model, batch size and data set/)
  assert.deepEqual(estimateFrom([...others, ended('alike', 10)], plan(100)).jobs, ['alike'])
})

test('jobs that are far shorter do not count, and the answer says so', () => {
  const { seconds, basis } = estimateFrom([ended('short', 10)], plan(1001))
  assert.equal(seconds, null)
  assert.match(basis, /too short to tell \(at most 100 of 1001 steps\)/)
})

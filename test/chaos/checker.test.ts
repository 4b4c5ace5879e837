import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkFollowed, checkSeries, checkStates, Verdict } from '../../chaos/checker.js'
import type { JobHistory, Reference, Violation } from '../../chaos/history.js'
import { configurationAt } from '../../chaos/job-kinds.js'
import type { Job } from '../../src/spec/job.js'
import type { MetricValue } from '../../src/spec/metrics.js'

const reference: Reference = {
  series: {
    loss: [
      [1, 3],
      [2, 2],
      [3, 1],
    ],
    validationLoss: [[3, 1.5]],
  },
  model: '',
  checkpoint: '',
  predictions: '',
}

const time = '2026-01-01T00:00:00.000Z'
const row = (id: string, step: number, values: Record<string, number>) => ({
  id,
  row: { step, time, values },
})
const good = [
  row('2', 1, { loss: 3, examplesPerSecond: 17 }),
  row('4', 2, { loss: 2, examplesPerSecond: 16 }),
  row('6', 3, { loss: 1, examplesPerSecond: 15 }),
  row('7', 3, { validationLoss: 1.5 }),
]
const points = {
  loss: [1, 2, 3].map(step => ({ step, value: 4 - step, time })),
  validationLoss: [{ step: 3, value: 1.5, time }],
}

const history = (rows: JobHistory['rows'], states: Partial<Job>[] = []): JobHistory => ({
  name: 'job-0',
  configuration: configurationAt(0),
  cancelAt: null,
  cancelRequested: false,
  pauseAt: null,
  id: 'job-x',
  rows,
  states: { follower: states as Job[], poller: [] },
  predictions: [],
})

/** The kinds of violations that a check finds. */
function violationsOf(check: (verdict: Verdict) => void): Violation[] {
  const verdict = new Verdict(() => {})
  check(verdict)
  return (Object.keys(verdict.counts) as Violation[]).filter(name => verdict.counts[name] > 0)
}

const followerViolations = (rows: JobHistory['rows']) =>
  violationsOf(verdict => checkFollowed(history(rows), points, reference, verdict))

test('a follower that received each expected row once and in order is no violation', () => {
  assert.deepEqual(followerViolations(good), [])
})

test('a row that a follower received twice, out of order, changed or not at all is a violation', () => {
  assert.deepEqual(followerViolations([good[0]!, ...good]), ['duplicated'])
  assert.deepEqual(followerViolations([good[1]!, good[0]!, good[2]!, good[3]!]), ['duplicated'])
  assert.deepEqual(followerViolations(good.toSpliced(1, 1)), ['lost'])
  assert.deepEqual(followerViolations(good.with(1, row('4', 2, { loss: 2.000001 }))), ['diverged'])
})

test('the metrics of a complete job equal the reference, those of a cancelled job are its first points', () => {
  const series = (loss: readonly (readonly [number, MetricValue])[], whole: boolean) =>
    violationsOf(verdict =>
      checkSeries('job-0', { ...reference.series, loss }, reference, whole, verdict),
    )
  const loss = reference.series.loss!
  assert.deepEqual(series(loss, true), [])
  assert.deepEqual(series(loss.slice(0, 2), true), ['diverged'])
  assert.deepEqual(series(loss.slice(0, 2), false), [])
  assert.deepEqual(series([loss[0]!, loss[2]!], false), ['diverged'])
  assert.deepEqual(series([...loss, [4, 0]], true), ['diverged'])
})

test('a job ends once and only as requested, and its attempt number never decreases', () => {
  const states = (list: Partial<Job>[]) => {
    const end = list.at(-1) as Job
    return violationsOf(verdict => checkStates(history([], list), end, verdict))
  }
  const running = { status: 'running', attempt: 1 } as const
  const again = { status: 'running', attempt: 2 } as const
  const succeeded = { status: 'succeeded', attempt: 2 } as const
  assert.deepEqual(states([running, again, succeeded]), [])
  assert.deepEqual(states([running, succeeded, again]), ['duplicated'])
  assert.deepEqual(states([again, running, succeeded]), ['staleWrites'])
  assert.deepEqual(states([running, { status: 'cancelled', attempt: 1 }]), ['diverged'])
  assert.deepEqual(states([running, { status: 'failed', attempt: 1, failure: null }]), ['diverged'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttemptRecord } from '../../../src/jobs/record/records.js'
import { attemptRecord } from '../../../testing/running-job.js'
import { exhaustedRetries, retryDelayMs } from '../../../workers/supervision/retry-policy.js'

type End = Pick<AttemptRecord, 'end' | 'cause' | 'outputTail'>

const crashed: End = { end: 'crashed', cause: 'crashed', outputTail: 'was ended by SIGSEGV' }
const silent: End = { end: 'crashed', cause: 'no_progress', outputTail: 'ended silently' }
const killed: End = { end: 'killed', cause: 'killed', outputTail: 'was ended by SIGTERM' }
const outOfMemory: End = { end: 'killed', cause: 'out_of_memory', outputTail: 'was ended' }
const gpu: End = { end: 'crashed', cause: 'gpu_error', outputTail: 'ended with CUDA_ERROR' }
const unavailable: End = { end: 'unavailable', cause: null, outputTail: 'could not go on' }
const unknown: End = { end: null, cause: null, outputTail: null }

const attempts = (...ends: End[]) => ends.map((end, i) => attemptRecord(i + 1, end))
const times = (count: number, end: End) => Array.from({ length: count }, () => end)
const failureOf = (...ends: End[]) => exhaustedRetries(null, attempts(...ends))

test('a job fails after three crashes, twenty kills, or two kills for lack of memory', () => {
  assert.equal(failureOf(...times(2, crashed)), null)
  assert.deepEqual(failureOf(...times(3, crashed)), {
    code: 'crashed',
    message:
      '3 attempts crashed without a new checkpoint; attempt 3 was ended by SIGSEGV; fix the cause, then retry the job',
  })
  assert.equal(failureOf(...times(19, killed)), null)
  assert.equal(failureOf(...times(20, killed))?.code, 'killed')
  assert.equal(failureOf(...times(20, unknown))?.code, 'killed')
  assert.equal(failureOf(outOfMemory), null)
  assert.equal(failureOf(outOfMemory, outOfMemory)?.code, 'out_of_memory')
  assert.equal(failureOf(...times(3, gpu))?.code, 'gpu_error')
  assert.equal(failureOf(...times(3, silent))?.code, 'no_progress')
})

test('a failure for lack of memory names the estimate of the job', () => {
  const memory = { totalBytes: 48 * 2 ** 30 }
  const failure = exhaustedRetries(memory, attempts(outOfMemory, outOfMemory))
  assert.match(
    failure?.message ?? '',
    /^2 attempts ran out of memory .* need 48\.0 GiB: use a smaller/,
  )
})

test('different ends are told as a mix', () => {
  const failure = failureOf(killed, crashed, killed, crashed, unavailable, crashed)
  assert.equal(failure?.code, 'crashed')
  assert.match(
    failure.message,
    /^5 attempts ended without a new checkpoint \(3 crashed, 2 were killed\); attempt 6 was ended/,
  )
})

test('the machine’s failures never fail a job, and are tried ever more rarely', () => {
  assert.equal(failureOf(...times(1000, unavailable)), null)
  const delays = [1, 2, 3, 4, 5, 6].map(n => retryDelayMs(attempts(...times(n, unavailable))))
  assert.deepEqual(delays, [1000, 2000, 5000, 10_000, 30_000, 30_000])
  assert.deepEqual(
    [0, 1, 2, 3, 9].map(n => retryDelayMs(attempts(...times(n, crashed)))),
    [0, 0, 1000, 5000, 5000],
  )
})

test('the message has one line, also from the many of an older version', () => {
  const outputTail = 'exit code 1: TypeError: no\n    at a (/b/c.js:1:2)\n    at d'
  const failure = failureOf(...times(3, { end: 'crashed', outputTail }))
  assert.equal(failure?.code, 'crashed')
  assert.match(failure.message, /attempt 3 exit code 1: TypeError: no; fix the cause/)
})

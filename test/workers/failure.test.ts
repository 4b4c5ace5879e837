import assert from 'node:assert/strict'
import { test } from 'node:test'
import { xgboostError } from '../../src/boosting/capi.js'
import { TrainingFailure, TrainyardError } from '../../src/errors.js'
import { GraphError } from '../../src/graph/graph-error.js'
import type { BoostingObjective } from '../../src/spec/boosting-options.js'
import { type FailureCode, failureCodes } from '../../src/spec/failure-codes.js'
import type { Failure } from '../../src/spec/job.js'
import { matchWeights } from '../../src/training/initial-weights.js'
import { precisionFor } from '../../workers/attempts/precision.js'
import { isUnavailable, toFailure } from '../../workers/failure.js'
import { boost, boostingOptions } from '../boosting/boost.js'
import { csvTable, withLabels } from '../boosting/tables.js'

/** The failure of a job whose trainer meets the error of `run`. */
async function failureOf(run: () => unknown): Promise<Failure | null> {
  try {
    await run()
  } catch (error) {
    return toFailure(error)
  }
  throw new Error('nothing was thrown')
}

function boostWithLabels(
  objective: BoostingObjective,
  labelOf: (row: number) => number,
): Promise<unknown> {
  const labels = Float32Array.from({ length: 442 }, (_, row) => labelOf(row))
  const model = boostingOptions({ objective, rounds: 2 })
  return boost({ model, training: withLabels(csvTable('diabetes'), labels) })
}

test('a job fails with the code of what its trainer met', async () => {
  const thrown: [FailureCode, () => unknown][] = [
    ['nan_loss', () => boostWithLabels('regression', row => (row % 2 ? 3e38 : -3e38))],
    ['xgboost_error', () => boostWithLabels('binary', row => (row === 7 ? 3 : row % 2))],
    ['no_gpu', () => precisionFor({ gpus: 0, flags: [] }, 'fp16')],
    ['init_nothing_matches', () => matchWeights([], [])],
  ]
  for (const [code, run] of thrown) assert.equal((await failureOf(run))?.code, code)
})

test("XGBoost's message tells a lack of memory and a broken GPU from a refusal", () => {
  const messages: [FailureCode, string][] = [
    ['out_of_memory', '[12:00:00] /src/x.cc:1: std::bad_alloc'],
    ['out_of_memory', 'Memory allocation error on worker 0: cudaErrorMemoryAllocation'],
    ['gpu_error', 'Check failed: cudaErrorIllegalAddress: an illegal memory access'],
    ['gpu_error', 'XGBoost version not compiled with GPU support.'],
    ['xgboost_error', 'Check failed: label must be in (0, 1) for logistic regression'],
  ]
  for (const [code, message] of messages) {
    const error = xgboostError('XGBoosterUpdateOneIter', message)
    assert.ok(error instanceof TrainingFailure, message)
    assert.equal(error.code, code, message)
  }
})

test('every failure code that is thrown reaches the job, with its message', () => {
  for (const code of Object.keys(failureCodes)) {
    const failure = toFailure(new TrainingFailure(code as FailureCode, `${code} happened`))
    assert.deepEqual(failure, { code, message: `${code} happened` })
  }
})

test('a request that cannot be fulfilled fails the job as invalid', () => {
  const errors = [
    new GraphError('the filter is larger than the image'),
    new TrainyardError('MODEL_NOT_FOUND', 'there is no model'),
  ]
  for (const error of errors) {
    assert.deepEqual(toFailure(error), { code: 'invalid', message: error.message })
  }
})

test("TensorFlow's errors about memory and records fail the job with a remedy", () => {
  const outOfMemory = new Error('OOM when allocating tensor with shape[1024,1024]')
  assert.equal(isUnavailable(outOfMemory), false)
  assert.equal(toFailure(outOfMemory)?.code, 'out_of_memory')
  const badRecord = toFailure(new Error('DataLoss: corrupted record at 12'))
  assert.equal(badRecord?.code, 'bad_sample')
  assert.match(badRecord.message, /^DataLoss: .*; correct or leave out the record/)
})

test('an image that TensorFlow cannot decode fails the job as a bad sample', () => {
  const messages = [
    'next: {{function_node train_decode}} Invalid PNG data, size 140\n\t [[{{node DecodeImage}}]]',
    'next: jpeg::Uncompress failed. Invalid JPEG data or crop window.',
    'next: Unknown image file format. One of JPEG, PNG, GIF, BMP required.',
  ]
  for (const message of messages) assert.equal(toFailure(new Error(message))?.code, 'bad_sample')
})

test('a bug is no failure of the job', () => {
  assert.equal(toFailure(new Error('x is not a function')), null)
})

test('full or failing storage does not fail a job, whether we or TensorFlow write', () => {
  const errors = [
    new TrainyardError('STORAGE_FULL', 'storage is full (ENOSPC)'),
    // from TensorFlow's PosixWritableFile, with and without the name of its code
    new Error('/data/.staging/x/model.ckpt-5.data-00000-of-00001; No space left on device'),
    new Error('ResourceExhausted: /data/.staging/x/model.ckpt-5.index; No space left on device'),
    new Error('/data/.staging/x/model.ckpt-5.index; Input/output error'),
  ]
  for (const error of errors) {
    assert.equal(isUnavailable(error), true, error.message)
    assert.equal(toFailure(error), null, error.message)
  }
})

test('an error of XGBoost is its message in one line, without time, source line and stack', () => {
  const text = `[12:00:00] /workspace/src/learner.cc:42:   Check failed: a == b\n\n   (1 vs. 2) \n Stack trace:\n  [bt] (0)`
  const { message } = xgboostError('XGBoosterUpdateOneIter', text)
  assert.equal(message, 'XGBoost (XGBoosterUpdateOneIter): Check failed: a == b (1 vs. 2)')
})

test('a long error of XGBoost takes no time', () => {
  // a name of a column, which a client chooses, may be part of the message
  const blanks = `${'\n'.repeat(200_000)}${' '.repeat(200_000)}`
  const startedAt = performance.now()
  const { message } = xgboostError('XGBoosterUpdateOneIter', `a${blanks}b${blanks}`)
  const elapsedMs = performance.now() - startedAt
  assert.equal(message, 'XGBoost (XGBoosterUpdateOneIter): a b')
  assert.ok(elapsedMs < 2000, `took ${elapsedMs} ms`)
})

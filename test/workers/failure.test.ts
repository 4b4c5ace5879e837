import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TrainyardError } from '../../src/errors.js'
import { isUnavailable, toFailure } from '../../workers/failure.js'

test('storage that refuses is no failure of the job, whoever met it', () => {
  const refusals = [
    new TrainyardError('STORAGE_FULL', 'unavailable', 'storage is full (ENOSPC)'),
    // as TensorFlow's PosixWritableFile says it, with and without the name of its code
    new Error('/data/.staging/x/model.ckpt-5.data-00000-of-00001; No space left on device'),
    new Error('ResourceExhausted: /data/.staging/x/model.ckpt-5.index; No space left on device'),
    new Error('/data/.staging/x/model.ckpt-5.index; Input/output error'),
  ]
  for (const error of refusals) {
    assert.equal(isUnavailable(error), true, error.message)
    assert.equal(toFailure(error), null, error.message)
  }
  const outOfMemory = new Error('OOM when allocating tensor with shape[1024,1024]')
  assert.equal(isUnavailable(outOfMemory), false)
  assert.equal(toFailure(outOfMemory)?.code, 'out_of_memory')
})

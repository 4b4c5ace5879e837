import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineEnvironment } from '../../src/engine/environment.js'

test('thread counts are the cores rounded down, and at least one', () => {
  const { TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS, OMP_NUM_THREADS } = engineEnvironment({
    cores: 3.9,
  })
  assert.deepEqual(
    [TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS, OMP_NUM_THREADS],
    ['3', '3', '3'],
  )
  assert.equal(engineEnvironment({ cores: 0.5 }).TF_NUM_INTRAOP_THREADS, '1')
})

test('CUDA_VISIBLE_DEVICES is set only if GPUs are given, and may be empty', () => {
  assert.ok(!('CUDA_VISIBLE_DEVICES' in engineEnvironment({ cores: 1 })))
  assert.equal(engineEnvironment({ cores: 1, gpus: '' }).CUDA_VISIBLE_DEVICES, '')
  assert.equal(engineEnvironment({ cores: 1, gpus: '1' }).CUDA_VISIBLE_DEVICES, '1')
})

test('waiting threads do not keep a core busy', () => {
  const { OMP_WAIT_POLICY, GOMP_SPINCOUNT } = engineEnvironment({ cores: 2 })
  assert.equal(OMP_WAIT_POLICY, 'PASSIVE')
  assert.ok(Number(GOMP_SPINCOUNT) <= 10_000, 'GNU spins 30 times as long by default')
})

test('oneDNN is enabled on every x86 processor', () => {
  const expected = process.arch === 'x64' ? '1' : undefined
  assert.equal(engineEnvironment({ cores: 2 }).TF_ENABLE_ONEDNN_OPTS, expected)
})

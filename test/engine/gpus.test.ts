import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countGpuLines, findGpus } from '../../src/engine/gpus.js'

test('GPUs are counted without the slices of a MIG card', () => {
  const listing = [
    'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-1c2d)',
    '  MIG 3g.40gb     Device  0: (UUID: MIG-77)',
    'GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-5e6f)',
    '',
  ].join('\n')
  assert.equal(countGpuLines(listing), 2)
  assert.equal(countGpuLines('No devices found.\n'), 0)
})

test('GPUs are numbered from zero', async () => {
  const gpus = await findGpus()
  assert.deepEqual(
    gpus,
    gpus.map((_, index) => index),
  )
})

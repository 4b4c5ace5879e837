import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countGpuLines, findGpus, parseGpus } from '../../src/engine/gpus.js'

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

test('what GPUs do is read from nvidia-smi, and what a card does not say is null', () => {
  // of nvidia-smi --query-gpu=… --format=csv,noheader,nounits; MIG cards have no utilization
  const text = '0, NVIDIA H100 80GB HBM3, 37, 1024, 81559\n1, NVIDIA A30, [N/A], [N/A], 24576\n'
  assert.deepEqual(parseGpus(text), [
    {
      index: 0,
      name: 'NVIDIA H100 80GB HBM3',
      utilization: 0.37,
      usedBytes: 2 ** 30,
      totalBytes: 81_559 * 2 ** 20,
    },
    { index: 1, name: 'NVIDIA A30', utilization: null, usedBytes: null, totalBytes: 24 * 2 ** 30 },
  ])
  assert.deepEqual(parseGpus('No devices were found\n'), [])
})

test('GPUs are numbered from zero', async () => {
  const gpus = await findGpus()
  assert.deepEqual(
    gpus,
    gpus.map((_, index) => index),
  )
})

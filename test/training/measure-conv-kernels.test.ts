import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadTensorFlow } from '../../src/engine/tensorflow.js'
import { type ConvShape, choosableParts, kernelsByRule } from '../../src/graph/ops/conv-kernels.js'
import type { Runtime } from '../../src/graph/session.js'
import { measureConvKernels } from '../../src/training/measure-conv-kernels.js'
import { tempFolder } from '../../testing/temp-folder.js'

const shapes: ConvShape[] = [
  { dtype: 'float32', x: [4, 2, 2, 64], filter: [3, 3, 64, 64], stride: 1, padding: 'SAME' },
  { dtype: 'bfloat16', x: [4, 4, 4, 64], filter: [3, 3, 64, 64], stride: 2, padding: 'SAME' },
  { dtype: 'bfloat16', x: [4, 8, 8, 16], filter: [1, 1, 16, 32], stride: 1, padding: 'SAME' },
  {
    dtype: 'float32',
    x: [2, 5, 5, 48],
    filter: [3, 3, 48, 48],
    stride: 2,
    padding: { top: 1, bottom: 1, left: 1, right: 1 },
  },
]

for (const shape of shapes) {
  test(`both kernels of ${JSON.stringify(shape)} run, and parts without a choice stay`, async t => {
    const parts = choosableParts(shape)
    assert.ok(parts.length >= 2)
    const tf = loadTensorFlow() as unknown as Runtime
    const kernels = await measureConvKernels(tf, shape, await tempFolder(t))
    const byRule = kernelsByRule(shape)
    assert.deepEqual(Object.keys(kernels), Object.keys(byRule))
    for (const [part, kernel] of Object.entries(kernels)) {
      assert.ok(['convolution', 'product'].includes(kernel))
      if (!parts.includes(part as keyof typeof kernels))
        assert.equal(kernel, byRule[part as keyof typeof byRule])
    }
  })
}

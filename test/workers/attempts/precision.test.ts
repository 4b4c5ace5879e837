import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Precision } from '../../../src/spec/training-options.js'
import { precisionFor } from '../../../workers/attempts/precision.js'

test('the requested precision is used if the machine has it, and bfloat16 is never emulated', () => {
  const cases: [number, string, Precision, Precision][] = [
    [0, 'avx2', 'fp32', 'fp32'],
    [0, 'avx2 avx512f avx512_bf16', 'bf16', 'bf16'],
    [0, 'avx2 avx512f', 'bf16', 'fp32'],
    [0, 'avx2', 'bf16', 'fp32'],
    [1, 'avx2', 'bf16', 'bf16'],
    [1, 'avx2', 'fp16', 'fp16'],
  ]
  for (const [gpus, flags, requested, expected] of cases) {
    const machine = { gpus, flags: flags.split(' ') }
    assert.equal(
      precisionFor(machine, requested),
      expected,
      `${requested} on ${gpus} GPUs, ${flags}`,
    )
  }
  assert.throws(() => precisionFor({ gpus: 0, flags: ['avx512_bf16'] }, 'fp16'), /use bf16 or fp32/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuFlags, parseCpuFlags, supportsBfloat16 } from '../../src/engine/processor.js'

test('bfloat16 support is found under each of its flag names', () => {
  const cases: [string, boolean][] = [
    ['processor\t: 0\nflags\t\t: fpu fma avx2\nbugs\t\t: none', false],
    // AVX-512 alone emulates bfloat16
    ['flags\t\t: fpu avx2 avx512f avx512_vnni', false],
    ['flags\t\t: fpu avx2 avx512f avx512_bf16 avx512_vnni', true],
    ['flags\t\t: avx512f amx_bf16 amx_tile', true],
    ['Features\t: fp asimd sve bf16 i8mm', true],
    ['Features\t: fp asimd', false],
    ['', false],
  ]
  for (const [cpuinfo, expected] of cases) {
    assert.equal(supportsBfloat16(parseCpuFlags(cpuinfo)), expected, cpuinfo)
  }
})

test('the flags of this processor are found', { skip: process.platform !== 'linux' }, () => {
  assert.ok(cpuFlags().length > 1)
})

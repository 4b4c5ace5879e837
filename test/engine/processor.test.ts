import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuFlags, parseCpuFlags, supportsBfloat16 } from '../../src/engine/processor.js'

test('bfloat16 is found where a processor computes it, under the name that it has there', () => {
  const cases: [string, boolean][] = [
    ['processor\t: 0\nflags\t\t: fpu fma avx2\nbugs\t\t: none', false],
    // AVX-512 alone has to imitate it
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

test('this processor says something of itself', { skip: process.platform !== 'linux' }, () => {
  assert.ok(cpuFlags().length > 1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import koffi from 'koffi'
import { expf, logf } from '../../src/trees/float32-math.js'

const libm = koffi.load('libm.so.6')
const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** Every `step`th float32. All of them take minutes; they were equal. */
const step = 1999

function assertEqual(name: string, ours: (x: number) => number, isValid: (x: number) => boolean) {
  const theirs = libm.func(name, 'float', ['float'])
  for (let pattern = 0; pattern < 2 ** 32; pattern += step) check(pattern)

  function check(pattern: number): void {
    bits[0] = pattern
    const x = float[0]!
    if (!isValid(x)) return
    const [found, expected] = [ours(x), theirs(x)]
    // a comparison of numbers is faster than an assertion
    if (!Object.is(found, expected)) assert.equal(found, expected, `${name}(${x})`)
  }
}

test('the exponential of each float32 is that of the C library', () => {
  assertEqual('expf', expf, () => true)
})

test('the exponentials that fused operations round differently are those of the C library', () => {
  const theirs = libm.func('expf', 'float', ['float'])
  for (const pattern of [0x4202422f, 0xc27c65d9, 0, 0x80000000, 0x7f800000, 0xff800000]) {
    bits[0] = pattern
    assert.equal(expf(float[0]!), theirs(float[0]!), `expf(${float[0]})`)
  }
})

test('the logarithm of each normal float32 is that of the C library', () => {
  assertEqual('logf', logf, x => x >= 2 ** -126 && x < Number.POSITIVE_INFINITY)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NumberParser } from '../../../src/datasets/tables/cell.js'

const reader = new NumberParser()
const read = (text: string) => {
  const bytes = Buffer.from(`x${text}x`)
  return reader.parse(bytes, 1, bytes.length - 1) ? reader.value : null
}

test('numbers are read to the last bit', () => {
  const texts = [
    '0',
    '-0',
    '1',
    '-1',
    '+5',
    '007',
    '1.',
    '.5',
    '-.5e1',
    '1e0',
    '1E+2',
    '12e-3',
    '0.1',
    '0.30000000000000004',
    '9007199254740991',
    '9007199254740993',
    '123456789012345678901234567890',
    '1e22',
    '1e23',
    '3.4028234e38',
    '8.692932128906250000e-01',
    '1.000000000000000000e+00',
    '0.000000000000000000000000000000123',
    '1e-320',
    '4.9e-324',
    '1e-400',
    '0e999',
    '100000000000000000000000000000000000000',
    '2.2250738585072014e-308',
    '0.1000000000000000055511151231257827',
    '1.00000000000000011102230246251565404236316680908203125',
  ]
  for (const text of texts) assert.equal(read(text), Number(text), text)
  // a generator of its own, so that a failure can be found again
  let state = 12345
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return state / 2 ** 32
  }
  for (let i = 0; i < 20_000; i++) {
    const value = (random() - 0.5) * 10 ** Math.floor(random() * 60 - 30)
    for (const text of [
      String(value),
      value.toFixed(8),
      value.toExponential(12),
      value.toPrecision(17),
    ]) {
      assert.equal(read(text), Number(text), text)
    }
  }
})

test('what is no number, or beyond float32, is none', () => {
  const texts = [
    '',
    '-',
    '+',
    '.',
    'e',
    '1e',
    '1e+',
    '1e5x',
    'x1',
    '1 2',
    '1,5',
    '0x10',
    '1_000',
    'Infinity',
    'inf',
    'nan',
    '--1',
    '1.2.3',
    '1e39',
    '-3.5e38',
    '1e999',
    '٣',
  ]
  for (const text of texts) assert.equal(read(text), null, text)
})

test('float32 is enough where it gives back the digits', () => {
  const fits = [
    '0',
    '1',
    '0.1',
    '123.456',
    '999999',
    '16777216',
    '0.5000000000',
    '8.692932128906250000e-01',
    '1e30',
    '-0.25',
    '25000000',
  ]
  const not = ['16777217', '0.1234567', '123.4567', '1e-40', '3.14159265']
  const answers = (texts: string[]) =>
    texts.filter(text => read(text) !== null && reader.fitsFloat32)
  assert.deepEqual(answers(fits), fits)
  assert.deepEqual(answers(not), [])
  for (let six = 100_000; six < 1_000_000; six += 7) {
    for (const exponent of [-30, -6, 0, 3, 30]) {
      const value = Number(`${six}e${exponent}`)
      assert.equal(Number(Math.fround(value).toPrecision(6)), value)
    }
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NumberParser } from '../../../src/datasets/tables/cell.js'

const parser = new NumberParser()
const parse = (text: string) => {
  const bytes = Buffer.from(`x${text}x`)
  return parser.parse(bytes, 1, bytes.length - 1) ? parser.value : null
}

test('a number is parsed to the same float64 as Number() gives', () => {
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
  for (const text of texts) assert.equal(parse(text), Number(text), text)
  // A seeded generator, so that a failure can be reproduced.
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
      assert.equal(parse(text), Number(text), text)
    }
  }
})

test('text that is not a number, and a number outside the range of float32, are rejected', () => {
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
  for (const text of texts) assert.equal(parse(text), null, text)
})

test('a number fits float32 if float32 keeps all its decimal digits', () => {
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
  const doesNotFit = ['16777217', '0.1234567', '123.4567', '1e-40', '3.14159265']
  const fitting = (texts: string[]) =>
    texts.filter(text => parse(text) !== null && parser.fitsFloat32)
  assert.deepEqual(fitting(fits), fits)
  assert.deepEqual(fitting(doesNotFit), [])
  for (let digits = 100_000; digits < 1_000_000; digits += 7) {
    for (const exponent of [-30, -6, 0, 3, 30]) {
      const value = Number(`${digits}e${exponent}`)
      assert.equal(Number(Math.fround(value).toPrecision(6)), value)
    }
  }
})

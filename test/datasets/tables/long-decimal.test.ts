import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NumberParser } from '../../../src/datasets/tables/cell.js'

const parser = new NumberParser()

function assertParsed(text: string): void {
  const bytes = Buffer.from(text)
  assert.ok(parser.parse(bytes, 0, bytes.length), text)
  assert.equal(parser.value, Number(text), text)
}

test('long decimals are the nearest numbers', () => {
  const texts = ['0.30000000000000004', '-1234567890.123456789', '9007199254740993', '0.1']
  // halfway between two numbers, and beside it
  texts.push('9007199254740992.5', '9007199254740993.0000000000001', '4503599627370496.50000000001')
  texts.push('1.7976931348623157', '000000000000000000001.25', '123456789012345678901234567890')
  texts.push('123456789012345678901234567890.5', '0.000000000000000000000012345678901234567')
  for (const text of texts) assertParsed(text)
  const number = fc.double({ noNaN: true, min: -1e30, max: 1e30 }).filter(value => value !== 0)
  fc.assert(
    fc.property(number, value => assertParsed(String(value))),
    { numRuns: 2000 },
  )
  const digits = fc.stringMatching(/^-?[0-9]{1,20}\.[0-9]{0,20}$/)
  fc.assert(fc.property(digits, assertParsed), { numRuns: 2000 })
})

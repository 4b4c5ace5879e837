import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { allKeepDigits, keepsDigits } from '../../../../src/datasets/tables/columns/number-facts.js'
import { NumberSurvey } from '../../../../src/datasets/tables/columns/number-survey.js'

/** Six digits with few or many decimals, as well as numbers that float32 cannot hold. */
const decimal = fc
  .tuple(fc.integer({ min: -2_000_000, max: 2_000_000 }), fc.integer({ min: -12, max: 50 }))
  .map(([digits, decimals]) => Number(`${digits}e${-decimals}`))
const number = fc.oneof(
  decimal,
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: 2 ** 24 - 2, max: 2 ** 24 + 9 }),
  fc.double({ noNaN: true }),
)
const sequence = fc
  .tuple(fc.oneof(fc.constantFrom(0, 0.1, -5, 2 ** 53, Infinity), decimal), fc.nat(9))
  .map(([first, more]) => {
    const numbers = [first]
    while (numbers.length <= more) numbers.push(numbers.at(-1)! + 1)
    return numbers
  })
const column = fc.oneof(
  fc.array(number),
  sequence,
  fc.tuple(sequence, fc.array(number)).map(p => p.flat()),
)

test('numbers that are added at once have the statistics of single ones', () => {
  fc.assert(
    fc.property(column, fc.array(fc.nat(20), { maxLength: 5 }), (numbers, lengths) => {
      const [atOnce, single] = [new NumberSurvey(), new NumberSurvey()]
      let from = 0
      for (const length of [...lengths, numbers.length]) {
        atOnce.addAll(Float64Array.from(numbers.slice(from, from + length)))
        from += length
      }
      for (const value of numbers) single.add(value)
      assert.deepEqual(atOnce, single)
    }),
  )
})

test('a column keeps its digits in float32 if each number does', () => {
  const kept = fc.array(fc.oneof(decimal.filter(keepsDigits), number.filter(keepsDigits)))
  const check = (numbers: number[]) =>
    assert.equal(allKeepDigits(Float64Array.from(numbers)), numbers.every(keepsDigits))
  fc.assert(fc.property(kept, check))
  fc.assert(
    fc.property(kept, number, kept, (before, each, after) => check([...before, each, ...after])),
  )
})

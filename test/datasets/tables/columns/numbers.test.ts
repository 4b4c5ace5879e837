import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { allKeepDigits, keepsDigits } from '../../../../src/datasets/tables/columns/number-facts.js'
import { numberKernelOf } from '../../../../src/datasets/tables/columns/number-kernel.js'
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
  fc.array(number, { minLength: 20, maxLength: 60 }),
  fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(0.5)), { maxLength: 60 }),
  sequence,
  fc.tuple(sequence, fc.array(number)).map(p => p.flat()),
)

test('numbers that are added at once have the statistics of single ones', () => {
  const kernel = numberKernelOf(new Float64Array(0))
  const isMissing = fc.constantFrom<boolean | 'NaN'>(false, false, false, true, 'NaN')
  fc.assert(
    fc.property(
      column,
      fc.infiniteStream(isMissing),
      fc.array(fc.nat(20), { maxLength: 5 }),
      fc.boolean(),
      (given, missing, lengths, hasValidity) => {
        const [atOnce, single] = [new NumberSurvey(), new NumberSurvey()]
        const marks = given.map(() => missing.next().value)
        const numbers = given.map((value, at) => (marks[at] === 'NaN' ? Number.NaN : value))
        const valid = Uint8Array.from(marks, mark => (mark === true ? 0 : 1))
        const present = numbers.filter(
          (value, at) => !Number.isNaN(value) && (!hasValidity || valid[at] === 1),
        )
        const added: number[] = []
        let from = 0
        for (const length of [...lengths, numbers.length]) {
          const to = from + length
          const some = Float64Array.from(numbers.slice(from, to))
          added.push(...kernel.add(atOnce, some, hasValidity ? valid.subarray(from, to) : null))
          from = to
        }
        for (const value of present) single.add(value)
        assert.deepEqual(atOnce, single)
        assert.deepEqual(added, present)
      },
    ),
  )
})

test('more numbers than a batch has are added at once', () => {
  const kernel = numberKernelOf(new Float64Array(0))
  const [atOnce, single] = [new NumberSurvey(), new NumberSurvey()]
  const numbers = Int32Array.from({ length: 70_000 }, (_, at) => at % 1000)
  for (const value of numbers) single.add(value)
  assert.equal(kernel.add(atOnce, numbers, null).length, numbers.length)
  assert.deepEqual(atOnce, single)
})

test('a column keeps its digits in float32 if each number does', () => {
  const kept = fc.array(fc.oneof(decimal.filter(keepsDigits), number.filter(keepsDigits)))
  const kernel = numberKernelOf(new Float64Array(0))
  const check = (numbers: number[]) => {
    const added = kernel.add(new NumberSurvey(), numbers, null)
    assert.equal(allKeepDigits(added, kernel), numbers.every(keepsDigits))
  }
  fc.assert(fc.property(kept, check))
  fc.assert(
    fc.property(kept, number, kept, (before, each, after) => check([...before, each, ...after])),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineChart } from '../../src/cli/terminal/line-chart.js'

const plain = (text: string) => text
const curve = (values: readonly (number | undefined)[], symbol = '*') => ({
  points: values.map((value, i) => ({ step: i + 1, value: value ?? Number.NaN })),
  paint: plain,
  symbol,
})

test('a falling line goes from the top left to the bottom right', () => {
  const lines = lineChart([curve([4, 3, 2, 1])], { width: 12, height: 4, isUnicode: false })
  assert.deepEqual(lines, ['4 |**', '  |  **', '  |    ***', '1 |       **', '   1       4'])
})

test('braille has two by four dots in a character', () => {
  const lines = lineChart([curve([1, 2])], { width: 13, height: 2, isUnicode: true })
  assert.equal(lines.length, 3)
  assert.match(lines[0]!, /^2 ┤ +[⠀-⣿]+$/)
  assert.match(lines[1]!, /^1 ┤[⠀-⣿]+$/)
  // the first dot lies in the lower left corner of its character, the last in the upper right
  assert.ok(lines[1]!.codePointAt(3)! & 0x40)
  assert.ok(lines[0]!.codePointAt(lines[0]!.length - 1)! & 0x08)
})

test('no line is wider than the chart, and every value lies on it', () => {
  const values = Array.from({ length: 500 }, (_, i) => Math.sin(i / 9) * 10 ** (i % 5))
  for (const width of [20, 39, 100]) {
    for (const isUnicode of [true, false]) {
      const lines = lineChart([curve(values)], { width, height: 7, isUnicode })
      assert.equal(lines.length, 8)
      for (const line of lines) assert.ok(line.length <= width, `${line.length} > ${width}`)
    }
  }
})

test('NaN and Infinity are gaps, and a chart of nothing else has no lines', () => {
  const options = { width: 20, height: 3, isUnicode: false }
  const [top] = lineChart([curve([1, undefined, 1])], { ...options, height: 1 })
  assert.match(top!, /^1 \|\* +\*$/)
  assert.deepEqual(lineChart([curve([Number.POSITIVE_INFINITY, undefined])], options), [])
  assert.deepEqual(lineChart([curve([])], options), [])
})

test('equal values are a line in the middle with one label', () => {
  const lines = lineChart([curve([2, 2, 2])], { width: 13, height: 3, isUnicode: false })
  assert.deepEqual(lines.slice(0, 3), ['  |', '2 |**********', '  |'])
})

test('a logarithmic axis is said, and is left out where a value is not above 0', () => {
  const options = { width: 30, height: 3, isUnicode: false, isLogarithmic: true }
  assert.match(lineChart([curve([100, 10, 1])], options).at(-1)!, /3 \(log\)$/)
  assert.doesNotMatch(lineChart([curve([100, 10, 0])], options).at(-1)!, /log/)
})

test('each curve has its own symbol and paint', () => {
  const painted = { ...curve([1, 2], 'x'), paint: (text: string) => `<${text}>` }
  const text = lineChart([painted, curve([2, 1], 'o')], {
    ...{ width: 20, height: 3, isUnicode: false },
  }).join('\n')
  assert.match(text, /<x+>/)
  assert.match(text, /o/)
})

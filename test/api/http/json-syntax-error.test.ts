import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findJsonSyntaxError } from '../../../src/api/http/json-syntax-error.js'

const broken: [text: string, position: number][] = [
  ['', 0],
  ['  ', 2],
  ['{', 1],
  ['{"a" 1}', 5],
  ['{"a":x}', 5],
  ['{"a":1,}', 7],
  ['{a:1}', 1],
  ['[1,2', 4],
  ['[1 2]', 3],
  ['[1,]', 3],
  ['[01]', 1],
  ['[1}', 2],
  ['nul', 0],
  ['"abc', 0],
  ['["a\nb"]', 1],
  ['["\\x"]', 1],
  ['{"a":1} {', 8],
  ["{'a': 1}", 1],
  [`${'['.repeat(50_000)}`, 50_000],
]

for (const [text, position] of broken) {
  test(`${JSON.stringify(text.slice(0, 20))} has a syntax error at position ${position}`, () => {
    assert.throws(() => JSON.parse(text))
    assert.equal(findJsonSyntaxError(text)?.position, position)
  })
}

test('text that JSON.parse accepts has no syntax error', () => {
  const texts = [
    '{}',
    '[]',
    ' [1, -2.5e+3, "\\u00e9\\n", true, null, {"a": [{}]}] ',
    '"\u2028"',
    '0',
  ]
  for (const text of texts) {
    JSON.parse(text)
    assert.equal(findJsonSyntaxError(text), null)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Freeze, globMatcher } from '../../src/nets/freeze.js'
import { mulberry32 } from '../../testing/random.js'

test('a pattern matches the whole name, and * any text', () => {
  const cases: [pattern: string, matches: string[], misses: string[]][] = [
    ['a/b', ['a/b'], ['a/bc', 'xa/b', 'a/', '']],
    ['*', ['', 'a', 'a/b/c'], []],
    ['a/*', ['a/', 'a/b', 'a/b/c'], ['a', 'b/a/']],
    ['*/gamma', ['/gamma', 'a/gamma', 'a/gamma/gamma'], ['gamma', 'a/gamma/x']],
    ['a*a', ['aa', 'aba', 'aaa'], ['a', 'ab']],
    ['a*b*c', ['abc', 'axbxc', 'abcbc', 'abbcc'], ['acb', 'ab', 'ac', 'axc']],
    ['*ab*ab', ['abab', 'xababab'], ['ab', 'aba', 'abxa']],
    ['ab*bc', ['abbc', 'abcbc'], ['abc']],
    ['**a**', ['a', 'bab'], ['', 'b']],
    ['a.b+(c)[d]$^\\*', ['a.b+(c)[d]$^\\', 'a.b+(c)[d]$^\\x'], ['axb+(c)[d]$^\\']],
  ]
  for (const [pattern, matches, misses] of cases) {
    const match = globMatcher(pattern)
    for (const text of matches) assert.ok(match(text), `${pattern} misses ${text}`)
    for (const text of misses) assert.ok(!match(text), `${pattern} matches ${text}`)
  }
})

test('patterns match as the regular expression with .* in place of the stars', () => {
  const random = mulberry32(7)
  const pick = (letters: string, length: number) =>
    Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('')
  let matches = 0
  for (let round = 0; round < 20_000; round++) {
    const pattern = pick('ab**', Math.floor(random() * 7))
    const text = pick('ab', Math.floor(random() * 9))
    const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text)
    assert.equal(globMatcher(pattern)(text), expected, `${pattern} on ${text}`)
    if (expected) matches++
  }
  assert.ok(matches > 2000, `only ${matches} of the cases match`)
})

test('hostile patterns take no time', () => {
  const name = `resnet/${'a'.repeat(100_000)}`
  const hostile = [
    '**********zz!',
    `${'*a'.repeat(100)}b`,
    `${'a*'.repeat(100)}b`,
    `*${'a'.repeat(198)}b`,
    `${'*'.repeat(199)}b`,
    `${'*aa'.repeat(66)}*b*`,
  ]
  const startedAt = performance.now()
  const freeze = new Freeze(hostile)
  assert.equal(freeze.isFrozen(name), false)
  const elapsedMs = performance.now() - startedAt
  assert.ok(elapsedMs < 2000, `took ${elapsedMs} ms`)
  assert.throws(() => freeze.checkAllMatched([name]), /\*{10}zz!' names no variable/)
})

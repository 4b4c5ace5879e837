import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bar } from '../../src/cli/terminal/bar.js'
import { countOf, formatAge, formatMetric, formatPercent } from '../../src/cli/terminal/format.js'
import { isUnicodeTerminal } from '../../src/cli/terminal/unicode.js'
import { formatBytes, formatDuration } from '../../src/presentation/units.js'

test('metrics have four digits, and NaN and Infinity are what they are', () => {
  const texts = [0.987654, 1.2e-7, 1234567.8, 12, 'NaN', '-Infinity', null, undefined].map(value =>
    formatMetric(value as number),
  )
  assert.deepEqual(texts, ['0.9877', '1.2e-7', '1.23e+6', '12', 'NaN', '-Infinity', '–', '–'])
})

test('durations have at most two units, and ages one', () => {
  const seconds = [0, 0.3, 45, 60, 200, 7500, 180_000]
  assert.deepEqual(seconds.map(formatDuration), [
    ...['0 s', '< 1 s', '45 s', '1 min', '3 min 20 s', '2 h 5 min', '2 d 2 h'],
  ])
  const now = Date.parse('2026-01-02T00:00:00Z')
  assert.equal(formatAge('2026-01-01T22:15:00Z', now), '1 h')
  // the clock of the server is ahead
  assert.equal(formatAge('2026-01-02T00:00:09Z', now), '0 s')
})

test('a share is 100 % only at its end', () => {
  assert.equal(formatPercent(0.999), '99 %')
  assert.equal(formatPercent(1), '100 %')
  assert.equal(bar(0.5, 4, true), '██░░')
  assert.equal(bar(7, 4, false), '####')
})

test('sizes and counts have their unit', () => {
  assert.deepEqual([0, 1023, 1536, 200 * 1024, 5 * 2 ** 40].map(formatBytes), [
    ...['0 B', '1023 B', '1.5 KiB', '200 KiB', '5.0 TiB'],
  ])
  assert.equal(countOf(1, 'job'), '1 job')
  assert.equal(countOf(1200, 'job'), '1,200 jobs')
})

test('a locale without UTF-8 and the console of Linux get ASCII', () => {
  assert.equal(isUnicodeTerminal({}), true)
  assert.equal(isUnicodeTerminal({ LANG: 'de_DE.UTF-8' }), true)
  assert.equal(isUnicodeTerminal({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }), false)
  assert.equal(isUnicodeTerminal({ TERM: 'linux', LANG: 'C.utf8' }), false)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UnavailableLog } from '../../../src/api/http/unavailable-log.js'
import type { ErrorCode } from '../../../src/spec/error-codes.js'

test('refusals for overload have a line each second, which counts those without one', t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const lines: { err: Error; withoutLine?: number }[] = []
  const log = { warn: (details: object) => lines.push(details as (typeof lines)[number]) }
  const unavailable = new UnavailableLog()
  const add = (code: ErrorCode, message: string) => unavailable.add(log, code, new Error(message))
  add('PREDICTOR_BUSY', 'first')
  for (now = 1; now < 900; now++) add('PREDICTOR_BUSY', 'next')
  add('OVERLOADED', 'another')
  add('PREDICTOR_RESTARTED', 'a fault')
  add('PREDICTOR_RESTARTED', 'a fault')
  now = 1000
  add('PREDICTOR_BUSY', 'last')
  assert.deepEqual(
    lines.map(({ err, withoutLine }) => [err.message, withoutLine]),
    [
      ['first', 0],
      ['another', 0],
      ['a fault', undefined],
      ['a fault', undefined],
      ['last', 899],
    ],
  )
})

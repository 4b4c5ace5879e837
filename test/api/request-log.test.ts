import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { RequestLog } from '../../src/api/log.js'

test('each line of a request names it, and a level that is off writes none', () => {
  const lines: { level: number; reqId: string; msg: string; part?: string }[] = []
  const parent = pino({ level: 'warn' }, { write: line => lines.push(JSON.parse(line)) })
  const log = new RequestLog(parent, { reqId: 'r1' })
  assert.equal(log.level, 'warn')
  log.debug({ a: 1 }, 'off')
  log.info('off')
  log.warn({ a: 1 }, 'warned')
  log.error('failed')
  log.child({ part: 'p' }).fatal('ended')
  assert.deepEqual(
    lines.map(({ level, reqId, msg, part }) => [level, reqId, msg, part]),
    [
      [40, 'r1', 'warned', undefined],
      [50, 'r1', 'failed', undefined],
      [60, 'r1', 'ended', 'p'],
    ],
  )
})

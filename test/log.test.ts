import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { pino } from 'pino'
import { readableLines } from '../src/log.js'

test('on a terminal each message is one line, with its time, level, process and details', async () => {
  let written = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      written += chunk
      done()
    },
  })
  const log = pino({ name: 'worker', level: 'info' }, await readableLines(sink))
  log.info({ job: 'job-1', failure: { code: 'nan_loss', message: 'a\nb' } }, 'job failed')
  log.debug({}, 'request')
  log.warn('the disk is full')
  const lines = written.trimEnd().split('\n')
  assert.equal(lines.length, 2, written)
  assert.match(lines[0]!, /^\[\d\d:\d\d:\d\d\] INFO \(worker\): job failed \{.*"job":"job-1".*\}$/)
  assert.match(lines[0]!, /"code":"nan_loss"/)
  assert.match(lines[1]!, /WARN \(worker\): the disk is full$/)
})

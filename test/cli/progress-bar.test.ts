import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Progress, ProgressBar, progressText } from '../../src/cli/terminal/progress-bar.js'
import { Rate } from '../../src/cli/terminal/rate.js'
import { wrap } from '../../src/cli/terminal/wrap.js'

const progress: Progress = {
  what: 'sending flowers.tar',
  fraction: 0.5,
  amount: '5 MiB of 10 MiB',
  rate: '1 MiB/s',
  secondsLeft: 5,
}

test('a line of progress leaves out what has no room, the least important first', () => {
  const at = (width: number) => progressText(progress, width)
  assert.equal(
    at(100),
    `${'█'.repeat(12)}${'░'.repeat(12)}  sending flowers.tar   50 %  5 MiB of 10 MiB  1 MiB/s  5 s left`,
  )
  assert.equal(at(50), '██████░░░░░░  sending flowers.tar   50 %  5 s left')
  assert.equal(at(40), 'sending flowers.tar   50 %  5 s left')
  assert.equal(at(26), 'sending flowers.tar   50 %')
  assert.equal(at(10), ' 50 %')
  for (let width = 1; width < 120; width++) assert.ok(at(width).length <= width)
})

test('without an end there is no bar', () => {
  const endless = { ...progress, fraction: null, secondsLeft: null }
  assert.equal(progressText(endless, 100), 'sending flowers.tar  5 MiB of 10 MiB  1 MiB/s')
})

function stream(isTTY: boolean) {
  const written: string[] = []
  const write = (text: string) => written.push(text) > 0
  return { written, stream: { isTTY, columns: 60, write } as unknown as NodeJS.WriteStream }
}

test('a terminal shows one line, and a log a line every ten seconds', () => {
  let now = 0
  const terminal = stream(true)
  const bar = new ProgressBar(terminal.stream, {}, () => now)
  bar.draw(progress)
  bar.draw(progress)
  bar.clear()
  bar.clear()
  assert.equal(terminal.written.length, 2)
  assert.ok(terminal.written.every(text => text.startsWith('\r\x1b[K') && !text.includes('\n')))

  const log = stream(false)
  const lines = new ProgressBar(log.stream, {}, () => now)
  for (; now <= 25_000; now += 1000) lines.draw(progress)
  lines.clear()
  assert.equal(log.written.length, 2)
  assert.ok(log.written.every(text => text.endsWith('\n') && !text.includes('\x1b')))
})

test('a dumb terminal is treated as a log', () => {
  const dumb = stream(true)
  new ProgressBar(dumb.stream, { TERM: 'dumb' }, () => 0).draw(progress)
  assert.deepEqual(dumb.written, [])
})

test('a rate is that of the last seconds, and of none in the first', () => {
  let now = 0
  const rate = new Rate(() => now)
  assert.equal(rate.add(0), null)
  now = 2000
  assert.equal(rate.add(2000), 1000)
  now = 20_000
  rate.add(2000)
  now = 22_000
  assert.equal(rate.add(6000), 2000)
})

test('a paragraph is wrapped under its lead, and a long word stands alone', () => {
  assert.equal(wrap('one two three', 9, '- '), '- one two\n  three')
  assert.equal(wrap('aaaaaaaaaaaa b', 5), 'aaaaaaaaaaaa\nb')
})

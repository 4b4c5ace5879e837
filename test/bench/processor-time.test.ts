import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { processorMs } from '../../bench/processor-time.js'

const skip = existsSync('/proc/self/stat') ? false : 'there is no /proc'

test('the processor time of a process grows as it and its children compute', { skip }, () => {
  const before = processorMs(process.pid)!
  assert.ok(before > 0)
  let sum = 0
  while (process.cpuUsage().user < 1000 * (before + 100)) sum += Math.random()
  const after = processorMs(process.pid)!
  assert.ok(after > before && sum > 0, `${before}, ${after}`)
  execFileSync(process.execPath, ['-e', 'while (process.cpuUsage().user < 200_000);'])
  assert.ok(processorMs(process.pid)! >= after + 150)
})

test('a process that has ended has no processor time', () => {
  assert.equal(processorMs(2 ** 30), null)
})

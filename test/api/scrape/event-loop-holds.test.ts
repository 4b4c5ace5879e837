import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EventLoopHolds } from '../../../src/api/scrape/event-loop-holds.js'
import { eventually } from '../../../testing/eventually.js'

test('work that holds the event loop is measured in processor time', async () => {
  const holds = new EventLoopHolds()
  holds.start()
  const since = process.cpuUsage()
  for (let used = 0; used < 300_000; used = process.cpuUsage(since).user);
  await eventually('the hold to be measured', async () => holds.mostProcessorMs! >= 200)
  holds.close()
  const { ms, processorMs, waitedMs } = holds.longest
  assert.ok(ms >= processorMs! && ms >= waitedMs!, JSON.stringify(holds.longest))
})

test('a pause of the event loop takes no processor time', async () => {
  const holds = new EventLoopHolds()
  holds.start()
  await sleep(50)
  const before = holds.mostProcessorMs!
  // as a process that is stopped, or a read of a slow disk
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
  await eventually('the hold to be measured', async () => holds.longest.ms >= 250)
  holds.close()
  assert.ok(holds.mostProcessorMs! - before < 100, `${before}, ${holds.mostProcessorMs}`)
})

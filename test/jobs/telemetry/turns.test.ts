import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Turns } from '../../../src/jobs/telemetry/turns.js'

/** Keeps the event loop busy. */
function work(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('turns are granted in order, and other work of the event loop runs between them', async () => {
  const turns = new Turns()
  const order: number[] = []
  const followers = Array.from({ length: 300 }, async (_, i) => {
    await turns.take()
    work(1)
    order.push(i)
  })
  let others = 0
  let done = false
  const other = (async () => {
    for (; !done; others++) await sleep(1)
  })()
  await Promise.all(followers)
  done = true
  await other
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
  // 300 ms of work in slices of 10 ms, so about 30; all in one go would be 1
  assert.ok(others >= 15, `${others}`)
})

test('a turn is granted to a caller who comes later', async () => {
  const turns = new Turns()
  await turns.take()
  await sleep(20)
  await turns.take()
})

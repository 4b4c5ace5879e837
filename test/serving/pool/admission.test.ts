import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admission } from '../../../src/serving/pool/admission.js'
import type { Task } from '../../../src/serving/pool/model-queue.js'
import { type Batch, Scheduler } from '../../../src/serving/pool/scheduler.js'

const task = (images = 1, priority = 0): Task => ({ images, priority, alone: false })
const patient = { images: 1, priority: 0, leftMs: 30_000 }

/** The time of the tests, which only they move. */
let now = 10_000
const clock = () => now

/** A process that has every model. */
interface TestProcess {
  has(): boolean
  running: { id: number; batch: Batch<Task>; sentAt: number; startedAt: number }[]
}

function open(maxWaitMs: number, msPerImage = 10) {
  const scheduler = new Scheduler<Task>()
  scheduler.model('m').times.add(1, msPerImage)
  const process: TestProcess = { has: () => true, running: [] }
  const admission = new Admission(scheduler, () => [process], { maxWaitMs }, clock)
  const run = (startedAt = now) => {
    const batch = scheduler.take('m')
    process.running.push({ id: 1, batch, sentAt: startedAt, startedAt })
  }
  const wait = (images: number) => {
    for (let i = 0; i < images; i++) scheduler.add('m', task())
  }
  return { scheduler, admission, wait, run }
}

const busy = (code: string) => ({ name: 'TrainyardError', code })
const refused = busy('PREDICTOR_BUSY')

test('a burst may wait ten times as long as the bound, and a queue that stays long may not', () => {
  const { scheduler, admission, wait } = open(100)
  wait(50)
  admission.check('m', patient)
  wait(60)
  assert.throws(() => admission.check('m', patient), { ...refused, retryAfterSeconds: 1 })
  // the queue is longer than the bound for more than a moment
  now += 300
  while (scheduler.model('m').images > 20) scheduler.take('m')
  assert.throws(() => admission.check('m', patient), refused)
  while (scheduler.model('m').images > 4) scheduler.take('m')
  admission.check('m', patient)
  // it is no burst either when it grows again at once
  wait(20)
  assert.throws(() => admission.check('m', patient), refused)
})

test('the wait counts what is left of the batches that run', () => {
  const { admission, wait, run } = open(100, 5)
  wait(64)
  run()
  run()
  wait(1)
  // two batches of 160 ms, and the one image that waits; a burst may wait for a second
  admission.check('m', patient)
  assert.throws(() => admission.check('m', { ...patient, leftMs: 300 }), refused)
  admission.check('m', { ...patient, leftMs: 400 })
  const later = open(100, 5)
  later.wait(32)
  later.run(now - 150)
  later.wait(1)
  later.admission.check('m', { ...patient, leftMs: 100 })
})

test('a request with many images is refused if the last of them would come after its deadline', () => {
  const { admission, wait } = open(1000)
  wait(20)
  admission.check('m', { ...patient, leftMs: 300 })
  assert.throws(() => admission.check('m', { ...patient, images: 20, leftMs: 300 }), refused)
  assert.throws(() => admission.check('m', { ...patient, leftMs: 0 }), refused)
})

test('a single image waits for a part of a large request, and a model that is not measured for anything', () => {
  const { scheduler, admission } = open(10)
  scheduler.add('m', task(1000))
  admission.check('m', patient)
  assert.throws(() => admission.check('m', { ...patient, images: 1000, leftMs: 5000 }), refused)
  scheduler.add('unknown', task(1000))
  admission.check('unknown', patient)
})

test('requests of a higher priority do not wait for others', () => {
  const { scheduler, admission } = open(10)
  for (let i = 0; i < 100; i++) scheduler.add('m', task(1, -1))
  admission.check('m', patient)
  assert.throws(() => admission.check('m', { ...patient, priority: -1 }), refused)
})

test('the next request of a process is never refused for the slowness of its model', () => {
  const { admission, wait, run } = open(10, 5000)
  wait(1)
  run()
  admission.check('m', patient)
  now += 300
  admission.check('m', patient)
  wait(1)
  assert.throws(() => admission.check('m', patient), refused)
})

test('a model is not refused for the batches of another one, but for its deadline', () => {
  const { scheduler, admission, wait, run } = open(10)
  scheduler.model('other').times.add(1, 1)
  wait(64)
  run()
  run()
  const other = { ...patient, leftMs: 1000 }
  admission.check('other', other)
  scheduler.add('other', task())
  admission.check('other', other)
  assert.throws(() => admission.check('other', { ...other, leftMs: 100 }), refused)
})

test('a batch that takes longer than expected makes the wait of others as much longer', () => {
  const { admission, wait, run } = open(1000, 5)
  wait(64)
  run(now - 1600)
  // 32 images of 160 ms, which now take ten times as long
  const own = { ...patient, leftMs: 1000 }
  assert.throws(() => admission.check('m', own), refused)
  const usual = open(1000, 5)
  usual.wait(64)
  usual.run()
  usual.admission.check('m', own)
})

test('a batch that stalls in one process says nothing about the batches of another', () => {
  const scheduler = new Scheduler<Task>()
  scheduler.model('m').times.add(1, 10)
  const processes = [now - 10_000, now].map((startedAt): TestProcess => {
    scheduler.add('m', task())
    const batch = scheduler.take('m')
    return { has: () => true, running: [{ id: 1, batch, sentAt: startedAt, startedAt }] }
  })
  const admission = new Admission(scheduler, () => processes, { maxWaitMs: 10 }, clock)
  // a thousand times as long as it should, for one image; the other process has 10 ms to go
  admission.check('m', { ...patient, leftMs: 1000 })
  scheduler.add('m', task())
  admission.check('m', { ...patient, leftMs: 1000 })
})

test('a batch that stalls does not make the wait of others a thousand times as long', () => {
  const { admission, wait, run } = open(1000)
  wait(1)
  run(now - 10_000)
  wait(10)
  // ten images of 10 ms each, which may take ten times as long
  admission.check('m', { ...patient, leftMs: 2000 })
  assert.throws(() => admission.check('m', { ...patient, leftMs: 500 }), refused)
})

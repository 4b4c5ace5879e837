import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseBatch, RunTimes } from '../../../src/serving/pool/batch-size.js'
import { ModelQueue, type Task } from '../../../src/serving/pool/model-queue.js'
import { modelsToUnload, placeModels } from '../../../src/serving/pool/placement.js'
import { PoisonList } from '../../../src/serving/pool/poison.js'
import { Scheduler } from '../../../src/serving/pool/scheduler.js'
import type { ImagesInput, LoadedModel } from '../../../src/spec/ipc-messages.js'

interface NamedTask extends Task {
  name: string
}
const task = (name: string, images = 1, priority = 0): NamedTask => ({
  name,
  images,
  priority,
  alone: false,
})
const names = (slices: readonly { task: NamedTask; first: number; count: number }[]) =>
  slices.map(({ task, first, count }) => `${task.name}[${first}:${first + count}]`).join(' ')

test('a queue is in the order of priority and then of arrival, and divides what does not fit', () => {
  const queue = new ModelQueue<NamedTask>()
  for (const each of [task('a', 3), task('b', 2), task('urgent', 1, 5), task('later', 1, -1)]) {
    queue.add(each)
  }
  assert.equal(queue.images, 7)
  assert.equal(names(queue.take(2)), 'urgent[0:1] a[0:1]')
  assert.equal(names(queue.take(3)), 'a[1:3] b[0:1]')
  assert.equal(names(queue.take(9)), 'b[1:2] later[0:1]')
  assert.equal(queue.images, 0)
})

test('images that did not run are the next, and a task that is alone shares no batch', () => {
  const queue = new ModelQueue<NamedTask>()
  const [a, b, c] = [task('a', 2), task('b'), task('c')]
  for (const each of [a, b, c]) queue.add(each)
  const [first] = queue.take(2)
  a.alone = true
  queue.putBack(first!)
  assert.equal(queue.isNextAlone, true)
  assert.equal(names(queue.take(32)), 'a[0:2]')
  assert.equal(names(queue.take(32)), 'b[0:1] c[0:1]')
})

test('a task that is removed leaves the others in order', () => {
  const queue = new ModelQueue<NamedTask>()
  const [a, b, c] = [task('a', 4), task('b', 4), task('c')]
  for (const each of [a, b, c]) queue.add(each)
  queue.take(2)
  queue.remove(b)
  queue.remove(a)
  assert.equal(queue.images, 1)
  assert.equal(names(queue.take(32)), 'c[0:1]')
})

test('a batch has the largest size that it fills, or a padded one if that is no slower', () => {
  const unknown = new RunTimes()
  const chosen = (waiting: number, times: RunTimes, maxImages = 32, anySize = false) => {
    const { images, size } = chooseBatch(waiting, times, { maxImages, anySize })
    return `${images} of ${size}`
  }
  assert.equal(chosen(1, unknown), '1 of 1')
  assert.equal(chosen(3, unknown), '3 of 4')
  assert.equal(chosen(5, unknown), '4 of 4')
  assert.equal(chosen(24, unknown), '24 of 32')
  assert.equal(chosen(100, unknown), '32 of 32')
  assert.equal(chosen(100, unknown, 6), '4 of 4')
  // a network whose time grows with the images gains nothing from padding
  const proportional = new RunTimes()
  for (const size of [1, 2, 4, 8]) proportional.add(size, size)
  assert.equal(chosen(7, proportional), '4 of 4')
  // one whose time hardly grows is best run once
  const constant = new RunTimes()
  for (const size of [1, 2, 4, 8]) constant.add(size, 10 + size / 100)
  assert.equal(chosen(5, constant), '5 of 8')
  // OpenVINO takes any size and pads nothing
  assert.equal(chosen(5, constant, 32, true), '5 of 5')
  assert.equal(chosen(50, constant, 32, true), '32 of 32')
  // long batches make others wait
  const slow = new RunTimes()
  slow.add(4, 200)
  assert.equal(chosen(32, slow), '4 of 4')
})

test('what was not measured is expected to take as long for each image as the nearest size that was', () => {
  const times = new RunTimes()
  assert.equal(times.estimate(8), null)
  times.add(2, 10)
  times.add(16, 40)
  // 4 is twice 2, and a quarter of 16
  assert.equal(times.estimate(4), 20)
  assert.equal(times.estimate(12), 30)
  assert.equal(times.estimate(64), 160)
  times.add(4, 12)
  times.add(32, 64)
  assert.equal(times.estimate(4), 12)
  assert.equal(times.estimate(5), 15)
  assert.equal(times.estimate(64), 128)
})

test('large tasks take turns with others, and the images before a new task are counted so', () => {
  const queue = new ModelQueue<NamedTask>()
  for (const each of [task('large', 100), task('small'), task('later', 9, -1)]) queue.add(each)
  assert.equal(queue.ahead(1, 0), 9)
  assert.equal(queue.ahead(20, 0), 25)
  // all of a higher priority
  assert.equal(queue.ahead(1, -1), 109)
  assert.equal(names(queue.take(4)), 'large[0:4]')
  assert.equal(names(queue.take(6)), 'large[4:10]')
  assert.equal(names(queue.take(12)), 'small[0:1] large[10:21]')
  assert.equal(queue.images, 88)
})

test('a size that was slow for a moment is tried again when smaller ones are fast', () => {
  const times = new RunTimes()
  const chosen = () => chooseBatch(32, times, { maxImages: 32, anySize: true }).images
  times.add(8, 100)
  times.add(16, 1000)
  assert.equal(chosen(), 8)
  times.add(8, 100)
  assert.equal(times.estimate(16), 200)
  assert.equal(chosen(), 16)
})

test('models share the processes by time, however many requests each of them has', () => {
  const scheduler = new Scheduler<NamedTask>()
  const ranMs = new Map<string, number>()
  const ms = new Map([
    ['fast', 1],
    ['slow', 20],
  ])
  for (const name of ms.keys()) scheduler.model(name).times.add(1, ms.get(name)!)
  const step = () => {
    const [name] = scheduler.waiting as [string]
    const batch = scheduler.take(name)
    const took = ms.get(name)! * batch.images
    ranMs.set(name, (ranMs.get(name) ?? 0) + took)
    scheduler.finished(batch, batch.size, took)
  }
  // the fast one is overrun; the slow one always has a request
  for (let i = 0; i < 20_000; i++) scheduler.add('fast', task(`f${i}`))
  for (let i = 0; i < 200; i++) {
    if (scheduler.model('slow').images === 0) scheduler.add('slow', task(`s${i}`))
    step()
  }
  const [fast, slow] = [ranMs.get('fast')!, ranMs.get('slow')!]
  assert.ok(fast / slow > 0.8 && fast / slow < 1.25, `${fast} ms and ${slow} ms`)
})

test('a model that has been idle gets no more than its share afterwards', () => {
  const scheduler = new Scheduler<NamedTask>()
  const run = () => {
    const [name] = scheduler.waiting as [string]
    const batch = scheduler.take(name)
    scheduler.finished(batch, batch.size, 10)
    return name
  }
  for (let i = 0; i < 1000; i++) scheduler.add('busy', task(`b${i}`, 32))
  scheduler.add('idle', task('first'))
  for (let i = 0; i < 100; i++) run()
  for (let i = 0; i < 100; i++) scheduler.add('idle', task(`i${i}`, 32))
  const order = Array.from({ length: 20 }, run)
  const idle = order.filter(name => name === 'idle').length
  assert.ok(idle >= 9 && idle <= 11, order.join(' '))
})

test('the wait of a request counts the images of its model and the share of the others', () => {
  const scheduler = new Scheduler<NamedTask>()
  assert.equal(scheduler.waitMs('a', 1), 0)
  scheduler.add('a', task('a', 10))
  assert.equal(scheduler.waitMs('a', 1), null)
  scheduler.model('a').times.add(1, 5)
  scheduler.model('b').times.add(1, 1)
  assert.equal(scheduler.waitMs('a', 1), 50)
  assert.equal(scheduler.waitMs('a', 2), 25)
  scheduler.add('b', task('b', 20))
  assert.equal(scheduler.waitMs('a', 1), 70)
  assert.equal(scheduler.waitMs('b', 1), 40)
})

const serving: LoadedModel['serving'] = {
  runtime: 'tensorflow',
  precision: 'fp32',
  reason: 'as set',
  isFallback: false,
}

interface TestHolder {
  name: string
  models: Map<
    string,
    {
      loaded: LoadedModel | null
      usedAt: number
    }
  >
  running: unknown[]
  loading: string[]
  modelBytes: number
}

function holder(name: string, models: Record<string, number>, running = 0): TestHolder {
  const loaded: LoadedModel = { bytes: 100, serving, times: [] }
  const entries = Object.entries(models).map(
    ([model, usedAt]) => [model, { loaded, usedAt }] as const,
  )
  return {
    ...{ name, models: new Map(entries), loading: [] },
    running: new Array<unknown>(running).fill(null),
    modelBytes: 100 * entries.length,
  }
}

test('a model is loaded by the process that has least to do, and by a second one if much waits', () => {
  const [busy, idle] = [holder('busy', { a: 1 }, 2), holder('idle', { b: 1 })]
  const placed = (waiting: string[], pinned: string[], memory: number, workMs: number) =>
    placeModels([busy, idle], waiting, pinned, memory, () => workMs).map(
      ({ process, model }) => `${model} in ${process.name}`,
    )
  assert.deepEqual(placed(['c'], [], 1000, 0), ['c in idle'])
  assert.deepEqual(placed([], ['a', 'd'], 1000, 0), ['d in idle'])
  assert.deepEqual(placed(['a'], [], 1000, 100), [])
  assert.deepEqual(placed(['a'], [], 1000, 1000), ['a in idle'])
  // not if another model would have to go
  assert.deepEqual(placed(['a'], [], 150, 1000), [])
  assert.deepEqual(
    placeModels([], ['a'], [], 1000, () => 0),
    [],
  )
})

test('models are unloaded in the order of their last use, until the rest fits', () => {
  const process = holder('one', { old: 1, kept: 2, recent: 3, newest: 4 })
  const unloaded = (bytes: number) => modelsToUnload(process, bytes, model => model === 'kept')
  assert.deepEqual(unloaded(400), [])
  assert.deepEqual(unloaded(250), ['old', 'recent'])
  assert.deepEqual(unloaded(0), ['old', 'recent', 'newest'])
})

test('an input is known again by its bytes and its model', () => {
  const poison = new PoisonList()
  const file = (text: string): ImagesInput => ({ kind: 'images', files: [Buffer.from(text)] })
  assert.equal(poison.has('/m', file('x')), false)
  poison.add('/m', file('x'))
  assert.equal(poison.has('/m', file('x')), true)
  assert.equal(poison.has('/m', file('y')), false)
  assert.equal(poison.has('/other', file('x')), false)
  const pixels = (value: number): ImagesInput => ({
    kind: 'pixels',
    data: Float32Array.of(value),
    shape: [1, 1, 1, 1],
  })
  poison.add('/m', pixels(1))
  assert.equal(poison.has('/m', pixels(1)), true)
  assert.equal(poison.has('/m', pixels(2)), false)
})

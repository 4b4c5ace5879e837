import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { Notifications } from '../../../src/jobs/queue/notifications.js'
import { JobQueue } from '../../../src/jobs/queue/queue.js'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { lacks, type Offer } from '../../../src/spec/needs.js'
import type { Resources } from '../../../src/spec/resources.js'
import { eventually } from '../../../testing/eventually.js'
import { startRedis, type TestRedis } from '../../../testing/redis.js'
import { workerReport } from '../../../testing/worker-report.js'
import { LocalExecutor } from '../../../workers/executors/local-executor.js'
import { Consumer } from '../../../workers/supervision/consumer.js'
import type { JobRunner, JobRunOutcome } from '../../../workers/supervision/job-runner.js'
import { Slots } from '../../../workers/supervision/slots.js'

let folder: string
let server: TestRedis
let redis: Redis
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'consumer-'))
  server = await startRedis(folder)
  redis = connect(server, blockingOptions, () => {})
})
after(async () => {
  redis.disconnect()
  await server.stop()
  await rm(folder, { recursive: true })
})

let prefixes = 0
const newPrefix = () => `${server.prefix}-${prefixes++}`

const at = '2026-11-24T12:00:00.000Z'
const resources = (asked: Resources) => ({ resources: asked, requires: ['resources'] })

/** A consumer as in a worker, of which each job ends when `end` is called. */
function startConsumer(
  prefix: string,
  gpus: readonly (number | null)[],
  offered: Partial<Offer> = {},
) {
  const config = { ...server, prefix }
  const slots = new Slots(
    new LocalExecutor('no trainer starts'),
    gpus.map(gpu => ({ environment: {}, gpu })),
    () => false,
  )
  const offer: Offer = { ...workerReport(), slots: slots.report(), ...offered }
  const notifications = Notifications.open(
    connect(config, blockingOptions, () => {}),
    prefix,
  )
  const queue = new JobQueue(prefix, redis, () => {})
  const taken: string[] = []
  const ends = new Map<string, (outcome: JobRunOutcome) => void>()
  const consumer = new Consumer({
    redis: config,
    notifications,
    slots,
    fits: needs => lacks(needs, offer).length === 0,
    createRunner(id) {
      taken.push(id)
      const done = new Promise<JobRunOutcome>(resolve => {
        ends.set(id, resolve)
      })
      const runner = {
        run: () => done,
        done: done.then(() => {}),
        drain: () => ends.get(id)!('requeue'),
        abandon: () => ends.get(id)!('superseded'),
        pollRequests: async () => {},
      }
      return runner as unknown as JobRunner
    },
    requeue: async () => {},
    lockMs: 2000,
    onError: error => assert.fail(error),
    onJobError: (_, error) => assert.fail(error),
    onHeld: () => {},
  })
  consumer.start()
  const end = (id: string, outcome: JobRunOutcome = 'done') => {
    ends.get(id)!(outcome)
    ends.delete(id)
  }
  const close = async () => {
    await consumer.drain()
    notifications.close()
    await queue.close()
  }
  return { consumer, queue, slots, taken, end, close }
}

const commandsOf = async (): Promise<number> =>
  Number(/^total_commands_processed:(\d+)/m.exec(await redis.info('stats'))?.[1])

test('jobs of all queues that a worker serves run in one order, by priority and age', async t => {
  const prefix = newPrefix()
  const queue = new JobQueue(prefix, redis, () => {})
  await queue.add({ id: 'job-3', createdAt: at })
  await queue.add({ id: 'job-4', createdAt: at, ...resources({ labels: ['ssd'] }) })
  await queue.add({ id: 'job-2', createdAt: at, priority: 50, ...resources({ memoryBytes: 1 }) })
  await queue.add({ id: 'job-1', createdAt: at, priority: 100 })
  const worker = startConsumer(prefix, [null])
  t.after(() => Promise.all([worker.close(), queue.close()]))
  for (const n of [1, 2, 3, 4]) {
    await eventually(`job-${n}`, async () => worker.taken.length === n)
    worker.end(`job-${n}`)
  }
  assert.deepEqual(worker.taken, ['job-1', 'job-2', 'job-3', 'job-4'])
  await eventually('an empty queue', async () => (await queue.activeCount()) === 0)
})

test('a job that no worker can run stays queued, is not taken, keeps no other waiting and costs no load', async t => {
  const prefix = newPrefix()
  const worker = startConsumer(prefix, [null], { labels: [] })
  t.after(() => worker.close())
  const { queue, taken, end } = worker
  await queue.add({ id: 'unfit', createdAt: at, priority: 100, ...resources({ labels: ['nvme'] }) })
  await queue.add({ id: 'plain', createdAt: at })
  await eventually('the other job', async () => taken.includes('plain'))
  end('plain')
  await eventually('its end', async () => (await queue.activeCount()) === 0)
  const before = await commandsOf()
  await sleep(3000)
  const commands = (await commandsOf()) - before
  t.diagnostic(`${(commands / 3).toFixed(1)} commands a second`)
  // it looks once a second; a spin would be thousands
  assert.ok(commands < 100, `${commands} commands in 3 s`)
  assert.deepEqual(taken, ['plain'])
  assert.equal(await queue.position('unfit'), 1)
  assert.equal(await queue.has('unfit'), true)
  // a worker that has the label comes
  const other = startConsumer(prefix, [null], { labels: ['nvme'] })
  t.after(() => other.close())
  await eventually('the job at the other worker', async () => other.taken.includes('unfit'))
  other.end('unfit')
})

test('a job with several GPUs for itself waits for them, and later jobs do not take them away', async t => {
  const prefix = newPrefix()
  const worker = startConsumer(prefix, [0, 1])
  t.after(() => worker.close())
  const { queue, taken, end, slots } = worker
  await queue.add({ id: 'a', createdAt: at, priority: 3 })
  await eventually('the first', async () => taken.length === 1)
  await queue.add({ id: 'both', createdAt: at, priority: 2, ...resources({ gpus: 2 }) })
  await queue.add({ id: 'later', createdAt: at, priority: 1 })
  await sleep(1500)
  assert.deepEqual(taken, ['a'], 'a later job went before')
  assert.equal(worker.consumer.idleSince(), null, 'the watchdog would take it for stuck')
  end('a')
  await eventually('both GPUs', async () => taken.length === 2)
  assert.deepEqual(taken, ['a', 'both'])
  assert.deepEqual(
    slots.report().map(({ job }) => job),
    ['both', 'both'],
  )
  end('both')
  await eventually('the last', async () => taken.length === 3)
  end('later')
})

test('a job with one GPU for itself takes all slots of that GPU', () => {
  const slots = new Slots(
    new LocalExecutor('no trainer starts'),
    [0, 1, 0, 1].map(gpu => ({ environment: {}, gpu })),
    () => false,
  )
  const shared = slots.acquire('shared')
  assert.equal(slots.hasRoom(1), true)
  assert.equal(slots.hasRoom(2), false)
  const own = slots.acquire('own', 1)
  assert.notEqual(own.gpu, shared.gpu)
  assert.equal(slots.free, 1)
  assert.equal(slots.hasRoom(1), false)
  assert.throws(() => slots.acquire('another', 1), /no room/)
  slots.release(own)
  slots.release(shared)
  assert.equal(slots.free, 4)
})

test('a job asks an engine for its GPUs, and takes one slot for any number that is offered', () => {
  const slots = new Slots(
    new LocalExecutor('no trainer starts'),
    [1, 2].map(() => ({ environment: {}, gpu: null, engineGpus: 4 })),
    () => false,
  )
  assert.equal(slots.hasRoom(5), false)
  const jobs = ['one', 'other'].map(job => slots.acquire(job, 4))
  assert.equal(slots.hasRoom(1), false)
  assert.equal(slots.hasRoom(0), false)
  assert.throws(() => slots.acquire('third', 1), /no room in 2 slots/)
  slots.release(jobs[0]!)
  assert.equal(slots.hasRoom(4), true)
  assert.equal(slots.hasRoom(0), true)
})

test('a drained worker gives its job to another one at once, takes none, and takes them again after resume', async t => {
  const prefix = newPrefix()
  const first = startConsumer(prefix, [null, null])
  t.after(() => first.close())
  await first.queue.add({ id: 'moving', createdAt: at })
  await eventually('the job', async () => first.taken.length === 1)
  const second = startConsumer(prefix, [null])
  t.after(() => second.close())
  first.consumer.pause('move')
  assert.equal(first.consumer.isDraining, true)
  await eventually('the job at the other worker', async () => second.taken.length === 1)
  await first.queue.add({ id: 'next', createdAt: at })
  await sleep(1500)
  assert.deepEqual(first.taken, ['moving'])
  first.consumer.resume()
  await eventually('the next job', async () => first.taken.includes('next'))
  first.end('next')
  second.end('moving')
})

test('a worker that is to finish keeps its job and takes no other', async t => {
  const prefix = newPrefix()
  const worker = startConsumer(prefix, [null, null])
  t.after(() => worker.close())
  await worker.queue.add({ id: 'running', createdAt: at })
  await eventually('the job', async () => worker.taken.length === 1)
  worker.consumer.pause('finish')
  await worker.queue.add({ id: 'next', createdAt: at })
  await sleep(1500)
  assert.deepEqual(worker.taken, ['running'])
  assert.equal(await worker.queue.activeCount(), 1)
  worker.end('running')
  await eventually('its end', async () => (await worker.queue.activeCount()) === 0)
})

test('the lock on a job is renewed as long as it runs, in each queue', async t => {
  const prefix = newPrefix()
  const worker = startConsumer(prefix, [null, null])
  t.after(() => worker.close())
  await worker.queue.add({ id: 'plain', createdAt: at })
  await worker.queue.add({ id: 'needy', createdAt: at, ...resources({ labels: ['ssd'] }) })
  await eventually('both', async () => worker.taken.length === 2)
  // three times the lock
  await sleep(6000)
  assert.equal(worker.taken.length, 2, 'a job was taken twice')
  assert.equal(await worker.queue.activeCount(), 2)
  worker.end('plain')
  worker.end('needy')
})

test('queues in which no job is left are removed, and a job with the same needs makes one again', async t => {
  const prefix = newPrefix()
  const worker = startConsumer(prefix, [null])
  t.after(() => worker.close())
  const { queue, taken, end } = worker
  const job = { createdAt: at, ...resources({ labels: ['ssd'] }) }
  await queue.add({ id: 'one', ...job })
  await eventually('the first', async () => taken.length === 1)
  await queue.dropUnused()
  assert.equal(await redis.hlen(`{${prefix}}:needs`), 1, 'a queue with a running job was removed')
  end('one')
  await eventually('its end', async () => (await queue.activeCount()) === 0)
  await queue.dropUnused()
  assert.equal(await redis.hlen(`{${prefix}}:needs`), 0)
  assert.deepEqual(await redis.keys(`{${prefix}}:train-*`), [])
  await queue.add({ id: 'two', ...job })
  await eventually('the second', async () => taken.length === 2)
  end('two')
})

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { readConfig } from '../../../src/config.js'
import { JobQueue, queuePriority } from '../../../src/jobs/queue/queue.js'
import {
  blockingOptions,
  bullConnection,
  connect,
  type RedisConfig,
  redisNames,
} from '../../../src/jobs/queue/redis.js'
import { EmbeddedRedis } from '../../../src/supervisor/embedded-redis.js'
import { eventually } from '../../../testing/eventually.js'

const minute = 60_000
const noon = Date.UTC(2026, 10, 24, 12)
const at = (minutes: number, priority = 0) => ({
  createdAt: new Date(noon + minutes * minute).toISOString(),
  priority,
})

let folder: string
let server: EmbeddedRedis
let options: RedisConfig
let redis: Redis
let queue: JobQueue
let bull: Queue
const names = redisNames('test')

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-queue-'))
  server = await EmbeddedRedis.open(folder)
  options = { connection: readConfig({ REDIS_URL: server.url }).redis!, prefix: 'test' }
  redis = connect(options, blockingOptions, () => {})
  queue = new JobQueue(options.prefix, redis, () => {})
  bull = new Queue(names.queue, {
    prefix: names.bullmq,
    connection: bullConnection(options, blockingOptions),
  })
})
after(async () => {
  await Promise.all([queue.close(), bull.close()])
  redis.disconnect()
  await server.stop()
  await rm(folder, { recursive: true })
})

/** Ids of the waiting jobs, next first. */
const waiting = async () => (await bull.getJobs(['wait', 'prioritized'])).map(({ id }) => id!)

/** Takes the next job as a worker with this name would, and never finishes it. */
async function take(name: string): Promise<{ id: string; token: string }> {
  const worker = new Worker(names.queue, null, {
    prefix: names.bullmq,
    connection: bullConnection(options, blockingOptions),
    autorun: false,
    lockDuration: 60_000,
    name,
  })
  const token = `token-of-${name}`
  const job = await worker.getNextJob(token, { block: false })
  await worker.close(true)
  return { id: job!.id!, token }
}

test('jobs that a worker holds and unknown jobs are missing from the queue', async () => {
  const ids = ['line-a', 'line-b', 'line-c']
  for (const id of ids) await queue.add({ id, ...at(0) })
  assert.deepEqual(await queue.missingFromQueue([...ids, 'lost']), ['lost'])
  const { id } = await take('worker')
  assert.deepEqual(await queue.missingFromQueue([...ids, 'lost']), [id, 'lost'])
  assert.deepEqual(await queue.missingFromQueue([]), [])
  await bull.obliterate({ force: true })
})

test('orphan recovery requeues the jobs of dead workers at the front and leaves those of live workers', async () => {
  for (const id of ['a', 'b', 'c', 'd']) await queue.add({ ...at(0), id: `job-${id}` })
  for (const name of ['dead', 'alive', 'dead']) await take(name)
  // the lock of a worker that died long ago has expired
  await redis.del(`${bull.toKey('job-c')}:lock`)
  assert.equal(await queue.waitingCount(), 1)

  assert.equal(await queue.requeueOrphaned(name => name === 'dead'), 2)
  assert.equal(await bull.getJobState('job-b'), 'active')
  assert.deepEqual((await waiting()).sort(), ['job-a', 'job-c', 'job-d'])
  assert.notEqual((await take('next')).id, 'job-d')
  assert.equal(await queue.requeueOrphaned(name => name === 'dead'), 0)
})

test('concurrent orphan recoveries move each job once', async () => {
  const before = await queue.waitingCount()
  for (let i = 0; i < before; i++) await take('also dead')
  assert.equal(await queue.waitingCount(), 0)
  await Promise.all([1, 2, 3].map(() => queue.requeueOrphaned(name => name === 'also dead')))
  const back = await waiting()
  assert.equal(back.length, before)
  assert.equal(new Set(back).size, before)
})

test('of two jobs created at the same time, the one with the higher priority is first', () => {
  for (let priority = -100; priority < 100; priority++) {
    assert.ok(queuePriority(at(0, priority + 1)) < queuePriority(at(0, priority)), String(priority))
  }
})

test('ten minutes of waiting equal one priority point, so no job starves', () => {
  assert.ok(queuePriority(at(0, -5)) < queuePriority(at(65, 0)))
  assert.ok(queuePriority(at(0, -5)) > queuePriority(at(35, 0)))
  assert.ok(
    queuePriority(at(0, -100)) < queuePriority(at(2010, 100)),
    'the lowest priority after 33.5 hours of waiting',
  )
})

test('queue priorities are in the range of BullMQ until 2045', () => {
  for (const createdAt of ['2026-01-01T00:00:00.000Z', '2045-11-01T00:00:00.000Z']) {
    for (const priority of [-100, 0, 100]) {
      const value = queuePriority({ createdAt, priority })
      assert.ok(Number.isInteger(value) && value >= 1 && value <= 2_097_151, String(value))
    }
  }
  const later = { createdAt: '2045-11-01T00:00:00.000Z', priority: 0 }
  assert.ok(
    queuePriority({ ...later, priority: 1 }) < queuePriority(later),
    'priorities still differ at the end of the range',
  )
})

test('a queue that loses Redis while it opens works after Redis is back', async t => {
  const connection = connect(options, blockingOptions, () => {})
  t.after(() => connection.disconnect())
  await eventually('the connection', () => connection.status === 'ready')
  const { info } = connection
  // as if the connection closed in this moment
  connection.info = () => Promise.reject(new Error('Connection is closed.'))
  const early = new JobQueue('early', connection, () => {})
  await sleep(100)
  connection.info = info
  await early.add({ id: 'after', ...at(0) })
  assert.equal(await early.has('after'), true)
})

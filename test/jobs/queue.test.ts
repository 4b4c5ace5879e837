import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Queue, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { readConfig } from '../../src/config.js'
import { JobQueue } from '../../src/jobs/queue.js'
import {
  bullConnection,
  connect,
  patient,
  type RedisHome,
  redisNames,
} from '../../src/jobs/redis.js'
import { type EmbeddedRedis, openRedis } from '../../src/supervisor/embedded-redis.js'

let folder: string
let server: EmbeddedRedis
let home: RedisHome
let redis: Redis
let queue: JobQueue
let bull: Queue
const names = redisNames('test')

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-queue-'))
  server = await openRedis(folder)
  home = { address: readConfig({ REDIS_URL: server.url }).redis!, prefix: 'test' }
  redis = connect(home, patient, () => {})
  queue = new JobQueue(home, redis, () => {}, patient)
  bull = new Queue(names.queue, {
    prefix: names.bullmq,
    connection: bullConnection(home, patient),
  })
})
after(async () => {
  await Promise.all([queue.close(), bull.close()])
  redis.disconnect()
  await server.stop()
  await rm(folder, { recursive: true })
})

/** Takes the next job by hand, as a worker of this name that will never be heard of again. */
async function take(name: string): Promise<{ id: string; token: string }> {
  const worker = new Worker(names.queue, null, {
    prefix: names.bullmq,
    connection: bullConnection(home, patient),
    autorun: false,
    lockDuration: 60_000,
    name,
  })
  const token = `token-of-${name}`
  const job = await worker.getNextJob(token, { block: false })
  await worker.close(true)
  return { id: job!.id!, token }
}

test('the jobs of dead workers go back to the front of the queue, those of the living stay', async () => {
  for (const id of ['a', 'b', 'c', 'd']) await queue.add(`job-${id}`)
  for (const name of ['dead', 'alive', 'dead']) await take(name)
  // that worker died so long ago that its lock has run out
  await redis.del(`${bull.toKey('job-c')}:lock`)
  assert.equal(await queue.waiting(), 1)

  assert.equal(await queue.takeBack(name => name === 'dead'), 2)
  assert.equal(await bull.getJobState('job-b'), 'active')
  assert.deepEqual((await bull.getWaiting()).map(({ id }) => id).sort(), [
    'job-a',
    'job-c',
    'job-d',
  ])
  assert.notEqual((await take('next')).id, 'job-d')
  assert.equal(await queue.takeBack(name => name === 'dead'), 0)
})

test('workers that take back at the same time move each job once', async () => {
  const before = await queue.waiting()
  for (let i = 0; i < before; i++) await take('dead too')
  assert.equal(await queue.waiting(), 0)
  await Promise.all([1, 2, 3].map(() => queue.takeBack(name => name === 'dead too')))
  const waiting = (await bull.getWaiting()).map(({ id }) => id)
  assert.equal(waiting.length, before)
  assert.equal(new Set(waiting).size, before)
})

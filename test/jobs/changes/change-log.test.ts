import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { Redis } from 'ioredis'
import { compareIds } from '../../../src/jobs/changes/change-position.js'
import { ChangeLog, type NotedJob } from '../../../src/jobs/queue/change-log.js'
import { redisNames } from '../../../src/jobs/queue/redis.js'
import { applyEntry, initialLifecycle } from '../../../src/jobs/record/lifecycle.js'
import { startRedis, type TestRedis } from '../../../testing/redis.js'
import { newJobId } from '../../../testing/running-job.js'

const at = '2026-01-01T00:00:00.000Z'

let folder: string
let server: TestRedis
let redis: Redis
let log: ChangeLog
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changes-'))
  server = await startRedis(folder)
  redis = new Redis(server.connection)
})
after(async () => {
  redis.disconnect()
  await server.stop()
  await rm(folder, { recursive: true })
})
beforeEach(async () => {
  await redis.flushall()
  log = new ChangeLog(redis, server.prefix)
})

const note = (job: NotedJob) => log.noteJob(redis.multi(), job).exec()

async function begin(): Promise<void> {
  await redis.set(redisNames(server.prefix).complete, 1)
  await log.markResourcesComplete()
}

const told = async () =>
  (await log.readAfter('0-0', 100)).changes.map(({ type, data }) => ({ type, ...JSON.parse(data) }))

test('the log begins after all is known, so nothing that existed before looks new', async () => {
  const queued = initialLifecycle(at)
  const id = newJobId()
  await note({ id, name: 'old', revision: 0, lifecycle: queued })
  await log.resourceCreated('dataset', 'ds-1', { job: '', data: { id: 'ds-1' } })
  await log.begin()
  assert.deepEqual(await told(), [])
  await begin()
  await note({ id, name: 'old', revision: 0, lifecycle: queued })
  await log.resourceCreated('dataset', 'ds-1', { job: '', data: { id: 'ds-1' } })
  await log.resourceDeleted('dataset', 'ds-1')
  await log.resourceDeleted('dataset', 'ds-1')
  assert.deepEqual(
    (await told()).map(({ type }) => type),
    ['stream.reset', 'dataset.deleted'],
  )
})

test('transitions that were missed are told in order, and none twice, whatever the order of the updates', async () => {
  await begin()
  const id = newJobId()
  const states = [initialLifecycle(at)]
  for (const entry of [
    { event: 'start', at, attempt: 1 },
    { event: 'pause', at },
    { event: 'stop', at, attempt: 1 },
    { event: 'resume', at },
  ] as const) {
    states.push(applyEntry(states.at(-1)!, entry))
  }
  const [queued, running, pausing, , resumed] = states
  const mine = { id, name: 'mine', revision: 0 }
  await note({ ...mine, lifecycle: queued! })
  await note({ ...mine, lifecycle: pausing! })
  await note({ ...mine, lifecycle: running! })
  await note({ ...mine, lifecycle: resumed! })
  await note({ ...mine, lifecycle: resumed! })
  await note({ id, name: 'renamed', revision: 1, lifecycle: resumed! })
  await log.noteRemovedJob(redis.multi(), id).exec()
  await log.noteRemovedJob(redis.multi(), id).exec()
  assert.deepEqual(
    (await told()).slice(1).map(({ type, name, requested }) => [type, name, requested]),
    [
      ['job.queued', 'mine', null],
      ['job.running', 'mine', 'pause'],
      ['job.paused', 'mine', null],
      ['job.queued', 'mine', null],
      ['job.changed', 'renamed', null],
      ['job.deleted', 'renamed', undefined],
    ],
  )
})

test('what a job made is told with its end: a model, or a data set of predictions unless it existed', async () => {
  await begin()
  const end = async (dataset: { id: string; name: string } | undefined) => {
    const id = newJobId()
    const running = applyEntry(initialLifecycle(at), { event: 'start', at, attempt: 1 })
    const result = {
      ...{ status: 'succeeded' as const, attempt: 1, finishedAt: at, failure: null, metrics: {} },
      model: { id: 'digits', version: 1 },
      ...(dataset && { dataset }),
    }
    const lifecycle = applyEntry(running, { event: 'succeed', at, attempt: 1, result })
    await note({ id, name: 'mine', revision: 0, lifecycle })
    return id
  }
  const read = { id: 'ds-0123456789abcdef', name: 'read' }
  const trained = await end(undefined)
  const predicted = await end(read)
  await end({ ...read, name: 'again' })
  const changes = (await log.readAfter('0-0', 100)).changes
  assert.deepEqual(
    changes
      .filter(({ type }) => type.endsWith('.created'))
      .map(({ type, job, data }) => [type, job, JSON.parse(data)]),
    [
      ['model.created', trained, { id: 'digits', version: 1, job: trained }],
      ['dataset.created', predicted, read],
    ],
  )
})

test('a log that begins again has another epoch', async () => {
  await begin()
  const first = await log.readNewest(10)
  await begin()
  assert.equal((await log.readNewest(10)).epoch, first.epoch)
  await redis.flushall()
  assert.equal((await log.readAfter(first.changes[0]!.id, 10)).epoch, null)
  await begin()
  const { epoch, isFound } = await log.readAfter(first.changes[0]!.id, 10)
  assert.notEqual(epoch, first.epoch)
  assert.equal(isFound, false)
})

test('ids compare as numbers', () => {
  const sorted = ['9-0', '10-0', '10-2', '10-10', '1764370000000-0']
  assert.deepEqual(sorted.toReversed().sort(compareIds), sorted)
})

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Redis } from 'ioredis'
import { readConfig } from '../../../src/config.js'
import { Datasets } from '../../../src/datasets/datasets.js'
import { JobIndex } from '../../../src/jobs/queue/job-index.js'
import { LiveStatePublisher } from '../../../src/jobs/queue/live-state.js'
import { blockingOptions, connect } from '../../../src/jobs/queue/redis.js'
import { Checkpoints } from '../../../src/jobs/record/checkpoints.js'
import { JobRecords } from '../../../src/jobs/record/records.js'
import { JobLog } from '../../../src/jobs/telemetry/job-log.js'
import { MetricsLog } from '../../../src/jobs/telemetry/metrics-log.js'
import { planJob } from '../../../src/planning/plan.js'
import { openFolderStore } from '../../../src/store/folder-store.js'
import type { Store } from '../../../src/store/store.js'
import { EmbeddedRedis } from '../../../src/supervisor/embedded-redis.js'
import { digitsManifest } from '../../../testing/digits-manifest.js'
import { newJobId, startAttempt } from '../../../testing/running-job.js'
import { JobRunner } from '../../../workers/supervision/job-runner.js'

const prefix = 'test'
const at = '2026-01-01T00:00:00.000Z'

let folder: string
let server: EmbeddedRedis
let redis: Redis
let store: Store
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-run-'))
  server = await EmbeddedRedis.open(folder)
  redis = connect(
    { connection: readConfig({ REDIS_URL: server.url }).redis!, prefix },
    blockingOptions,
    () => {},
  )
  store = await openFolderStore(join(folder, 'data'))
})
after(async () => {
  redis.disconnect()
  await server.stop()
  await rm(folder, { recursive: true })
})

async function newJob(): Promise<string> {
  const identity = { id: newJobId(), createdAt: at }
  const request = { model: { kind: 'resnet' as const }, dataset: 'digits' }
  await new JobRecords(store).create(planJob(identity, request, digitsManifest(), null))
  return identity.id
}

/** Runs a job that must end without starting a trainer. */
async function run(id: string): Promise<void> {
  const job = new JobRunner(
    {
      records: new JobRecords(store),
      jobLog: new JobLog(store),
      metricsLog: new MetricsLog(store),
      checkpoints: new Checkpoints(store),
      index: new JobIndex(redis, prefix),
      statePublisher: new LiveStatePublisher(redis, prefix),
      findDataset: dataset => new Datasets(store).get(dataset),
      sweep: async () => {},
      startAttempt() {
        throw new Error('no attempt should start')
      },
    },
    id,
  )
  assert.equal(await job.run(), 'done')
}

async function end(id: string) {
  const records = new JobRecords(store)
  const { result } = await records.read(id)
  const { items } = await new JobLog(store).page(id, await records.claims(id), { limit: 100 })
  const last = items.at(-1)
  return { failure: result?.failure, last: last && [last.attempt, last.line] }
}

test('a job whose data set is gone fails, and says so in its log', async () => {
  const id = await newJob()
  await run(id)
  const { failure, last } = await end(id)
  assert.equal(failure?.code, 'dataset_gone')
  assert.deepEqual(last, [1, `failed: dataset_gone: ${failure.message}`])
})

test('a job that makes no progress fails, and says so in its log after the lines of its attempts', async () => {
  const id = await newJob()
  for (const attempt of [1, 2, 3]) {
    const ended = { endedAt: at, end: 'crashed', outputTail: 'exit code 1' } as const
    await startAttempt(store, id, { startedAt: at, ...ended })
    await new JobLog(store).append(id, attempt, 'attempt')
  }
  await run(id)
  const { failure, last } = await end(id)
  assert.equal(failure?.code, 'no_progress')
  assert.deepEqual(last, [4, `failed: no_progress: ${failure.message}`])
})

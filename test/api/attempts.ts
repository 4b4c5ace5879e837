import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { JobIndex } from '../../src/jobs/queue/job-index.js'
import { type LiveState, LiveStatePublisher } from '../../src/jobs/queue/live-state.js'
import { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import { type AttemptProgress, JobRecords } from '../../src/jobs/record/records.js'
import { JobLog } from '../../src/jobs/telemetry/job-log.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import { type BestMetrics, updateBest } from '../../src/spec/best-metrics.js'
import type { JobNotification } from '../../src/spec/ipc-messages.js'
import type { Metrics } from '../../src/spec/job.js'
import { startAttempt } from '../../testing/running-job.js'
import { smallJob, type TestServer } from '../../testing/test-server.js'

// Writes to the store and to Redis what a worker would write for a job.

const attempt = 1
const at = '2026-11-24T10:00:00.000Z'

export async function startJob(
  { store, ...server }: TestServer,
  id: string,
  progress?: AttemptProgress,
): Promise<void> {
  await startAttempt(store, id, { startedAt: at, ...(progress && { progress }) })
  await publishStatus({ store, ...server }, id)
}

/** Submits a job and starts its first attempt. */
export async function runningJob(server: TestServer): Promise<string> {
  const { body } = await server.api.post('/jobs').send(smallJob)
  await startJob(server, body.id)
  return body.id
}

export async function appendMetrics({ store, ...server }: TestServer, id: string, steps: number[]) {
  const log = new MetricsLog(store)
  for (const step of steps) {
    const values = { loss: 1 / step, accuracy: 1 - 1 / step }
    await log.append(id, attempt, { step, time: at, values })
  }
  await notifyJobEvent(server, id, 'metrics')
}

/** Appends a row and publishes the live state of a running job. */
export async function publishProgress(
  { redis, store }: TestServer,
  id: string,
  step: number,
  metrics: Record<string, number> = { loss: 0.5 },
  best: BestMetrics = {},
) {
  updateBest(best, step, metrics)
  await new MetricsLog(store).append(id, attempt, { step, time: at, values: metrics })
  const details = { steps: smallJob.training.steps, resumedFrom: 0, metrics, best }
  await publish(redis, id, { attempt, phase: 'training', step, endsAt: null, details }, 'metrics')
}

export async function appendLogLines({ store }: TestServer, id: string, lines: string[]) {
  for (const line of lines) await new JobLog(store).append(id, attempt, line)
}

export async function endJob(
  { store, ...server }: TestServer,
  id: string,
  metrics: Metrics = { loss: 0.1 },
): Promise<void> {
  await new JobRecords(store).finish(id, {
    status: 'succeeded',
    finishedAt: at,
    attempt,
    failure: null,
    model: { id: 'shades', version: 1 },
    metrics,
  })
  await publishStatus({ store, ...server }, id)
}

async function publishStatus(
  { store, redis: { connection, prefix } }: Pick<TestServer, 'store' | 'redis'>,
  id: string,
) {
  const redis = new Redis(connection)
  await new JobIndex(redis, prefix).put(await new JobRecords(store).read(id))
  await new LiveStatePublisher(redis, prefix).publish(id, null, 'changed')
  redis.disconnect()
}

export async function putCheckpoint(
  { store }: TestServer,
  id: string,
  step: number,
  bytes = 300_000,
) {
  const staged = await store.stage()
  await mkdir(staged, { recursive: true })
  await writeFile(join(staged, `model.ckpt-${step}.index`), `index ${step}`)
  await writeFile(join(staged, `model.ckpt-${step}.data-00000-of-00001`), Buffer.alloc(bytes, step))
  await new Checkpoints(store).commit(id, staged, { step, attempt, createdAt: at })
}

export const notifyJobEvent = (
  { redis }: Pick<TestServer, 'redis'>,
  id: string,
  event: JobNotification,
) => publish(redis, id, null, event)

async function publish(
  { connection, prefix }: TestServer['redis'],
  id: string,
  state: LiveState | null,
  event: JobNotification,
) {
  const redis = new Redis(connection)
  await new LiveStatePublisher(redis, prefix).publish(id, state, event)
  redis.disconnect()
}

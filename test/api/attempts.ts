import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { LivePublisher, type LiveState } from '../../src/jobs/queue/live-state.js'
import { Checkpoints } from '../../src/jobs/record/checkpoints.js'
import { JobRecords } from '../../src/jobs/record/records.js'
import { JobLog } from '../../src/jobs/telemetry/job-log.js'
import { MetricsLog } from '../../src/jobs/telemetry/metrics-log.js'
import type { JobEvent } from '../../src/spec/ipc-messages.js'
import type { Metrics } from '../../src/spec/job.js'
import { smallJob, type TestServer } from '../../testing/test-server.js'

// What a worker writes of a job, without a worker.

const epoch = 1
const at = '2026-11-24T10:00:00.000Z'

export async function startJob({ store, ...server }: TestServer, id: string): Promise<void> {
  const records = new JobRecords(store)
  await records.claim(id)
  await records.apply(id, { event: 'start', at, epoch })
  const running = { endedAt: null, end: null, lastWords: null }
  await records.writeAttempt(id, {
    epoch,
    startedAt: at,
    resumedFrom: 0,
    phase: 'training',
    ...running,
  })
  await nudge(server, id, 'changed')
}

/** A job that was submitted, in its first attempt. */
export async function runningJob(server: TestServer): Promise<string> {
  const { body } = await server.api.post('/jobs').send(smallJob)
  await startJob(server, body.id)
  return body.id
}

export async function measure({ store, ...server }: TestServer, id: string, steps: number[]) {
  const log = new MetricsLog(store)
  for (const step of steps) {
    const values = { loss: 1 / step, accuracy: 1 - 1 / step }
    await log.append(id, epoch, { step, time: at, values })
  }
  await nudge(server, id, 'metrics')
}

/** What a worker says of a running job. */
export async function progress(
  { redis }: TestServer,
  id: string,
  step: number,
  metrics: Metrics = { loss: 0.5 },
) {
  await publish(redis, id, { epoch, phase: 'training', step, metrics }, 'metrics')
}

export async function say({ store }: TestServer, id: string, lines: string[]) {
  for (const line of lines) await new JobLog(store).append(id, epoch, line)
}

export async function endJob(
  { store, ...server }: TestServer,
  id: string,
  metrics: Metrics = { loss: 0.1 },
): Promise<void> {
  await new JobRecords(store).finish(id, {
    ...{ status: 'succeeded', finishedAt: at, epoch, failure: null },
    ...{ model: { id: 'shades', version: 1 }, metrics },
  })
  await nudge(server, id, 'changed')
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
  await new Checkpoints(store).commit(id, staged, { step, epoch, createdAt: at })
}

export const nudge = ({ redis }: Pick<TestServer, 'redis'>, id: string, event: JobEvent) =>
  publish(redis, id, null, event)

async function publish(
  { address, prefix }: TestServer['redis'],
  id: string,
  state: LiveState | null,
  event: JobEvent,
) {
  const connection = new Redis(address)
  await new LivePublisher(connection, prefix).publish(id, state, event)
  connection.disconnect()
}

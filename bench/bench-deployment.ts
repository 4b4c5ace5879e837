// A real API process and a Redis, over a fresh data folder, and jobs that measure without training.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { ulid } from 'ulid'
import { JobRecords } from '../../src/jobs/record/records.js'
import { planJob } from '../../src/planning/plan.js'
import type { DatasetManifest } from '../../src/spec/dataset.js'
import { openFolderStore } from '../../src/store/folder-store.js'
import type { Store } from '../../src/store/store.js'
import { type ApiProcess, startApiProcess, terminate } from '../api-process.js'

const prefix = 'bench'

export interface BenchDeployment {
  store: Store
  redis: Redis
  prefix: string
  key: string
  close(): Promise<void>
}

export interface ApiWithMemory extends ApiProcess {
  /** Resident memory, in MiB: now, and the most so far. */
  memory(): Promise<{ now: number; peak: number }>
}

export async function openBenchDeployment(): Promise<
  BenchDeployment & { startApi(): Promise<ApiWithMemory> }
> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-bench-'))
  const path = join(folder, 'redis.sock')
  const args = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', folder]
  const server = spawn('redis-server', args, { stdio: 'ignore' })
  const data = join(folder, 'data')
  const store = await openFolderStore(data)
  const redis = new Redis({ path, retryStrategy: () => 50 }).on('error', () => {})
  await redis.ping()
  const key = 'only-this-bench-knows'
  const environment = {
    TRAINYARD_DATA: data,
    TRAINYARD_LOG_LEVEL: 'error',
    TRAINYARD_KEY: key,
    TRAINYARD_REDIS_PREFIX: prefix,
    REDIS_URL: `unix://localhost${path}`,
  }
  const running = new Set<ApiProcess>()
  const startApi = async (): Promise<ApiWithMemory> => {
    const api = await startApiProcess(environment)
    running.add(api)
    const stop = async () => {
      await api.stop()
      running.delete(api)
    }
    return { ...api, memory: () => memoryOf(api.pid), stop }
  }
  const close = async () => {
    for (const api of running) await api.stop()
    redis.disconnect()
    await terminate(server)
    await sleep(100)
    await rm(folder, { recursive: true })
  }
  return { store, redis, prefix, key, startApi, close }
}

async function memoryOf(pid: number) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mebibytes = (field: string) =>
    Math.round(Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) / 1024)
  return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') }
}

const dataset: DatasetManifest = {
  id: 'ds-00000000000000aa',
  name: 'digits',
  createdAt: '2026-01-01T00:00:00.000Z',
  kind: 'images',
  height: 28,
  width: 28,
  channels: 1,
  encoding: 'raw',
  records: 60_000,
  labels: ['even', 'odd'],
  classCounts: [30_000, 30_000],
  mean: [33],
  std: [78],
  shards: [],
}

/** A job in its first attempt. */
export async function createRunningJob({ store }: BenchDeployment): Promise<string> {
  const now = new Date().toISOString()
  const id = `job-${ulid().toLowerCase()}`
  const request = { model: { kind: 'resnet' as const }, dataset: 'digits' }
  const records = new JobRecords(store)
  await records.create(planJob({ id, createdAt: now }, request, dataset, null))
  const attempt = await records.claimAttempt(id)
  await records.apply(id, { event: 'start', at: now, attempt })
  await records.writeAttempt(id, {
    attempt,
    startedAt: now,
    resumedFrom: 0,
    phase: 'training',
    endedAt: null,
    end: null,
    outputTail: null,
  })
  return id
}

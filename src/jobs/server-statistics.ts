import type { Redis } from 'ioredis'
import { decodeTime } from 'ulid'
import type { JobStatus } from '../spec/job.js'
import { whyNobody } from '../spec/needs.js'
import type { Worker } from '../spec/worker.js'
import { throwUnavailable, workerNotFound } from './queue/errors.js'
import type { JobIndex } from './queue/job-index.js'
import type { JobQueue } from './queue/queue.js'
import { readTotals, type Total } from './queue/training-totals.js'
import { type WorkerOrder, WorkerReports } from './queue/worker-reports.js'

export interface QueueStatistics {
  jobs: Record<JobStatus, number>
  /** Jobs in the queue that no worker has taken. */
  waiting: number
  /** Queued jobs that need more memory than the worker has that took them last. */
  held: number
  /** Jobs in the queue that no worker that is alive can run. */
  unplaced: number
  /** Jobs that workers have taken. */
  active: number
  /** Time since the oldest queued job was submitted; 0 if no job is queued. */
  oldestWaitingSeconds: number
}

export interface RedisStatistics {
  version: string | null
  pingSeconds: number
  usedBytes: number | null
  /** 0: no limit. */
  maxBytes: number | null
  clients: number | null
  /** Keys that it has dropped for lack of memory: the queue loses jobs by that. */
  evictedKeys: number | null
  /** Whether it writes each change to its append-only file. */
  appendOnly: boolean | null
  /** Whether its last write to disk succeeded. */
  savedLast: boolean | null
}

export interface ServerStatisticsDeps {
  redis: Redis
  prefix: string
  index: JobIndex
  queue: JobQueue
}

/** Why jobs wait if no worker is alive. */
export const noWorker =
  'no worker is alive: `npm start` runs one; if one should run, its log says why it does not'

/** Probes and views of many jobs share one read of the workers. */
const workersCacheMs = 1000

/** What Redis knows of the whole server. Each method fails if Redis does not answer. */
export class ServerStatistics {
  private readonly reports: WorkerReports
  private cachedWorkers: { at: number; workers: Promise<Worker[]> } | null = null

  constructor(private readonly deps: ServerStatisticsDeps) {
    this.reports = new WorkerReports(deps.redis, deps.prefix)
  }

  /** The workers that are alive. */
  workers(): Promise<Worker[]> {
    const now = performance.now()
    if (!this.cachedWorkers || now - this.cachedWorkers.at > workersCacheMs) {
      this.cachedWorkers = { at: now, workers: this.reports.read() }
    }
    return this.cachedWorkers.workers
  }

  /** Asks a worker to drain or to resume. Returns its last report. */
  async askWorker(id: string, order: WorkerOrder): Promise<Worker> {
    const workers = await this.reports.read().catch(throwUnavailable)
    const worker = workers.find(each => each.id === id)
    if (!worker) throw workerNotFound(id)
    await this.reports.ask(id, order).catch(throwUnavailable)
    return worker
  }

  async queue(): Promise<QueueStatistics> {
    const { index, queue } = this.deps
    const [jobs, groups, held, active, oldest, workers] = await Promise.all([
      index.counts(),
      queue.waitingGroups(),
      queue.heldCount(),
      queue.activeCount(),
      index.oldest('queued'),
      this.workers(),
    ])
    const total = (all: typeof groups) => all.reduce((sum, { count }) => sum + count, 0)
    const waiting = total(groups)
    const unplaced = total(
      groups.filter(({ needs }) => needs !== null && whyNobody(needs, workers) !== null),
    )
    const since = oldest && decodeTime(oldest.slice('job-'.length).toUpperCase())
    const oldestWaitingSeconds = since ? Math.max(0, (Date.now() - since) / 1000) : 0
    return { jobs, waiting, held, unplaced, active, oldestWaitingSeconds }
  }

  totals(): Promise<Total[]> {
    return readTotals(this.deps.redis, this.deps.prefix)
  }

  async redis(): Promise<RedisStatistics> {
    const { redis } = this.deps
    const startedAt = performance.now()
    await redis.ping()
    const pingSeconds = (performance.now() - startedAt) / 1000
    // a hosted Redis may not allow INFO
    const info = await redis.info().catch(() => '')
    const saved = /^rdb_last_bgsave_status:(\w+)/m.exec(info)?.[1]
    const appendOnly = numberIn(info, 'aof_enabled')
    return {
      version: versionIn(info),
      appendOnly: appendOnly === null ? null : appendOnly === 1,
      pingSeconds,
      usedBytes: numberIn(info, 'used_memory'),
      maxBytes: numberIn(info, 'maxmemory'),
      clients: numberIn(info, 'connected_clients'),
      evictedKeys: numberIn(info, 'evicted_keys'),
      savedLast: saved === undefined ? null : saved === 'ok',
    }
  }
}

/** Valkey also says with which version of Redis it is compatible. */
function versionIn(info: string): string | null {
  const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1]
  return valkey ? `Valkey ${valkey}` : (/^redis_version:(\S+)/m.exec(info)?.[1] ?? null)
}

function numberIn(info: string, field: string): number | null {
  const text = new RegExp(`^${field}:(\\d+)\\r?$`, 'm').exec(info)?.[1]
  return text === undefined ? null : Number(text)
}

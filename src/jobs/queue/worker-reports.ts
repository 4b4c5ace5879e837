import type { Redis } from 'ioredis'
import { type DrainMode, Worker } from '../../spec/worker.js'
import { shapeOf } from '../../store/shape.js'
import { redisNames } from './redis.js'
import { redisAheadMs } from './shared-clock.js'

/** A worker reports this often. */
export const reportIntervalMs = 2000
/** A worker that has not reported for this long counts as gone. Redis counts, so no two clocks are compared. */
const ttlSeconds = 15

/** A worker reads what it was asked to do with its next report. */
const orderTtlSeconds = 60

const worker = shapeOf<Worker>(Worker)

/** What a worker was asked to do by a client. */
export type WorkerOrder = DrainMode | 'resume'

/** What Redis answers to a report. */
export interface ReportAnswer {
  order: WorkerOrder | null
  /** How far the clock of this process is ahead of that of Redis; null if Redis did not say. */
  clockOffsetSeconds: number | null
}

/** What the workers of all hosts report of themselves, in Redis. */
export class WorkerReports {
  private readonly names

  constructor(
    private readonly redis: Redis,
    prefix: string,
  ) {
    this.names = redisNames(prefix)
  }

  async publish(report: Worker): Promise<ReportAnswer> {
    const sentAt = Date.now()
    const answers = await this.redis
      .pipeline()
      .time()
      .getdel(this.names.workerOrder(report.id))
      .set(this.names.worker(report.id), JSON.stringify(report), 'EX', ttlSeconds)
      .sadd(this.names.workers, report.id)
      .exec()
    // a Redis that cannot write refuses the others and says its time
    const [time, order] = (answers ?? []).map(([error, value]) => (error ? null : value))
    return {
      order: (order as WorkerOrder | null | undefined) ?? null,
      clockOffsetSeconds: Array.isArray(time) ? -redisAheadMs(time, sentAt) / 1000 : null,
    }
  }

  /** Asks a worker to drain or to resume. It does so within seconds. */
  async ask(id: string, order: WorkerOrder): Promise<void> {
    await this.redis.set(this.names.workerOrder(id), order, 'EX', orderTtlSeconds)
  }

  /** For a worker that ends in order. */
  async remove(id: string): Promise<void> {
    await this.redis.pipeline().del(this.names.worker(id)).srem(this.names.workers, id).exec()
  }

  /** The workers that are alive, by host. Fails if Redis does not answer. */
  async read(): Promise<Worker[]> {
    const ids = await this.redis.smembers(this.names.workers)
    if (ids.length === 0) return []
    const texts = await this.redis.mget(ids.map(id => this.names.worker(id)))
    const gone = ids.filter((_, i) => texts[i] === null)
    // if one of them is only late, its next report adds it again
    if (gone.length > 0) await this.redis.srem(this.names.workers, ...gone)
    return texts
      .flatMap(text => (text === null ? [] : [JSON.parse(text) as unknown]))
      .filter((report): report is Worker => worker.problem(report) === null)
      .sort((a, b) => a.host.localeCompare(b.host) || a.pid - b.pid)
  }
}

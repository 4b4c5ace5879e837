import type { Redis } from 'ioredis'
import { Worker } from '../../spec/worker.js'
import { shapeOf } from '../../store/shape.js'
import { redisNames } from './redis.js'

/** A worker reports this often. */
export const reportIntervalMs = 2000
/** A worker that has not reported for this long counts as gone. Redis counts, so no two clocks are compared. */
const ttlSeconds = 15

const worker = shapeOf<Worker>(Worker)

/** What the workers of all hosts report of themselves, in Redis. */
export class WorkerReports {
  private readonly names

  constructor(
    private readonly redis: Redis,
    prefix: string,
  ) {
    this.names = redisNames(prefix)
  }

  async publish(report: Worker): Promise<void> {
    await this.redis
      .pipeline()
      .set(this.names.worker(report.id), JSON.stringify(report), 'EX', ttlSeconds)
      .sadd(this.names.workers, report.id)
      .exec()
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

import type { Redis } from 'ioredis'
import { queueUnavailable } from './errors.js'
import { redisNames } from './redis.js'

/** Which jobs there are, newest first, and which have no result yet. Rebuilt from the store when Redis has forgotten. */
export class JobIndex {
  private readonly names

  constructor(
    private readonly redis: Redis,
    prefix: string,
  ) {
    this.names = redisNames(prefix)
  }

  /** Ids older than `before`, newest first. */
  page(limit: number, before: string | undefined): Promise<string[]> {
    const max = before === undefined ? '+' : `(${before}`
    return this.redis
      .zrevrangebylex(this.names.jobs, max, '-', 'LIMIT', 0, limit)
      .catch(unavailable)
  }

  active(): Promise<string[]> {
    return this.redis.smembers(this.names.active).catch(unavailable)
  }

  /** It has a result: what its worker said last is nobody's concern any more. */
  async settle(id: string): Promise<void> {
    await this.redis.multi().srem(this.names.active, id).del(this.names.live(id)).exec()
  }

  async forget(id: string): Promise<void> {
    await this.redis
      .multi()
      .zrem(this.names.jobs, id)
      .srem(this.names.active, id)
      .del(this.names.live(id))
      .exec()
  }

  async has(id: string): Promise<boolean> {
    return (await this.redis.zscore(this.names.jobs, id)) !== null
  }

  async count(): Promise<number> {
    return this.redis.zcard(this.names.jobs)
  }

  async restore(id: string, active: boolean): Promise<void> {
    const restore = this.redis.multi().zadd(this.names.jobs, 0, id)
    await (active ? restore.sadd(this.names.active, id) : restore.del(this.names.live(id))).exec()
  }
}

function unavailable(cause: unknown): never {
  throw queueUnavailable(cause)
}

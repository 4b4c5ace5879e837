import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { bullConnection, impatient, type RedisHome, redisNames } from './redis.js'

/** What waits in Redis for a worker. Only ids: the store has the rest. */
export class JobQueue {
  private readonly queue: Queue
  private readonly names

  constructor(
    home: RedisHome,
    private readonly redis: Redis,
    onError: (error: Error) => void,
  ) {
    this.names = redisNames(home.prefix)
    this.queue = new Queue(this.names.queue, {
      prefix: this.names.bullmq,
      connection: bullConnection(home, impatient),
      defaultJobOptions: {
        // a job ends by its result in the store; Redis keeps nothing of it
        removeOnComplete: true,
        removeOnFail: true,
      },
    })
    this.queue.on('error', onError)
  }

  /** Adding twice is adding once: BullMQ ignores an id that it has. */
  async add(id: string): Promise<void> {
    await this.redis.multi().zadd(this.names.jobs, 0, id).sadd(this.names.active, id).exec()
    await this.queue.add('train', { id }, { jobId: id })
  }

  /** Whether BullMQ still knows the job, in whatever state. */
  async has(id: string): Promise<boolean> {
    return (await this.queue.getJobState(id)) !== 'unknown'
  }

  /** Takes a waiting job out; one that a worker holds stays. */
  async withdraw(id: string): Promise<void> {
    await this.queue.remove(id)
  }

  async close(): Promise<void> {
    await this.queue.close()
  }
}

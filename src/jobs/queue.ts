import { randomUUID } from 'node:crypto'
import { Queue } from 'bullmq'
import type { Redis, RedisOptions } from 'ioredis'
import { bullConnection, impatient, type RedisHome, redisNames } from './redis.js'

/** What waits in Redis for a worker. Only ids: the store has the rest. */
export class JobQueue {
  private readonly queue: Queue
  private readonly names

  constructor(
    home: RedisHome,
    private readonly redis: Redis,
    onError: (error: Error) => void,
    manners: RedisOptions = impatient,
  ) {
    this.names = redisNames(home.prefix)
    this.queue = new Queue(this.names.queue, {
      prefix: this.names.bullmq,
      connection: bullConnection(home, manners),
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

  /** How many jobs wait for a worker. */
  async waiting(): Promise<number> {
    return this.queue.getJobCountByTypes('wait', 'prioritized')
  }

  /**
   * Gives the jobs of dead workers back to the queue, long before their locks run out; returns how many (one that
   * another gives back at the same moment may count for both).
   * `isGone` gets the worker's name, which BullMQ keeps with the job that it hands out. The job moves by
   * the lock as it was before we looked for its holder: whoever took the job later has another, and
   * keeps it. Where that lock has run out, one of our own stands for it.
   */
  async takeBack(isGone: (worker: string) => boolean): Promise<number> {
    let moved = 0
    for (const { id } of await this.queue.getActive()) {
      const lock = `${this.queue.toKey(id!)}:lock`
      const held = await this.redis.get(lock)
      const job = await this.queue.getJob(id!)
      if (!job?.processedBy || !isGone(job.processedBy)) continue
      const token = held ?? (await this.lockAnew(lock))
      if (token === null) continue
      await job.moveToWait(token).then(
        () => moved++,
        () => {}, // somebody else was faster
      )
    }
    return moved
  }

  private async lockAnew(lock: string): Promise<string | null> {
    const token = randomUUID()
    return (await this.redis.set(lock, token, 'PX', 1000, 'NX')) ? token : null
  }

  async close(): Promise<void> {
    await this.queue.close()
  }
}

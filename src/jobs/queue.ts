import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { JobManifest } from '../spec/job.js'
import { bullConnection, impatient, type RedisHome, redisNames } from './redis.js'

type Waiting = Pick<JobManifest, 'id' | 'createdAt' | 'priority'>

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
  async add(job: Waiting): Promise<void> {
    await this.queue.add('train', { id: job.id }, { jobId: job.id, priority: rankOf(job) })
  }

  /** Whether BullMQ still knows the job, in whatever state. */
  async has(id: string): Promise<boolean> {
    return (await this.queue.getJobState(id)) !== 'unknown'
  }

  /** How many a worker takes before this one, and one; null where none can take it: somebody has it. */
  async position(id: string): Promise<number | null> {
    // a job that BullMQ took back from a dead worker waits in front of those with a priority
    const [wait, prioritized] = [this.queue.toKey('wait'), this.queue.toKey('prioritized')]
    const answers = await this.redis
      .pipeline()
      .zrank(prioritized, id)
      .llen(wait)
      .lpos(wait, id)
      .exec()
    const [rank, before, fromLeft] = (answers ?? []).map(([, value]) => value as number | null)
    if (typeof rank === 'number') return rank + (before ?? 0) + 1
    // BullMQ takes from the right
    return typeof fromLeft === 'number' ? (before ?? 0) - fromLeft : null
  }

  /** Takes a waiting job out; one that a worker holds stays. */
  async withdraw(id: string): Promise<void> {
    await this.queue.remove(id)
  }

  async close(): Promise<void> {
    await this.queue.close()
  }
}

const bucketMs = 5 * 60_000
/** A point of priority is worth ten minutes of waiting. */
const bucketsPerPoint = 2
const origin = Date.UTC(2026, 0, 1)
/** The largest priority that BullMQ takes. */
const largest = 2 ** 21 - 1

/**
 * A job's place in line as BullMQ wants it, lower first: the time of its creation, moved by its
 * priority. So waiting counts by itself, no job starves, and nothing is ever re-ordered. Buckets of
 * five minutes last until 2045; within one, BullMQ keeps the order of arrival.
 */
export function rankOf({ createdAt, priority = 0 }: Omit<Waiting, 'id'>): number {
  const bucket = Math.floor((Date.parse(createdAt) - origin) / bucketMs)
  return Math.min(largest, Math.max(1, bucket - priority * bucketsPerPoint))
}

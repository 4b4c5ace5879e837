import { randomUUID } from 'node:crypto'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { JobManifest } from '../../spec/job.js'
import { defaultPriority } from '../../spec/labels.js'
import { missingFromSortedSet, redisNames } from './redis.js'

type QueuedJob = Pick<JobManifest, 'id' | 'createdAt' | 'priority'>

/** What waits in Redis for a worker. Only ids: the store has the rest. */
export class JobQueue {
  private readonly queue: Queue

  constructor(
    prefix: string,
    private readonly redis: Redis,
    onError: (error: Error) => void,
  ) {
    const names = redisNames(prefix)
    this.queue = new Queue(names.queue, {
      prefix: names.bullmq,
      // the caller's: one that BullMQ opened and closes while Redis is away tries to reconnect for ever
      connection: redis,
      defaultJobOptions: {
        // a job ends by its result in the store; Redis keeps nothing of it
        removeOnComplete: true,
        removeOnFail: true,
      },
    })
    this.queue.on('error', onError)
  }

  /** Adding twice is adding once: BullMQ ignores an id that it has. */
  async add(job: QueuedJob): Promise<void> {
    await this.queue.add('train', { id: job.id }, { jobId: job.id, priority: queuePriority(job) })
  }

  /** Whether BullMQ still knows the job, in whatever state. */
  async has(id: string): Promise<boolean> {
    return (await this.queue.getJobState(id)) !== 'unknown'
  }

  /** Those of the ids that do not wait for a worker by their rank. A worker may have them, or nobody. */
  async missingFromQueue(ids: readonly string[]): Promise<string[]> {
    return missingFromSortedSet(this.redis, this.queue.toKey('prioritized'), ids)
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
  async remove(id: string): Promise<void> {
    await this.queue.remove(id)
  }

  /** How many jobs wait for a worker. */
  async waitingCount(): Promise<number> {
    return this.queue.getJobCountByTypes('wait', 'prioritized')
  }

  /**
   * Gives the jobs of dead workers back to the queue, long before their locks run out; returns how many (one that
   * another gives back at the same moment may count for both).
   * `isGone` gets the worker's name, which BullMQ keeps with the job that it hands out. The job moves by
   * the lock as it was before we looked for its holder: whoever took the job later has another, and
   * keeps it. Where that lock has run out, one of our own stands for it.
   */
  async requeueOrphaned(isDead: (worker: string) => boolean): Promise<number> {
    let requeued = 0
    for (const { id } of await this.queue.getActive()) {
      const lock = `${this.queue.toKey(id!)}:lock`
      const currentToken = await this.redis.get(lock)
      const job = await this.queue.getJob(id!)
      if (!job?.processedBy || !isDead(job.processedBy)) continue
      const token = currentToken ?? (await this.acquireExpiredLock(lock))
      if (token === null) continue
      await job.moveToWait(token).then(
        () => requeued++,
        () => {}, // somebody else was faster
      )
    }
    return requeued
  }

  private async acquireExpiredLock(lock: string): Promise<string | null> {
    const token = randomUUID()
    return (await this.redis.set(lock, token, 'PX', 1000, 'NX')) ? token : null
  }

  async close(): Promise<void> {
    await this.queue.close()
  }
}

const bucketMs = 5 * 60_000
/** A point of priority is worth ten minutes of waiting. */
const bucketsPerPriorityPoint = 2
const bucketOrigin = Date.UTC(2026, 0, 1)
/** The largest priority that BullMQ takes. */
const maxPriority = 2 ** 21 - 1

/**
 * A job's place in line as BullMQ wants it, lower first: the time of its creation, moved by its
 * priority. So waiting counts by itself, no job starves, and nothing is ever re-ordered. Buckets of
 * five minutes last until 2045; within one, BullMQ keeps the order of arrival.
 */
export function queuePriority({
  createdAt,
  priority = defaultPriority,
}: Omit<QueuedJob, 'id'>): number {
  const bucket = Math.floor((Date.parse(createdAt) - bucketOrigin) / bucketMs)
  return Math.min(maxPriority, Math.max(1, bucket - priority * bucketsPerPriorityPoint))
}

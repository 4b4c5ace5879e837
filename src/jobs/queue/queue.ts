import { randomUUID } from 'node:crypto'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { JobManifest } from '../../spec/job.js'
import { defaultPriority } from '../../spec/labels.js'
import { missingFromSortedSet, redisNames } from './redis.js'

type QueuedJob = Pick<JobManifest, 'id' | 'createdAt' | 'priority'>

/** The BullMQ queue. A queued job holds only the job's id; the rest is in the store. */
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
      // the caller's connection: if BullMQ opened its own, close() during an outage would retry
      // forever
      connection: redis,
      // BullMQ would ask for the version once; without an answer, this queue would fail for good
      skipVersionCheck: true,
      defaultJobOptions: {
        // the result is in the store
        removeOnComplete: true,
        removeOnFail: true,
      },
    })
    this.queue.on('error', onError)
  }

  /** Idempotent: BullMQ ignores an id that it has. */
  async add(job: QueuedJob): Promise<void> {
    await this.queue.add('train', { id: job.id }, { jobId: job.id, priority: queuePriority(job) })
  }

  /** Returns whether BullMQ has the job, waiting or active. */
  async has(id: string): Promise<boolean> {
    return (await this.queue.getJobState(id)) !== 'unknown'
  }

  /**
   * Returns those of the ids that BullMQ neither has in its priority queue nor delays: lost ids, and
   * jobs that a worker holds.
   */
  async missingFromQueue(ids: readonly string[]): Promise<string[]> {
    const notWaiting = await missingFromSortedSet(this.redis, this.queue.toKey('prioritized'), ids)
    return missingFromSortedSet(this.redis, this.queue.toKey('delayed'), notWaiting)
  }

  /** 1-based position in the queue; null if a worker already holds the job. */
  async position(id: string): Promise<number | null> {
    // jobs requeued from dead workers are in the wait list, which BullMQ serves before prioritized
    // jobs
    const [wait, prioritized] = [this.queue.toKey('wait'), this.queue.toKey('prioritized')]
    const answers = await this.redis
      .pipeline()
      .zrank(prioritized, id)
      .llen(wait)
      .lpos(wait, id)
      .exec()
    const [rank, before, fromLeft] = (answers ?? []).map(([, value]) => value as number | null)
    if (typeof rank === 'number') return rank + (before ?? 0) + 1
    // workers pop from the right end of the wait list
    return typeof fromLeft === 'number' ? (before ?? 0) - fromLeft : null
  }

  /** Moves a waiting job to where its priority belongs. */
  async updatePriority(job: QueuedJob): Promise<void> {
    const priority = queuePriority(job)
    // BullMQ would also move a job that has the priority already, behind others that have it
    const known = await this.redis.hget(this.queue.toKey(job.id), 'priority')
    if (known === null || Number(known) === priority) return
    await (await this.queue.getJob(job.id))?.changePriority({ priority })
  }

  /** Removes a waiting job. Has no effect on a job that a worker holds. */
  async remove(id: string): Promise<void> {
    await this.queue.remove(id)
  }

  /** How many jobs wait for a worker. */
  async waitingCount(): Promise<number> {
    return this.queue.getJobCountByTypes('wait', 'prioritized')
  }

  /** How many jobs workers have taken. */
  async activeCount(): Promise<number> {
    return this.queue.getJobCountByTypes('active')
  }

  /** How many jobs are offered to workers again later, since the last one had too little memory. */
  async heldCount(): Promise<number> {
    return this.queue.getJobCountByTypes('delayed')
  }

  /**
   * Orphan recovery: requeues the jobs of dead workers before their locks expire. `isDead` gets the
   * name of the worker that BullMQ recorded with the job. The lock token is read before the
   * worker's name, so a job that another worker takes in between has a new token and is not moved.
   * For an expired lock we acquire our own. Returns the number of requeued jobs; two concurrent
   * calls may count the same job.
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
        () => {}, // another process moved the job first
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
/** One priority point equals two buckets, that is ten minutes of waiting. */
const bucketsPerPriorityPoint = 2
const bucketOrigin = Date.UTC(2026, 0, 1)
/** BullMQ's limit. */
const maxPriority = 2 ** 21 - 1

/**
 * The priority for BullMQ, where lower runs first: the job's creation time in five-minute buckets,
 * minus its priority. Waiting jobs age automatically, so none starves and none has to be
 * re-ordered. BullMQ keeps the order of arrival within a bucket. The range lasts until 2045.
 */
export function queuePriority({
  createdAt,
  priority = defaultPriority,
}: Omit<QueuedJob, 'id'>): number {
  const bucket = Math.floor((Date.parse(createdAt) - bucketOrigin) / bucketMs)
  return Math.min(maxPriority, Math.max(1, bucket - priority * bucketsPerPriorityPoint))
}

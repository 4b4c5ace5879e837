import { randomUUID } from 'node:crypto'
import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import type { JobManifest } from '../../spec/job.js'
import { defaultPriority } from '../../spec/labels.js'
import { type Needs, needsOf } from '../../spec/needs.js'
import { type NeedQueue, NeedQueues, queueOf } from './need-queues.js'
import { answersOf, missingFromSortedSet, redisNames } from './redis.js'

type QueuedJob = Pick<JobManifest, 'id' | 'createdAt' | 'priority' | 'resources' | 'requires'>

/** Waiting jobs that need the same of a worker. */
export interface WaitingGroup {
  needs: Needs | null
  count: number
  /** Of the first ones. */
  ids: string[]
}

const maxNamedWaiting = 100

/** The BullMQ queues, one for each kind of need. A queued job holds only the job's id; the rest is in the store. */
export class JobQueue {
  private readonly queues = new Map<string, Queue>()
  private readonly needQueues: NeedQueues

  constructor(
    private readonly prefix: string,
    private readonly redis: Redis,
    private readonly onError: (error: Error) => void,
  ) {
    this.needQueues = new NeedQueues(redis, prefix)
    this.open(queueOf(prefix, null))
  }

  /** Idempotent: BullMQ ignores an id that it has. */
  async add(job: QueuedJob): Promise<void> {
    const target = queueOf(this.prefix, needsOf(job))
    const options = { jobId: job.id, priority: queuePriority(job) }
    await this.open(target).add('train', { id: job.id }, options)
    await this.needQueues.remember(target)
  }

  /** Returns whether BullMQ has the job, waiting or active. */
  async has(id: string): Promise<boolean> {
    for (const queue of await this.all()) {
      if ((await queue.getJobState(id)) !== 'unknown') return true
    }
    return false
  }

  /**
   * Returns those of the ids that BullMQ neither has in a priority queue nor delays: lost ids, and
   * jobs that a worker holds.
   */
  async missingFromQueue(ids: readonly string[]): Promise<string[]> {
    let missing = [...ids]
    for (const queue of await this.all()) {
      for (const set of ['prioritized', 'delayed'])
        missing = await missingFromSortedSet(this.redis, queue.toKey(set), missing)
    }
    return missing
  }

  /** 1-based position among the jobs with the same needs; null if a worker already holds the job. */
  async position(id: string): Promise<number | null> {
    for (const queue of await this.all()) {
      const position = await this.positionIn(queue, id)
      if (position !== null) return position
    }
    return null
  }

  private async positionIn(queue: Queue, id: string): Promise<number | null> {
    // jobs requeued from dead workers are in the wait list, which BullMQ serves before prioritized
    // jobs
    const [wait, prioritized] = [queue.toKey('wait'), queue.toKey('prioritized')]
    const reads = this.redis.pipeline().zrank(prioritized, id).llen(wait).lpos(wait, id)
    const [rank, before, fromLeft] = (await answersOf(reads)) as [
      number | null,
      number,
      number | null,
    ]
    if (rank !== null) return rank + before + 1
    // workers pop from the right end of the wait list
    return fromLeft === null ? null : before - fromLeft
  }

  /**
   * Puts a job into the queue of its needs, where its priority belongs, and takes it out of that of earlier needs. One
   * that a worker holds stays with it.
   */
  async place(job: QueuedJob): Promise<void> {
    const target = this.open(queueOf(this.prefix, needsOf(job)))
    for (const queue of await this.all()) {
      if (queue === target || (await queue.getJobState(job.id)) === 'unknown') continue
      // BullMQ does not remove a job that a worker holds
      if ((await queue.remove(job.id)) === 0) return
    }
    if ((await target.getJobState(job.id)) === 'unknown') await this.add(job)
    else await this.updatePriority(job, target)
  }

  private async updatePriority(job: QueuedJob, queue: Queue): Promise<void> {
    const priority = queuePriority(job)
    // BullMQ would also move a job that has the priority already, behind others that have it
    const known = await this.redis.hget(queue.toKey(job.id), 'priority')
    if (known === null || Number(known) === priority) return
    await (await queue.getJob(job.id))?.changePriority({ priority })
  }

  /** Removes a waiting job. Has no effect on a job that a worker holds. */
  async remove(id: string): Promise<void> {
    for (const queue of await this.all()) await queue.remove(id)
  }

  /** How many jobs wait for a worker. `may`: of those that need this. */
  async waitingCount(may: (needs: Needs | null) => boolean = () => true): Promise<number> {
    return this.count(['wait', 'prioritized'], may)
  }

  /** How many jobs workers have taken. */
  async activeCount(): Promise<number> {
    return this.count(['active'])
  }

  /** How many jobs are offered to workers again later, since the last one had too little memory. */
  async heldCount(): Promise<number> {
    return this.count(['delayed'])
  }

  /** The jobs that wait, by what they need. */
  async waitingGroups(): Promise<WaitingGroup[]> {
    const groups = (await this.needQueues.all()).map(async each => {
      const queue = this.open(each)
      const count = await queue.getJobCountByTypes('wait', 'prioritized')
      const prioritized = queue.toKey('prioritized')
      const ids =
        count === 0 ? [] : await this.redis.zrange(prioritized, '0', String(maxNamedWaiting - 1))
      return { needs: each.needs, count, ids }
    })
    return (await Promise.all(groups)).filter(({ count }) => count > 0)
  }

  /** Removes the queues for needs that no job has any more. */
  async dropUnused(): Promise<void> {
    for (const name of await this.needQueues.dropUnused()) {
      await this.queues.get(name)?.close()
      this.queues.delete(name)
    }
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
    for (const queue of await this.all()) requeued += await this.requeueOrphanedOf(queue, isDead)
    return requeued
  }

  private async requeueOrphanedOf(
    queue: Queue,
    isDead: (worker: string) => boolean,
  ): Promise<number> {
    let requeued = 0
    for (const { id } of await queue.getActive()) {
      const lock = `${queue.toKey(id!)}:lock`
      const currentToken = await this.redis.get(lock)
      const job = await queue.getJob(id!)
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
    await Promise.all([...this.queues.values()].map(queue => queue.close()))
  }

  private async count(
    types: ('wait' | 'prioritized' | 'active' | 'delayed')[],
    may: (needs: Needs | null) => boolean = () => true,
  ): Promise<number> {
    const queues = (await this.needQueues.all()).filter(({ needs }) => may(needs))
    const counts = queues.map(each => this.open(each).getJobCountByTypes(...types))
    return (await Promise.all(counts)).reduce((sum, each) => sum + each, 0)
  }

  private async all(): Promise<Queue[]> {
    return (await this.needQueues.all()).map(each => this.open(each))
  }

  private open({ name }: NeedQueue): Queue {
    const opened = this.queues.get(name)
    if (opened) return opened
    const queue = new Queue(name, {
      prefix: redisNames(this.prefix).bullmq,
      // the caller's connection: if BullMQ opened its own, close() during an outage would retry
      // forever
      connection: this.redis,
      // BullMQ would ask for the version once; without an answer, this queue would fail for good
      skipVersionCheck: true,
      defaultJobOptions: {
        // the result is in the store
        removeOnComplete: true,
        removeOnFail: true,
      },
    })
    queue.on('error', this.onError)
    this.queues.set(name, queue)
    return queue
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

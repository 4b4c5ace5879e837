import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { type NeedQueue, NeedQueues } from '../../src/jobs/queue/need-queues.js'
import {
  answersOf,
  blockingOptions,
  bullConnection,
  connect,
  type RedisConfig,
  redisNames,
} from '../../src/jobs/queue/redis.js'
import { ownProcessId } from '../../src/processes.js'
import type { Needs } from '../../src/spec/needs.js'

/** BullMQ counts jobs that were added within a priority in the lower half of a score. */
const scoresPerPriority = 2 ** 32
const closeTimeoutMs = 1000

export interface JobSourceDeps {
  redis: RedisConfig
  /** How long the lock on a job lasts without renewal. */
  lockMs: number
  /** Whether this worker has what the jobs of a queue need. */
  fits(needs: Needs): boolean
  /** The lock on a job is lost: another worker may have it. */
  onLost(id: string): void
  onError(error: Error): void
}

/** A queue, and the job that is first in it: the lower `order`, the earlier it runs. */
interface Head {
  queue: NeedQueue
  order: number
  id: string
}

/** Of a queue that has only jobs that are offered again later, of which some may be due. */
const later = Number.POSITIVE_INFINITY

/**
 * Takes jobs from BullMQ by hand (https://docs.bullmq.io/patterns/manually-fetching-jobs): the first of all queues that
 * this worker serves, and never one for which there is no room. BullMQ's own loop would take a job from each queue.
 */
export class JobSource {
  private readonly readers = new Map<string, Worker>()
  private readonly needQueues: NeedQueues
  private readonly connection: Redis
  private readonly bullmq: string
  private readonly held = new Map<string, { reader: Worker; id: string }>()
  private renewal: NodeJS.Timeout | undefined
  private closing = false

  constructor(private readonly deps: JobSourceDeps) {
    const { redis, onError } = deps
    this.connection = connect(redis, blockingOptions, onError)
    this.needQueues = new NeedQueues(this.connection, redis.prefix)
    this.bullmq = redisNames(redis.prefix).bullmq
  }

  start(): void {
    const { lockMs } = this.deps
    this.renewal = setInterval(() => void this.renewLocks(), lockMs / 4)
  }

  /**
   * The first job of all queues; `full` if there is no room for it, since a later one would keep it waiting for ever;
   * null if there is none.
   */
  async next(hasRoom: (needs: Needs | null) => boolean): Promise<TakenJob | 'full' | null> {
    for (const { queue, order } of await this.heads()) {
      if (!hasRoom(queue.needs)) {
        if (order === later) continue
        return 'full'
      }
      const reader = this.reader(queue)
      const token = randomUUID()
      const job = await reader.getNextJob(token, { block: false })
      if (!job) continue
      this.held.set(token, { reader, id: job.data.id })
      return new TakenJob(job, token, queue.needs, () => this.held.delete(token))
    }
    return null
  }

  /** Without Redis it does not wait: the jobs that are still held return to the queue when their locks expire. */
  async close(): Promise<void> {
    this.closing = true
    clearInterval(this.renewal)
    const closed = [...this.readers.values()].map(reader => reader.close(true).catch(() => {}))
    await Promise.race([Promise.all(closed), sleep(closeTimeoutMs)])
    this.connection.disconnect()
  }

  /** The first job of each queue that has one and that this worker serves, in the order in which they run. */
  private async heads(): Promise<Head[]> {
    const { fits } = this.deps
    const queues = (await this.needQueues.all()).filter(
      ({ needs }) => needs === null || fits(needs),
    )
    this.closeOthers(queues)
    // also of an empty queue: a reader looks for the jobs of workers that are gone
    for (const queue of queues) this.reader(queue)
    const pipeline = this.connection.pipeline()
    for (const { name } of queues) {
      const key = (type: string) => `${this.bullmq}:${name}:${type}`
      // BullMQ serves the wait list first, from its right end
      pipeline.lrange(key('wait'), -1, -1)
      pipeline.zrange(key('prioritized'), '0', '0', 'WITHSCORES')
      pipeline.zcard(key('delayed'))
    }
    const answers = await answersOf(pipeline)
    return queues
      .flatMap((queue, i) => {
        const [waiting, prioritized, delayed] = answers.slice(3 * i, 3 * i + 3) as [
          string[],
          string[],
          number,
        ]
        if (waiting[0] !== undefined) return [{ queue, order: -1, id: waiting[0] }]
        const [id, score] = prioritized
        if (id !== undefined)
          return [{ queue, order: Math.floor(Number(score) / scoresPerPriority), id }]
        return delayed > 0 ? [{ queue, order: later, id: '' }] : []
      })
      .sort((a, b) => (a.order === b.order ? (a.id < b.id ? -1 : 1) : a.order - b.order))
  }

  private reader({ name }: NeedQueue): Worker {
    const opened = this.readers.get(name)
    if (opened) return opened
    const { redis, lockMs, onError } = this.deps
    const reader = new Worker(name, null, {
      prefix: this.bullmq,
      connection: bullConnection(redis, blockingOptions),
      autorun: false,
      // JobQueue.requeueOrphaned finds a dead worker's jobs by this name
      name: ownProcessId,
      lockDuration: lockMs,
      stalledInterval: lockMs / 4,
      maxStalledCount: 1_000_000,
      skipVersionCheck: true,
    })
    reader.on('error', onError)
    reader.startStalledCheckTimer().catch(onError)
    this.readers.set(name, reader)
    return reader
  }

  /** Queues that were dropped. A job of one that this worker still has is renewed by its reader, which stays. */
  private closeOthers(queues: readonly NeedQueue[]): void {
    const names = new Set(queues.map(({ name }) => name))
    const inUse = new Set([...this.held.values()].map(({ reader }) => reader))
    for (const [name, reader] of this.readers) {
      if (names.has(name) || inUse.has(reader)) continue
      this.readers.delete(name)
      reader.close(true).catch(this.deps.onError)
    }
  }

  private async renewLocks(): Promise<void> {
    const { lockMs, onLost, onError } = this.deps
    for (const reader of new Set([...this.held.values()].map(({ reader }) => reader))) {
      const jobs = [...this.held].filter(([, job]) => job.reader === reader)
      const ids = jobs.map(([, { id }]) => id)
      const tokens = jobs.map(([token]) => token)
      try {
        const lost = await reader.extendJobLocks(ids, tokens, lockMs)
        // one that has been given back meanwhile is not lost
        for (const [token, { id }] of jobs) {
          if (lost.includes(id) && this.held.has(token)) onLost(id)
        }
      } catch (error) {
        if (!this.closing) onError(error as Error)
      }
    }
  }
}

/** A job of which this worker has the lock, until one of the methods has returned. */
export class TakenJob {
  readonly id: string

  constructor(
    private readonly job: Job,
    private readonly token: string,
    readonly needs: Needs | null,
    private readonly forget: () => void,
  ) {
    this.id = job.data.id
  }

  /** The job leaves the queue. */
  complete(): Promise<void> {
    return this.end(() => this.job.moveToCompleted(null, this.token, false))
  }

  /** The job leaves the queue; the reconciler adds it again. */
  fail(error: Error): Promise<void> {
    return this.end(() => this.job.moveToFailed(error, this.token, false))
  }

  /** Other workers may take the job at once. */
  giveBack(): Promise<void> {
    return this.end(() => this.job.moveToWait(this.token))
  }

  /** All workers are offered the job again after this time. */
  delay(ms: number): Promise<void> {
    return this.end(() => this.job.moveToDelayed(Date.now() + ms, this.token))
  }

  /** Another worker has the job. */
  release(): void {
    this.forget()
  }

  private async end(move: () => Promise<unknown>): Promise<void> {
    try {
      await move()
    } finally {
      this.forget()
    }
  }
}

import { EventEmitter, once } from 'node:events'
import type { Redis } from 'ioredis'
import { TrainyardError } from '../../errors.js'
import type { Logger } from '../../log.js'
import { indexStale, queueUnavailable } from './errors.js'
import type { JobIndex } from './job-index.js'
import type { JobQueue } from './queue.js'
import type { Reconciler } from './reconciler.js'
import type { UnplacedJobs } from './unplaced-jobs.js'

/** The longest time before a job that was accepted during a Redis outage is queued. */
const intervalMs = 5_000

/** Empty queues are removed about every ten minutes. */
const runsPerTidying = 120

/** How long a read waits for the index. Checking a complete index of 100,000 jobs takes less. */
const catchUpTimeoutMs = 2_000

export interface IndexSyncDeps {
  redis: Redis
  index: JobIndex
  reconciler: Reconciler
  queue: Pick<JobQueue, 'dropUnused'>
  unplaced: Pick<UnplacedJobs, 'check'>
  log: Pick<Logger, 'warn'>
}

/**
 * Runs the reconciler periodically and after each reconnect, and tracks whether the Redis index is
 * stale. After an outage the index may lack jobs even if it looks complete.
 */
export class IndexSync {
  private readonly timer = setInterval(() => void this.runUnlessActive(), intervalMs)
  private readonly events = new EventEmitter<{ caughtUp: [] }>().setMaxListeners(0)
  private stale = true
  private active = false
  /** Whether another run must follow the active one: Redis was away, or lost data. */
  private again = false
  private runs = 0
  /** Counts calls of `markStale`, to discard what was read or rebuilt before the latest. */
  private invalidations = 0

  constructor(private readonly deps: IndexSyncDeps) {
    deps.redis.on('close', () => this.markStale())
    deps.redis.on('ready', () => void this.run())
  }

  /** Call if the index missed an update or lost data. */
  markStale(): void {
    this.invalidations++
    this.stale = true
  }

  /**
   * Runs `read` on a complete index. Throws `QUEUE_UNAVAILABLE` rather than return a partial list.
   */
  async consistentRead<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.waitUntilCaughtUp()
      const { invalidations } = this
      const result = await read()
      // Redis may have lost its data while the connection stayed open
      if (!this.stale && !(await this.deps.index.isComplete())) this.markStale()
      if (invalidations === this.invalidations) return result
    }
  }

  /** Calls `work` as soon as the index is complete, and never again. */
  onceComplete(work: () => void): void {
    this.events.once('caughtUp', work)
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async waitUntilCaughtUp(): Promise<void> {
    if (!this.stale) return
    this.runUnlessActive()
    const signal = AbortSignal.timeout(catchUpTimeoutMs)
    await once(this.events, 'caughtUp', { signal }).catch(error => {
      throw this.deps.redis.status === 'ready' ? indexStale() : queueUnavailable(error)
    })
  }

  private runUnlessActive(): void {
    if (!this.active) void this.run()
  }

  /** One run at a time: a rebuild may take longer than the interval, and several would slow each other down. */
  private async run(): Promise<void> {
    this.again = true
    if (this.active) return
    this.active = true
    while (this.again) {
      this.again = false
      await this.runOnce()
    }
    this.active = false
  }

  private async runOnce(): Promise<void> {
    const { redis, reconciler, queue, unplaced, log } = this.deps
    try {
      await this.catchUp()
      await reconciler.run()
      await unplaced.check()
      if (++this.runs % runsPerTidying === 0) await queue.dropUnused()
    } catch (err) {
      // the connection reports for itself that Redis is away
      if (redis.status !== 'ready') return
      const isOutage =
        err instanceof TrainyardError || (err as Error).message === 'Command timed out'
      const details = isOutage ? { reason: (err as Error).message } : { err }
      log.warn(details, 'could not reconcile the queue with the store; retrying')
    }
  }

  private async catchUp(): Promise<void> {
    const { invalidations, stale, deps } = this
    if (!stale && (await deps.index.isComplete())) return
    await deps.reconciler.rebuild()
    if (invalidations !== this.invalidations) return
    this.stale = false
    this.events.emit('caughtUp')
  }
}

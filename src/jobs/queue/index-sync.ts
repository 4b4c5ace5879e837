import { EventEmitter, once } from 'node:events'
import type { Redis } from 'ioredis'
import type { Logger } from '../../log.js'
import { indexStale, queueUnavailable } from './errors.js'
import type { JobIndex } from './job-index.js'
import type { Reconciler } from './reconciler.js'

/** A job that was accepted while Redis did not answer waits no longer than this for its place. */
const intervalMs = 5_000

/** How long a list waits for the index; comparing it with 100,000 jobs that it has takes less. */
const catchUpTimeoutMs = 2_000

export interface IndexSyncDeps {
  redis: Redis
  index: JobIndex
  reconciler: Reconciler
  log: Pick<Logger, 'warn'>
}

/**
 * Has the reconciler come by, and knows whether the index has all jobs of the store: a Redis that was
 * away may be behind, also where it looks whole.
 */
export class IndexSync {
  private readonly timer = setInterval(() => void this.run(), intervalMs)
  private readonly events = new EventEmitter<{ caughtUp: [] }>().setMaxListeners(0)
  private stale = true
  private activeRuns = 0
  /** What an index says that was lost meanwhile is of no use. */
  private invalidations = 0

  constructor(private readonly deps: IndexSyncDeps) {
    deps.redis.on('close', () => this.markStale())
    deps.redis.on('ready', () => void this.run())
  }

  /** The index was not told of something, or has forgotten it. */
  markStale(): void {
    this.invalidations++
    this.stale = true
  }

  /** What the index says with all jobs in it, or a 503; never what half an index says. */
  async consistentRead<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.waitUntilCaughtUp()
      const { invalidations } = this
      const result = await read()
      // emptied under an open connection
      if (!this.stale && !(await this.deps.index.isComplete())) this.markStale()
      if (invalidations === this.invalidations) return result
    }
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async waitUntilCaughtUp(): Promise<void> {
    if (!this.stale) return
    if (this.activeRuns === 0) void this.run()
    const signal = AbortSignal.timeout(catchUpTimeoutMs)
    await once(this.events, 'caughtUp', { signal }).catch(error => {
      throw this.deps.redis.status === 'ready' ? indexStale() : queueUnavailable(error)
    })
  }

  private async run(): Promise<void> {
    const { reconciler, log } = this.deps
    this.activeRuns++
    try {
      await this.catchUp()
      await reconciler.run()
    } catch (err) {
      log.warn({ err }, 'could not compare the queue with the store; trying again')
    }
    this.activeRuns--
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

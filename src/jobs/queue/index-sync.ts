import { EventEmitter, once } from 'node:events'
import type { Redis } from 'ioredis'
import { indexBehind, queueUnavailable } from './errors.js'
import type { JobIndex } from './job-index.js'
import type { Reconciler } from './reconciler.js'

/** A job that was accepted while Redis did not answer waits no longer than this for its place. */
const everyMs = 5_000

/** How long a list waits for the index; comparing it with 100,000 jobs that it has takes less. */
const patienceMs = 2_000

export interface UpkeepParts {
  redis: Redis
  index: JobIndex
  reconciler: Reconciler
  log: { warn(details: object, message: string): void }
}

/**
 * Has the reconciler come by, and knows whether the index has all jobs of the store: a Redis that was
 * away may be behind, also where it looks whole.
 */
export class Upkeep {
  private readonly timer = setInterval(() => void this.run(), everyMs)
  private readonly events = new EventEmitter<{ caughtUp: [] }>().setMaxListeners(0)
  private behind = true
  private runs = 0
  /** What an index says that was lost meanwhile is of no use. */
  private losses = 0

  constructor(private readonly parts: UpkeepParts) {
    parts.redis.on('close', () => this.missed())
    parts.redis.on('ready', () => void this.run())
  }

  /** The index was not told of something, or has forgotten it. */
  missed(): void {
    this.losses++
    this.behind = true
  }

  /** What the index says with all jobs in it, or a 503; never what half an index says. */
  async whole<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.untilCaughtUp()
      const { losses } = this
      const answer = await ask()
      // emptied under an open connection
      if (!this.behind && !(await this.parts.index.isWhole())) this.missed()
      if (losses === this.losses) return answer
    }
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async untilCaughtUp(): Promise<void> {
    if (!this.behind) return
    if (this.runs === 0) void this.run()
    const signal = AbortSignal.timeout(patienceMs)
    await once(this.events, 'caughtUp', { signal }).catch(error => {
      throw this.parts.redis.status === 'ready' ? indexBehind() : queueUnavailable(error)
    })
  }

  private async run(): Promise<void> {
    const { reconciler, log } = this.parts
    this.runs++
    try {
      await this.catchUp()
      await reconciler.run()
    } catch (err) {
      log.warn({ err }, 'could not compare the queue with the store; trying again')
    }
    this.runs--
  }

  private async catchUp(): Promise<void> {
    const { losses, behind, parts } = this
    if (!behind && (await parts.index.isWhole())) return
    await parts.reconciler.rebuild()
    if (losses !== this.losses) return
    this.behind = false
    this.events.emit('caughtUp')
  }
}

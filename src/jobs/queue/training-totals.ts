import type { Redis } from 'ioredis'
import { type Lifecycle, queuedSeconds, ranSeconds } from '../record/lifecycle.js'
import { redisNames } from './redis.js'

/**
 * How an attempt ended. `stopped`: for a pause, a cancel, a shutdown, or lack of memory. `lost`: together
 * with its worker. The others are those of AttemptEnd and of the job.
 */
export type AttemptOutcome =
  | 'succeeded'
  | 'failed'
  | 'stopped'
  | 'crashed'
  | 'killed'
  | 'unavailable'
  | 'lost'

/** Upper bounds of histograms of seconds: jobs take from a second to a day. */
export const durationBuckets = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000]

export type TotalName = 'attempts' | 'ended' | 'waiting' | 'running'

/** One number that only grows. */
export interface Total {
  name: TotalName
  /** In the order of the arguments of the method that counts it; histograms add `sum` or a bucket's bound. */
  labels: string[]
  value: number
}

const separator = '|'
const noCode = 'none'

/**
 * Counts the ends of attempts and jobs in Redis. So all workers of all hosts add to the same numbers, they
 * outlive a worker, and each API answers the same. If Redis is wiped they start again at 0, which
 * Prometheus takes for a restart.
 */
export class TrainingTotals {
  private pending = new Map<string, number>()

  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {}

  /** `code`: of the failure, or of what the attempt died of. */
  attemptEnded(outcome: AttemptOutcome, code: string | null): void {
    this.add(['attempts', outcome, code ?? noCode], 1)
  }

  /** A worker that took the job from the queue has started an attempt just now. */
  leftQueue(lifecycle: Lifecycle): void {
    const waited = queuedSeconds(lifecycle)
    if (waited !== null) this.observe(['waiting'], waited)
  }

  /** The job has ended just now. */
  jobEnded(lifecycle: Lifecycle): void {
    const { result } = lifecycle
    if (!result) return
    this.add(['ended', result.status, result.failure?.code ?? noCode], 1)
    this.observe(['running', result.status], ranSeconds(lifecycle))
  }

  /** Adds to Redis what has been counted since the last time. If that fails, the next call adds it. */
  async flush(): Promise<void> {
    if (this.pending.size === 0) return
    const added = this.pending
    this.pending = new Map()
    try {
      const changes = this.redis.multi()
      for (const [field, by] of added) {
        changes.hincrbyfloat(redisNames(this.prefix).totals, field, by)
      }
      await changes.exec()
    } catch (error) {
      for (const [field, by] of added) this.addTo(field, by)
      throw error
    }
  }

  private observe(labels: readonly string[], seconds: number): void {
    const bound = durationBuckets.find(each => seconds <= each) ?? '+Inf'
    this.add([...labels, String(bound)], 1)
    this.add([...labels, 'sum'], seconds)
  }

  private add(labels: readonly string[], by: number): void {
    this.addTo(labels.join(separator), by)
  }

  private addTo(field: string, by: number): void {
    this.pending.set(field, (this.pending.get(field) ?? 0) + by)
  }
}

export async function readTotals(redis: Redis, prefix: string): Promise<Total[]> {
  const fields = await redis.hgetall(redisNames(prefix).totals)
  return Object.entries(fields).map(([field, value]) => {
    const [name, ...labels] = field.split(separator)
    return { name: name as TotalName, labels, value: Number(value) }
  })
}

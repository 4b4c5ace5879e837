import type { Redis } from 'ioredis'
import type { BestMetrics } from '../../spec/best-metrics.js'
import type { JobNotification } from '../../spec/ipc-messages.js'
import type { Metrics, Phase } from '../../spec/job.js'
import { answersOf, redisNames } from './redis.js'

/**
 * The progress that a worker last reported for a running job. It expires, and the store has the
 * record.
 */
export interface LiveState {
  attempt: number
  phase: Phase
  step: number
  /**
   * When the attempt is expected to end, in ms since the epoch; null if unknown. By the clock of the worker as it is
   * stored, and of this process as it is read.
   */
  endsAt: number | null
  /** As it was stored. Absent if the worker is older than it. */
  secondsLeft?: number | null
  /** Absent if the worker is older than it. */
  details?: {
    steps: number
    resumedFrom: number
    metrics: Metrics
    /** Absent if the worker is older than it. */
    best?: BestMetrics
  }
}

/** The estimated time until the attempt ends (ETA); null if unknown. */
export const etaSeconds = ({ endsAt }: LiveState): number | null =>
  // older workers publish no time
  typeof endsAt === 'number' ? Math.max(0, Math.round((endsAt - Date.now()) / 1000)) : null

const ttlSeconds = 24 * 3600

/** Stores a job's live state in Redis and notifies its subscribers. */
export class LiveStatePublisher {
  private readonly names

  constructor(
    private readonly redis: Redis,
    prefix: string,
  ) {
    this.names = redisNames(prefix)
  }

  async publish(id: string, state: LiveState | null, event: JobNotification): Promise<void> {
    const pipeline = this.redis.pipeline()
    if (state) pipeline.set(this.names.live(id), JSON.stringify(state), 'EX', ttlSeconds)
    pipeline.publish(this.names.events(id), event)
    await answersOf(pipeline)
  }

  /** Says for `seconds` why the job is not started. */
  async publishHold(id: string, reason: string, seconds: number): Promise<void> {
    await this.redis.set(this.names.hold(id), reason, 'EX', seconds)
  }

  /** Returns what was said. */
  async clearHold(id: string): Promise<string | null> {
    return this.redis.getdel(this.names.hold(id))
  }
}

/**
 * Returns why the worker that holds a job does not start it; null if it does, or if Redis does not
 * answer.
 */
export async function readHoldReason(
  redis: Redis,
  prefix: string,
  id: string,
): Promise<string | null> {
  return redis.get(redisNames(prefix).hold(id)).catch(() => null)
}

/** Reads the live states of several jobs; null for a job that has none. Throws if Redis does not answer. */
export async function readLiveStates(
  redis: Redis,
  prefix: string,
  ids: readonly string[],
): Promise<(LiveState | null)[]> {
  if (ids.length === 0) return []
  const pipeline = redis.pipeline()
  for (const key of ids.map(redisNames(prefix).live)) pipeline.get(key).pttl(key)
  const answers = await answersOf(pipeline)
  return ids.map((_, i) => {
    const text = answers[2 * i] as string | null
    return text === null ? null : byOwnClock(JSON.parse(text), answers[2 * i + 1] as number)
  })
}

/** How long ago a state was stored, Redis tells by how much of its life is left: no two clocks are compared. */
function byOwnClock(state: LiveState, leftMs: number): LiveState {
  if (typeof state.secondsLeft !== 'number' || leftMs < 0) return state
  const ageMs = ttlSeconds * 1000 - leftMs
  return { ...state, endsAt: Date.now() + Math.round(state.secondsLeft * 1000) - ageMs }
}

/**
 * Returns null if there is no live state or Redis does not answer: a view of the job can do
 * without.
 */
export async function readLiveState(
  redis: Redis,
  prefix: string,
  id: string,
): Promise<LiveState | null> {
  const [found] = await readLiveStates(redis, prefix, [id]).catch(() => [null])
  return found ?? null
}

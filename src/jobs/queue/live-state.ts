import type { Redis } from 'ioredis'
import type { JobNotification } from '../../spec/ipc-messages.js'
import type { Metrics, Phase } from '../../spec/job.js'
import { redisNames } from './redis.js'

/** What a worker last said of a running job. A convenience: the store has the record. */
export interface LiveState {
  attempt: number
  phase: Phase
  step: number
  metrics: Metrics
}

const ttlSeconds = 24 * 3600

/** The worker's side: the latest state, and a nudge for followers. */
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
    await pipeline.exec()
  }
}

export async function readLiveState(
  redis: Redis,
  prefix: string,
  id: string,
): Promise<LiveState | null> {
  // Redis being away costs the latest step, not the answer
  const text = await redis.get(redisNames(prefix).live(id)).catch(() => null)
  return text === null ? null : (JSON.parse(text) as LiveState)
}

import type { Redis } from 'ioredis'

/** Clocks of machines drift by seconds in a day at most, and are set now and then. */
const intervalMs = 30_000

/**
 * How far the clock of Redis is ahead of that of this process, in milliseconds. `time`: the answer to TIME, which was
 * sent at `sentAt` and has just come.
 */
export function redisAheadMs(time: readonly unknown[], sentAt: number): number {
  const [seconds, microseconds] = time.map(Number)
  // Redis has read its clock somewhere between
  return seconds! * 1000 + microseconds! / 1000 - (sentAt + Date.now()) / 2
}

/**
 * The time as Redis has it, which is the same for all servers that share it. For what one makes and another checks
 * within seconds. While Redis is away, the difference that was measured last counts.
 */
export class SharedClock {
  private offsetMs = 0
  private readonly timer = setInterval(() => void this.measure(), intervalMs).unref()

  constructor(private readonly redis: Redis) {
    void this.measure()
    redis.on('ready', () => void this.measure())
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.offsetMs
  }

  close(): void {
    clearInterval(this.timer)
  }

  private async measure(): Promise<void> {
    const sentAt = Date.now()
    const time = await this.redis.time().catch(() => null)
    if (time !== null) this.offsetMs = redisAheadMs(time, sentAt)
  }
}

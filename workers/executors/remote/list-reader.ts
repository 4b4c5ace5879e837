import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'

/** A read ends after this time without a frame, so that a connection that is dead without a word is noticed. */
const blockSeconds = 5
const batchSize = 100
const retryDelayMs = 500

/** Takes frames from a list of Redis, one after another, until it is closed. */
export class ListReader {
  private closed = false

  /** `redis`: a connection of its own, which waits while Redis is away. */
  constructor(
    private readonly redis: Redis,
    private readonly list: string,
    private readonly onFrame: (bytes: Buffer) => void,
  ) {
    void this.readAll()
  }

  /** A read that waits for a Redis that is away never ends, so nothing waits for it. */
  close(): void {
    this.closed = true
    this.redis.disconnect()
  }

  private async readAll(): Promise<void> {
    while (!this.closed) {
      try {
        await this.readSome()
      } catch {
        // the connection logs its errors
        if (!this.closed) await sleep(retryDelayMs)
      }
    }
  }

  private async readSome(): Promise<void> {
    const first = await this.redis.blpopBuffer(this.list, blockSeconds)
    if (!first || this.closed) return
    this.onFrame(first[1])
    const others = await this.redis.lpopBuffer(this.list, batchSize)
    for (const bytes of (others as unknown as Buffer[] | null) ?? []) this.onFrame(bytes)
  }
}

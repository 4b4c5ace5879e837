import type { Redis } from 'ioredis'
import type { JobNotification } from '../../spec/ipc-messages.js'
import { redisNames } from './redis.js'

type Listener = (event: JobNotification) => void

/** One subscription to Redis for all followers in this process. Nudges may get lost: followers also look by themselves. */
export class Notifications {
  private readonly listeners = new Map<string, Set<Listener>>()
  private readonly stateListeners = new Set<(id: string) => void>()

  private constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {}

  static open(redis: Redis, prefix: string): Notifications {
    const notifications = new Notifications(redis, redisNames(prefix).events(''))
    redis.on('pmessage', (_pattern, channel: string, event: JobNotification) => {
      const id = channel.slice(notifications.prefix.length)
      for (const listener of notifications.listeners.get(id) ?? []) listener(event)
      if (event === 'metrics' || event === 'checkpoint') return
      for (const listener of notifications.stateListeners) listener(id)
    })
    // ioredis subscribes again by itself after a reconnect; until the first connect this waits
    redis.psubscribe(redisNames(prefix).allEvents).catch(() => {})
    return notifications
  }

  /** Returns the end of the subscription. */
  subscribe(id: string, listener: Listener): () => void {
    const listeners = this.listeners.get(id) ?? new Set()
    this.listeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.listeners.delete(id)
    }
  }

  /** Any job that may have changed its state. Returns the end of the subscription. */
  onChange(listener: (id: string) => void): () => void {
    this.stateListeners.add(listener)
    return () => this.stateListeners.delete(listener)
  }

  close(): void {
    this.redis.disconnect()
  }
}

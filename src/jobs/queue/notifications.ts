import type { Redis } from 'ioredis'
import type { JobNotification } from '../../spec/ipc-messages.js'
import { redisNames } from './redis.js'

type Listener = (event: JobNotification) => void

/** Publishes on the job's channel. */
export async function publishNotification(
  redis: Redis,
  prefix: string,
  id: string,
  event: JobNotification,
): Promise<void> {
  await redis.publish(redisNames(prefix).events(id), event)
}

/**
 * Redis pub/sub: one pattern subscription serves all listeners in this process. Redis may drop a
 * notification, so listeners also poll.
 */
export class Notifications {
  private readonly listeners = new Map<string, Set<Listener>>()
  private readonly stateListeners = new Set<(id: string) => void>()
  private readonly progressListeners = new Set<(id: string) => void>()
  private readonly appendListeners = new Set<() => void>()
  private readonly queuedListeners = new Set<() => void>()

  private constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {}

  static open(redis: Redis, prefix: string): Notifications {
    const notifications = new Notifications(redis, redisNames(prefix).events(''))
    redis.on('pmessage', (_pattern, channel: string, event: JobNotification) => {
      const id = channel.slice(notifications.prefix.length)
      for (const listener of notifications.listeners.get(id) ?? []) listener(event)
      if (event !== 'request') for (const listener of notifications.progressListeners) listener(id)
      if (event === 'metrics' || event === 'checkpoint') return
      for (const listener of notifications.stateListeners) listener(id)
    })
    const { changesChannel, queuedChannel } = redisNames(prefix)
    redis.on('message', (channel: string) => {
      const { appendListeners, queuedListeners } = notifications
      for (const listener of channel === queuedChannel ? queuedListeners : appendListeners)
        listener()
    })
    // waits for the first connection; ioredis subscribes again after each reconnect
    redis.psubscribe(redisNames(prefix).allEvents).catch(() => {})
    redis.subscribe(changesChannel, queuedChannel).catch(() => {})
    return notifications
  }

  /** Calls `listener` for each notification of the job. Returns the unsubscribe function. */
  subscribe(id: string, listener: Listener): () => void {
    const listeners = this.listeners.get(id) ?? new Set()
    this.listeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.listeners.delete(id)
    }
  }

  /**
   * Calls `listener` when the state of any job may have changed. Returns the unsubscribe function.
   */
  onChange(listener: (id: string) => void): () => void {
    this.stateListeners.add(listener)
    return () => this.stateListeners.delete(listener)
  }

  /** Calls `listener` when a running job may have got further. Returns the unsubscribe function. */
  onProgress(listener: (id: string) => void): () => void {
    this.progressListeners.add(listener)
    return () => this.progressListeners.delete(listener)
  }

  /** Calls `listener` when the log of changes has grown. Returns the unsubscribe function. */
  onAppended(listener: () => void): () => void {
    this.appendListeners.add(listener)
    return () => this.appendListeners.delete(listener)
  }

  /** Calls `listener` when a job was added to a queue. Returns the unsubscribe function. */
  onQueued(listener: () => void): () => void {
    this.queuedListeners.add(listener)
    return () => this.queuedListeners.delete(listener)
  }

  close(): void {
    this.redis.disconnect()
  }
}

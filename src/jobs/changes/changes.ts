import type { Redis } from 'ioredis'
import type { Logger } from '../../log.js'
import type { ResourceKind } from '../../spec/changes.js'
import type { ModelFeed } from '../../spec/model-feed.js'
import { ChangeLog } from '../queue/change-log.js'
import { readLiveStates } from '../queue/live-state.js'
import { Notifications } from '../queue/notifications.js'
import {
  blockingOptions,
  connect,
  failFastOptions,
  logConnectionErrors,
  type RedisConfig,
} from '../queue/redis.js'
import type { Turns } from '../telemetry/turns.js'
import { ChangeFeed } from './change-feed.js'
import { ChangeTail } from './change-tail.js'
import { ProgressBoard } from './progress-board.js'
import { ResourceWatch, type WatchedStore } from './resource-watch.js'

export interface ChangesDeps {
  redis: RedisConfig
  stores: Readonly<Record<ResourceKind, WatchedStore>>
  models: ModelFeed
  /** Shared with the followers of single jobs. */
  turns: Turns
  log: Pick<Logger, 'warn'>
}

/** All changes: who notes them, and who follows them in this process. */
export class Changes {
  readonly feed: ChangeFeed
  private readonly redis: Redis
  private readonly notifications: Notifications
  private readonly tail: ChangeTail
  private readonly watch: ResourceWatch
  private readonly unsubscribe: () => void

  constructor({ redis: config, stores, models, turns, log }: ChangesDeps) {
    const onError = logConnectionErrors(log)
    const redis = connect(config, failFastOptions, onError)
    const { prefix } = config
    const notifications = Notifications.open(connect(config, blockingOptions, onError), prefix)
    const changeLog = new ChangeLog(redis, prefix)
    const progress = new ProgressBoard({
      readLiveStates: ids => readLiveStates(redis, prefix, ids),
      onProgress: listener => notifications.onProgress(listener),
    })
    const onAppended = (listener: () => void) => notifications.onAppended(listener)
    const tail = new ChangeTail({ log: changeLog, progress, onAppended })
    this.redis = redis
    this.notifications = notifications
    this.tail = tail
    this.feed = new ChangeFeed(tail, turns)
    const isReady = () => redis.status === 'ready'
    this.watch = new ResourceWatch(stores, models, changeLog, isReady, log)
    this.unsubscribe = models.onChange(name => void this.watch.checkAliases(name))
    redis.on('ready', () => this.watch.wake())
  }

  /** Call after a thing may have been created or removed. */
  resourceChanged(kind: ResourceKind, member: string): void {
    void this.watch.check(kind, member)
  }

  async close(): Promise<void> {
    this.unsubscribe()
    this.tail.close()
    await this.watch.close()
    this.notifications.close()
    this.redis.disconnect()
  }
}

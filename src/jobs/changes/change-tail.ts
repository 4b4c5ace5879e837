import type { ChangeLog, StoredChange } from '../queue/change-log.js'
import { Signal } from '../telemetry/signal.js'
import { type ChangePosition, compareIds, oldestId } from './change-position.js'
import type { ProgressBoard } from './progress-board.js'

/** A notification may get lost, so the tail also polls. */
const pollIntervalMs = 2000
/** A client that polls follows for a moment, again and again: the tail outlasts the time between. */
const lingerMs = 30_000
/** Followers without changes learn this often how far the log is. */
const notifyIntervalMs = 10_000
/** Changes in one read of the tail. */
const readCount = 500
/** Changes that a follower gets at once. One that does not read its connection holds such a batch in memory. */
const batchCount = 50
/** The newest changes are kept for followers; those who are further behind read Redis. */
const maxBuffered = 1000

/** Changes that come together, and the position after them. Followers share it, so it must not be changed. */
export interface ChangeBatch {
  position: ChangePosition
  changes: readonly StoredChange[]
}

export interface ChangeTailDeps {
  log: ChangeLog
  progress: ProgressBoard
  /** Calls `listener` after a change was appended. Returns the unsubscribe function. */
  onAppended(listener: () => void): () => void
}

/** The end of the log of changes, followed once for all followers in this process, while there are any, and half a minute longer. */
export class ChangeTail {
  /** After the newest change; null before the first read, and while Redis has no log. */
  position: ChangePosition | null = null
  /** Whether the last read failed. */
  isDown = false
  /** All changes after this id are buffered. */
  private bufferedFrom = oldestId
  private buffered: StoredChange[] = []
  /** Batches of the buffer by the id before them. */
  private readonly bufferedBatches = new Map<string, ChangeBatch>()
  /** Reads of older changes that are under way. */
  private readonly reads = new Map<string, Promise<ChangeBatch | null>>()
  private readonly followers = new Set<Signal>()
  private readonly wakeUp = new Signal()
  private isRunning = false
  private isClosed = false
  private lingerUntil = 0

  constructor(private readonly deps: ChangeTailDeps) {}

  get progress(): ProgressBoard {
    return this.deps.progress
  }

  /** Notifies the follower after each read that found something, and from time to time. */
  subscribe(follower: Signal): void {
    this.followers.add(follower)
    if (!this.isRunning) void this.followLoop()
  }

  unsubscribe(follower: Signal): void {
    this.followers.delete(follower)
    if (this.followers.size === 0 && !this.isClosed) this.lingerUntil = Date.now() + lingerMs
  }

  /** Stops after the last follower has left, without lingering. */
  close(): void {
    this.isClosed = true
    this.lingerUntil = 0
    this.wakeUp.notify()
  }

  /**
   * The changes after `position`, none if it is the newest. Null if the position is not in the log: changes after
   * it may have been lost.
   */
  async changesAfter({ epoch, id }: ChangePosition): Promise<ChangeBatch | null> {
    if (epoch !== this.position?.epoch) return null
    const isOlder = compareIds(id, this.bufferedFrom) < 0
    // a client that comes from another server may be ahead of this one
    const isNewer = compareIds(id, this.position.id) > 0
    return isOlder || isNewer ? this.readAfter({ epoch, id }) : this.bufferedAfter(id)
  }

  private bufferedAfter(id: string): ChangeBatch | null {
    const known = this.bufferedBatches.get(id)
    if (known) return known
    const { buffered } = this
    const first = id === this.bufferedFrom ? 0 : buffered.findIndex(change => change.id === id) + 1
    if (first === 0 && id !== this.bufferedFrom) return null
    const changes = buffered.slice(first, first + batchCount)
    const position = { epoch: this.position!.epoch, id: changes.at(-1)?.id ?? id }
    const batch = { position, changes }
    this.bufferedBatches.set(id, batch)
    return batch
  }

  private readAfter(position: ChangePosition): Promise<ChangeBatch | null> {
    return this.reads.get(position.id) ?? this.startReading(position)
  }

  private startReading(position: ChangePosition): Promise<ChangeBatch | null> {
    const read = this.readLog(position).finally(() => this.reads.delete(position.id))
    this.reads.set(position.id, read)
    return read
  }

  private async readLog({ epoch, id }: ChangePosition): Promise<ChangeBatch | null> {
    const read = await this.deps.log.readAfter(id, batchCount)
    const isThere = read.isFound || id === oldestId
    if (read.epoch !== epoch || !isThere) return null
    return { position: { epoch, id: read.changes.at(-1)?.id ?? id }, changes: read.changes }
  }

  private async followLoop(): Promise<void> {
    const { progress, onAppended } = this.deps
    this.isRunning = true
    const unsubscribe = onAppended(() => this.wakeUp.notify())
    progress.start(() => this.notifyAll())
    const timer = setInterval(() => this.notifyAll(), notifyIntervalMs)
    try {
      while (this.followers.size > 0 || Date.now() < this.lingerUntil) {
        const { position, isDown } = this
        this.isDown = await this.read().then(
          () => false,
          () => true,
        )
        if (this.position !== position || this.isDown !== isDown) this.notifyAll()
        await this.wakeUp.wait(pollIntervalMs)
      }
    } finally {
      this.isRunning = false
      clearInterval(timer)
      unsubscribe()
      progress.stop()
      this.forget()
    }
  }

  private async read(): Promise<void> {
    for (;;) {
      const { position } = this
      if (!position) return this.join()
      const { epoch, isFound, changes } = await this.deps.log.readAfter(position.id, readCount)
      // Redis was wiped, or has lost its last second: followers learn it by the new position
      if (epoch !== position.epoch || !isFound) {
        this.forget()
        continue
      }
      if (changes.length === 0) return
      this.append(changes)
      this.notifyAll()
    }
  }

  /** Begins at the end of the log. What is kept before it serves followers who reconnect. */
  private async join(): Promise<void> {
    const { epoch, changes } = await this.deps.log.readNewest(maxBuffered)
    const newest = changes.at(-1)
    if (epoch === null || !newest) return
    this.buffered = changes.slice(1)
    this.bufferedFrom = changes[0]!.id
    this.position = { epoch, id: newest.id }
  }

  private append(changes: readonly StoredChange[]): void {
    this.bufferedBatches.clear()
    this.buffered.push(...changes)
    const dropped = this.buffered.splice(0, Math.max(0, this.buffered.length - maxBuffered))
    this.bufferedFrom = dropped.at(-1)?.id ?? this.bufferedFrom
    this.position = { epoch: this.position!.epoch, id: changes.at(-1)!.id }
    for (const { type, job } of changes) this.deps.progress.observe(type, job)
  }

  private forget(): void {
    this.isDown = false
    this.position = null
    this.buffered = []
    this.bufferedBatches.clear()
  }

  private notifyAll(): void {
    for (const follower of this.followers) follower.notify()
  }
}

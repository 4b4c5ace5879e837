import { lru } from 'tiny-lru'
import type { Job } from '../../spec/job.js'
import type { LoggedRow } from '../../spec/metrics.js'
import type { Notifications } from '../queue/notifications.js'
import type { JobRecord } from '../record/records.js'
import type { EventBatch, FeedEvent } from './feed-event.js'
import { type MetricsLog, positionOf, type Tail } from './metrics-log.js'
import { Signal } from './signal.js'
import { Turns } from './turns.js'

/** A notification may get lost, so a tail also polls. */
const pollIntervalMs = 2000
/**
 * Buffered rows of a job, in characters of JSON. A subscriber that is further behind reads the log.
 */
const maxBufferedChars = 256 * 1024
/** Size of a read of the log. A follower that does not read its connection holds such a batch in memory. */
const chunkBytes = 16 * 1024
/** Batches of the log that are kept for followers who come next. A crowd that comes together reads each once. */
const maxLogBatches = 64

export interface JobTailDeps {
  record(id: string): Promise<JobRecord>
  view(record: JobRecord): Promise<Job>
  log: MetricsLog
  notifications: Notifications
}

/** Rows as events. `position` is that of the last one (see `positionOf`). */
interface RowBatch {
  position: number
  events: EventBatch
}

/** A row with its position. */
interface BufferedRow {
  position: number
  event: FeedEvent
}

/** A job at the time of a poll. */
export interface JobSnapshot {
  record: JobRecord
  job: Job
  /** The job as JSON: one text for all followers. */
  jobJson: string
  /** Its progress and latest metrics as JSON. */
  progressJson: string
}

/**
 * Follows one job for all its subscribers in this process. Rows come only from the log;
 * notifications only say when to read it.
 */
export class JobTail {
  /** From the last poll; null before the first. */
  snapshot: JobSnapshot | null = null
  /** All rows after this position are buffered. */
  bufferedFrom = 0
  private buffered: BufferedRow[] = []
  private bufferedChars = 0
  /** Batches of the buffer by the position before them. */
  private readonly bufferedBatches = new Map<number, RowBatch>()
  /** Batches of the log by the position before them. */
  private readonly logBatches = lru<Promise<RowBatch>>(maxLogBatches)
  /** Where the log goes on after a batch, by the position of its last row. */
  private readonly logTails = lru<Tail>(maxLogBatches)
  private attempt = 0
  private failure: unknown
  private tail: Tail | null = null
  private readonly subscribers = new Set<Signal>()
  private readonly wakeUp = new Signal()

  constructor(
    private readonly id: string,
    private readonly deps: JobTailDeps,
  ) {}

  get hasSubscribers(): boolean {
    return this.subscribers.size > 0
  }

  /** Notifies the subscriber after each poll and after a failure, which `throwIfFailed` throws. */
  subscribe(subscriber: Signal): void {
    this.subscribers.add(subscriber)
    if (this.subscribers.size === 1) void this.pollLoop()
  }

  unsubscribe(subscriber: Signal): void {
    this.subscribers.delete(subscriber)
    if (!this.hasSubscribers) this.wakeUp.notify()
  }

  get failed(): boolean {
    return this.failure !== undefined
  }

  throwIfFailed(): void {
    if (this.failed) throw this.failure
  }

  /** Returns rows after `position` from the buffer or, if they are older, from the log. No rows: there are no more yet. */
  async rowsAfter(position: number): Promise<RowBatch> {
    return position < this.bufferedFrom ? this.loggedAfter(position) : this.bufferedAfter(position)
  }

  private bufferedAfter(position: number): RowBatch {
    const known = this.bufferedBatches.get(position)
    if (known) return known
    let first = this.buffered.length
    while (first > 0 && this.buffered[first - 1]!.position > position) first--
    const rows = this.buffered.slice(first)
    const batch = {
      position: rows.at(-1)?.position ?? position,
      events: rows.map(({ event }) => event),
    }
    this.bufferedBatches.set(position, batch)
    return batch
  }

  private loggedAfter(position: number): Promise<RowBatch> {
    return this.logBatches.get(position) ?? this.startReading(position)
  }

  private startReading(position: number): Promise<RowBatch> {
    const reading = this.readLog(position)
    this.logBatches.set(position, reading)
    const forget = () => {
      if (this.logBatches.get(position) === reading) this.logBatches.delete(position)
    }
    // more rows may follow soon
    reading.then(({ events }) => events.length === 0 && forget(), forget)
    return reading
  }

  private async readLog(position: number): Promise<RowBatch> {
    const { log } = this.deps
    const { attempts } = this.snapshot!.record
    const previous = this.logTails.get(position)
    const tail = previous ? { ...previous } : await log.seek(this.id, attempts, position)
    const rows = await log.rowsAfter(this.id, attempts, tail, chunkBytes)
    if (rows.length === 0) return { position, events: [] }
    this.logTails.set(tail.position, tail)
    return { position: tail.position, events: rows.map(toEvent) }
  }

  private async pollLoop(): Promise<void> {
    const onNotification = () => this.wakeUp.notify()
    const unsubscribe = this.deps.notifications.subscribe(this.id, onNotification)
    try {
      while (this.hasSubscribers && !this.snapshot?.record.result) {
        await this.poll()
        this.notifyAll()
        if (!this.snapshot?.record.result) await this.wakeUp.wait(pollIntervalMs)
      }
    } catch (error) {
      this.failure = error
      this.notifyAll()
    } finally {
      unsubscribe()
    }
  }

  private async poll(): Promise<void> {
    const { log } = this.deps
    // read the record first: if it has a result, all rows are in the log
    const record = await this.deps.record(this.id)
    const { attempts } = record
    this.tail ??= await this.openTail(record)
    const { attempt = 0 } = attempts.at(-1) ?? {}
    // a new attempt may supersede buffered rows, so subscribers read the log instead
    if (attempt > this.attempt) {
      this.evict(this.buffered.length)
      this.logBatches.clear()
      this.logTails.clear()
    }
    this.attempt = attempt
    for (;;) {
      const rows = await log.rowsAfter(this.id, attempts, this.tail)
      if (rows.length === 0) break
      this.bufferRows(rows)
      this.notifyAll()
    }
    const job = await this.deps.view(record)
    const progressJson = JSON.stringify({
      ...job.progress,
      metrics: job.metrics,
      best: job.best,
    })
    this.snapshot = { record, job, jobJson: JSON.stringify(job), progressJson }
  }

  private async openTail({ attempts }: JobRecord): Promise<Tail> {
    const tail = await this.deps.log.end(this.id, attempts)
    this.bufferedFrom = tail.position
    return tail
  }

  private bufferRows(rows: readonly LoggedRow[]): void {
    this.bufferedBatches.clear()
    for (const row of rows) {
      const event = toEvent(row)
      this.buffered.push({ position: positionOf(row), event })
      this.bufferedChars += event.data.length
    }
    let excess = 0
    for (let chars = this.bufferedChars; chars > maxBufferedChars; excess++)
      chars -= this.buffered[excess]!.event.data.length
    this.evict(excess)
  }

  private evict(count: number): void {
    this.bufferedBatches.clear()
    for (const { position, event } of this.buffered.splice(0, count)) {
      this.bufferedFrom = position
      this.bufferedChars -= event.data.length
    }
  }

  private notifyAll(): void {
    for (const subscriber of this.subscribers) subscriber.notify()
  }
}

const toEvent = (row: LoggedRow): FeedEvent => ({
  id: String(positionOf(row)),
  event: 'metrics',
  data: JSON.stringify(row),
})

/** The tails of all jobs that have subscribers. */
export class JobTails {
  /** Shared by the followers of all jobs. */
  readonly turns = new Turns()
  private readonly tails = new Map<string, JobTail>()

  constructor(private readonly deps: JobTailDeps) {}

  /** Whether a follower has the job's state at hand, so that others need not read it. */
  hasSnapshot(id: string): boolean {
    const tail = this.tails.get(id)
    return tail !== undefined && !tail.failed && tail.snapshot !== null
  }

  subscribe(id: string, subscriber: Signal): JobTail {
    const existing = this.tails.get(id)
    const tail = existing && !existing.failed ? existing : new JobTail(id, this.deps)
    this.tails.set(id, tail)
    tail.subscribe(subscriber)
    return tail
  }

  unsubscribe(id: string, tail: JobTail, subscriber: Signal): void {
    tail.unsubscribe(subscriber)
    if (!tail.hasSubscribers && this.tails.get(id) === tail) this.tails.delete(id)
  }
}

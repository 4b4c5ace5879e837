import type { Job } from '../../spec/job.js'
import type { LoggedRow } from '../../spec/metrics.js'
import type { Notifications } from '../queue/notifications.js'
import type { JobRecord } from '../record/records.js'
import { type MetricsLog, positionOf, type Tail } from './metrics-log.js'
import { Signal } from './signal.js'

/** A notification may get lost, so a tail also polls. */
const pollIntervalMs = 2000
/**
 * Buffered rows of a job, in characters of JSON. A subscriber that is further behind reads the log.
 */
const maxBufferedChars = 256 * 1024

export interface JobTailDeps {
  record(id: string): Promise<JobRecord>
  view(record: JobRecord): Promise<Job>
  log: MetricsLog
  notifications: Notifications
}

/** A row as JSON with its position (see `positionOf`). */
export interface BufferedRow {
  position: number
  json: string
}

/** A job at the time of a poll. */
export interface JobSnapshot {
  record: JobRecord
  job: Job
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

  /** Returns the buffered rows after `position`, which must be at least `bufferedFrom`. */
  rowsAfter(position: number): BufferedRow[] {
    let first = this.buffered.length
    while (first > 0 && this.buffered[first - 1]!.position > position) first--
    return this.buffered.slice(first)
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
    if (attempt > this.attempt) this.evict(this.buffered.length)
    this.attempt = attempt
    for (;;) {
      const rows = await log.rowsAfter(this.id, attempts, this.tail)
      if (rows.length === 0) break
      this.bufferRows(rows)
      this.notifyAll()
    }
    this.snapshot = { record, job: await this.deps.view(record) }
  }

  private async openTail({ attempts }: JobRecord): Promise<Tail> {
    const tail = await this.deps.log.end(this.id, attempts)
    this.bufferedFrom = tail.position
    return tail
  }

  private bufferRows(rows: readonly LoggedRow[]): void {
    for (const row of rows) {
      const buffered = { position: positionOf(row), json: JSON.stringify(row) }
      this.buffered.push(buffered)
      this.bufferedChars += buffered.json.length
    }
    let excess = 0
    for (let chars = this.bufferedChars; chars > maxBufferedChars; excess++)
      chars -= this.buffered[excess]!.json.length
    this.evict(excess)
  }

  private evict(count: number): void {
    for (const { position, json } of this.buffered.splice(0, count)) {
      this.bufferedFrom = position
      this.bufferedChars -= json.length
    }
  }

  private notifyAll(): void {
    for (const subscriber of this.subscribers) subscriber.notify()
  }
}

/** The tails of all jobs that have subscribers. */
export class JobTails {
  private readonly tails = new Map<string, JobTail>()

  constructor(private readonly deps: JobTailDeps) {}

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

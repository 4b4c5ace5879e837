import type { Job } from '../../spec/job.js'
import type { LoggedRow } from '../../spec/metrics.js'
import type { Nudges } from '../queue/notifications.js'
import type { JobRecord } from '../record/records.js'
import { type MetricsLog, positionOf, type Tail } from './metrics-log.js'
import { Bell } from './signal.js'

/** How long a tail trusts that no nudge was lost. */
const lookEveryMs = 2000
/** What a tail remembers of a job's rows, in characters: a follower further behind reads the log. */
const keptChars = 256 * 1024

export interface Sources {
  record(id: string): Promise<JobRecord>
  view(record: JobRecord): Promise<Job>
  log: MetricsLog
  nudges: Nudges
}

/** A row as JSON, and where it is in the order of rows. */
export interface KeptRow {
  position: number
  json: string
}

/** What a look has shown. */
export interface Sight {
  record: JobRecord
  job: Job
}

/**
 * One pair of eyes on a job for all its followers in this process. The log is the one source; nudges
 * only say when to look.
 */
export class JobTail {
  /** As of the last look; null before the first. */
  sight: Sight | null = null
  /** Rows behind this one are remembered. */
  keptFrom = 0
  private kept: KeptRow[] = []
  private chars = 0
  private epoch = 0
  private failure: unknown
  private tail: Tail | null = null
  private readonly bells = new Set<Bell>()
  private readonly bell = new Bell()

  constructor(
    private readonly id: string,
    private readonly sources: Sources,
  ) {}

  get followed(): boolean {
    return this.bells.size > 0
  }

  /** The bell rings at each look, and where something has failed, which `check` throws. */
  join(bell: Bell): void {
    this.bells.add(bell)
    if (this.bells.size === 1) void this.watch()
  }

  leave(bell: Bell): void {
    this.bells.delete(bell)
    if (!this.followed) this.bell.ring()
  }

  get failed(): boolean {
    return this.failure !== undefined
  }

  check(): void {
    if (this.failed) throw this.failure
  }

  /** The remembered rows behind a position; only for one from `keptFrom` on. */
  rowsAfter(position: number): KeptRow[] {
    let first = this.kept.length
    while (first > 0 && this.kept[first - 1]!.position > position) first--
    return this.kept.slice(first)
  }

  private async watch(): Promise<void> {
    const { nudges } = this.sources
    const silence = nudges.on(this.id, () => this.bell.ring())
    try {
      while (this.followed && !this.sight?.record.result) {
        await this.look()
        this.ringAll()
        if (!this.sight?.record.result) await this.bell.wait(lookEveryMs)
      }
    } catch (error) {
      this.failure = error
      this.ringAll()
    } finally {
      silence()
    }
  }

  private async look(): Promise<void> {
    const { log } = this.sources
    // the record first: where it has a result, all rows are there
    const record = await this.sources.record(this.id)
    const { attempts } = record
    this.tail ??= await this.begin(record)
    const { epoch = 0 } = attempts.at(-1) ?? {}
    // what is remembered may be void by now: a follower who has not had it reads the log instead
    if (epoch > this.epoch) this.forget(this.kept.length)
    this.epoch = epoch
    for (;;) {
      const rows = await log.rowsAfter(this.id, attempts, this.tail)
      if (rows.length === 0) break
      this.keep(rows)
      this.ringAll()
    }
    this.sight = { record, job: await this.sources.view(record) }
  }

  private async begin({ attempts }: JobRecord): Promise<Tail> {
    const tail = await this.sources.log.end(this.id, attempts)
    this.keptFrom = tail.position
    return tail
  }

  private keep(rows: readonly LoggedRow[]): void {
    for (const row of rows) {
      const kept = { position: positionOf(row), json: JSON.stringify(row) }
      this.kept.push(kept)
      this.chars += kept.json.length
    }
    let excess = 0
    for (let chars = this.chars; chars > keptChars; excess++)
      chars -= this.kept[excess]!.json.length
    this.forget(excess)
  }

  private forget(count: number): void {
    for (const { position, json } of this.kept.splice(0, count)) {
      this.keptFrom = position
      this.chars -= json.length
    }
  }

  private ringAll(): void {
    for (const bell of this.bells) bell.ring()
  }
}

/** A tail for each job that is followed, as long as it is. */
export class JobTails {
  private readonly tails = new Map<string, JobTail>()

  constructor(private readonly sources: Sources) {}

  join(id: string, bell: Bell): JobTail {
    const known = this.tails.get(id)
    const tail = known && !known.failed ? known : new JobTail(id, this.sources)
    this.tails.set(id, tail)
    tail.join(bell)
    return tail
  }

  leave(id: string, tail: JobTail, bell: Bell): void {
    tail.leave(bell)
    if (!tail.followed && this.tails.get(id) === tail) this.tails.delete(id)
  }
}

import type { Metrics } from '../../spec/job.js'
import {
  fromLoggedRow,
  isLoggedRow,
  type LoggedRow,
  type MetricPoint,
  type MetricRow,
  type MetricsPage,
  toLoggedRow,
} from '../../spec/metrics.js'
import type { Store } from '../../store/store.js'
import { lastEffectiveStep } from '../record/attempt-fencing.js'
import { jobPaths } from '../record/job-paths.js'
import type { AttemptRecord } from '../record/records.js'
import { SummaryWriter } from './metrics-summary.js'
import { checkedLine, parseLines, readChunk, readLastLines, seekLine } from './ndjson.js'

export interface StepRange {
  fromStep?: number
  toStep?: number
}

export interface MetricsQuery extends StepRange {
  names?: readonly string[]
  /** Steps in a page. */
  limit: number
  cursor?: string
}

/** A read position in a job's metrics that moves with each read. */
export interface Tail {
  attempt: number
  offset: number
  /** Position of the last row that was returned. */
  position: number
  /** How many damaged lines the tail has passed over. */
  damagedLines: number
}

/** A number that orders a job's rows: by step, with the training row before the validation row. */
export const positionOf = (row: Pick<LoggedRow, 'step' | 'values'>) =>
  row.step * 2 + ('loss' in row.values ? 0 : 1)

/** Has several rows: a row is at most a few hundred bytes long. */
const lastRowsBytes = 8192

/** The position after all rows of the steps before `step`. */
const positionBefore = (step: number) => step * 2 - 1

/**
 * A job's metrics: NDJSON, one file for each attempt. Readers see each row once, from the attempt
 * in effect at its step. Rows within a file are sorted by position, so a binary search finds any
 * step.
 */
export class MetricsLog {
  private readonly summaryWriters = new Map<string, SummaryWriter>()

  /** `onDamage` is called with the key of a log in which a read meets damaged lines. */
  constructor(
    readonly store: Store,
    private readonly onDamage: (key: string) => void = () => {},
  ) {}

  /** An attempt appends its rows one after another. */
  async append(id: string, attempt: number, row: MetricRow): Promise<void> {
    const logged = toLoggedRow(row)
    const line = checkedLine(logged)
    const key = jobPaths(id).metrics(attempt)
    let summaryWriter = this.summaryWriters.get(key)
    if (!summaryWriter) {
      summaryWriter = new SummaryWriter(
        this.store,
        jobPaths(id).summary(attempt),
        jobPaths(id).coarseSummary(attempt),
        await this.store.size(key),
      )
      this.summaryWriters.set(key, summaryWriter)
    }
    await this.store.append(key, line)
    await summaryWriter.add(logged, Buffer.byteLength(line))
  }

  /** Reads all rows into memory. */
  async rows(id: string, attempts: readonly AttemptRecord[]): Promise<MetricRow[]> {
    const rows: MetricRow[] = []
    for await (const chunk of this.chunks(id, attempts)) rows.push(...chunk.map(fromLoggedRow))
    return rows
  }

  /**
   * Yields the rows of a step range in the order of their positions, a chunk of the log at a time. Adds the
   * damaged lines that it passes over to `counter`.
   */
  async *chunks(
    id: string,
    attempts: readonly AttemptRecord[],
    { fromStep = 0, toStep = Number.POSITIVE_INFINITY }: StepRange = {},
    counter: Pick<Tail, 'damagedLines'> = { damagedLines: 0 },
  ): AsyncGenerator<LoggedRow[]> {
    const tail = await this.seek(id, attempts, positionBefore(fromStep))
    for (;;) {
      const rows = await this.rowsAfter(id, attempts, tail)
      counter.damagedLines = tail.damagedLines
      const wanted = rows.filter(({ step }) => step <= toStep)
      if (wanted.length > 0) yield wanted
      if (wanted.length < rows.length || rows.length === 0) return
    }
  }

  /** Returns a tail whose next row is the first one after `position`. */
  async seek(id: string, attempts: readonly AttemptRecord[], position: number): Promise<Tail> {
    const attemptRecord = attempts.find(
      ({ attempt }) => lastEffectiveStep(attempts, attempt) * 2 + 1 > position,
    )
    if (!attemptRecord) return { attempt: 0, offset: 0, position, damagedLines: 0 }
    const { attempt } = attemptRecord
    const offset = await seekLine(
      this.store,
      jobPaths(id).metrics(attempt),
      isLoggedRow,
      row => positionOf(row) <= position,
    )
    return { attempt, offset, position, damagedLines: 0 }
  }

  /** Returns a tail after the last row that exists now. */
  async end(id: string, attempts: readonly AttemptRecord[]): Promise<Tail> {
    for (const { attempt } of attempts.toReversed()) {
      const last = lastEffectiveStep(attempts, attempt)
      const key = jobPaths(id).metrics(attempt)
      const offset = await seekLine(this.store, key, isLoggedRow, row => row.step <= last)
      const tail = { attempt, offset, position: 0, damagedLines: 0 }
      while ((await this.rowsAfter(id, attempts, tail)).length > 0);
      if (tail.position > 0) return tail
    }
    return { attempt: 0, offset: 0, position: 0, damagedLines: 0 }
  }

  /**
   * Returns the next rows after `tail` and moves it. An empty list means that there are no more
   * rows yet. Skips rows at positions that the tail has passed, which an older attempt wrote.
   */
  async rowsAfter(
    id: string,
    attempts: readonly AttemptRecord[],
    tail: Tail,
    chunkBytes?: number,
  ): Promise<LoggedRow[]> {
    for (const { attempt } of attempts) {
      if (attempt < tail.attempt) continue
      if (attempt > tail.attempt) Object.assign(tail, { attempt, offset: 0 })
      const last = lastEffectiveStep(attempts, attempt)
      for (;;) {
        const key = jobPaths(id).metrics(attempt)
        const chunk = await readChunk(this.store, key, tail.offset, chunkBytes)
        if (chunk.bytes === 0) break
        tail.offset += chunk.bytes
        const found: LoggedRow[] = []
        const { values, damaged } = parseLines(chunk.lines, isLoggedRow)
        tail.damagedLines += damaged + chunk.damaged
        if (damaged + chunk.damaged > 0) this.onDamage(key)
        for (const row of values) {
          if (row.step > last || positionOf(row) <= tail.position) continue
          tail.position = positionOf(row)
          found.push(row)
        }
        if (found.length > 0) return found
      }
    }
    return []
  }

  /** Returns the last rows of an attempt. Passes over damaged lines. */
  async lastRows(id: string, attempt: number): Promise<LoggedRow[]> {
    const lines = await readLastLines(this.store, jobPaths(id).metrics(attempt), lastRowsBytes)
    return parseLines(lines, isLoggedRow).values
  }

  /**
   * Returns the latest value of each metric in a range of steps. A metric has a value there if the
   * range is as long as its interval.
   */
  async latestValues(
    id: string,
    attempts: readonly AttemptRecord[],
    range: StepRange,
  ): Promise<Metrics> {
    const latest: Metrics = {}
    for await (const rows of this.chunks(id, attempts, range)) {
      for (const { values } of rows) Object.assign(latest, values)
    }
    return latest
  }

  async page(
    id: string,
    attempts: readonly AttemptRecord[],
    query: MetricsQuery,
  ): Promise<MetricsPage> {
    const fromStep = Math.max(query.fromStep ?? 0, Number(query.cursor ?? 0))
    const points: Record<string, MetricPoint[]> = {}
    let steps = 0
    let last = -1
    const counter = { damagedLines: 0 }
    for await (const rows of this.chunks(id, attempts, { ...query, fromStep }, counter)) {
      for (const { step, time, values } of rows) {
        if (step !== last && ++steps > query.limit)
          return { points, ...counter, nextCursor: String(step) }
        last = step
        for (const [name, value] of Object.entries(values)) {
          if (query.names && !query.names.includes(name)) continue
          points[name] ??= []
          points[name].push({ step, value, time })
        }
      }
    }
    return { points, ...counter, nextCursor: null }
  }
}

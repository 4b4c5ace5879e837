import {
  type LoggedRow,
  loggedRow,
  type MetricPoint,
  type MetricRow,
  type MetricsPage,
  measuredRow,
} from '../../spec/metrics.js'
import type { Store } from '../../store/store.js'
import { lastValidStep } from '../record/attempt-fencing.js'
import { jobKeys } from '../record/job-paths.js'
import type { Attempt } from '../record/records.js'
import { Outliner } from './metrics-summary.js'
import { parseLines, readPiece, seekLine } from './ndjson.js'

export interface StepRange {
  fromStep?: number
  toStep?: number
}

export interface MetricsQuery extends StepRange {
  names?: readonly string[]
  /** Steps a page. */
  limit: number
  cursor?: string
}

export interface Tail {
  epoch: number
  offset: number
  /** The last row that was handed out. */
  position: number
}

/** A step's training row comes before its validation row: a total order over a job's rows. */
export const positionOf = (row: Pick<LoggedRow, 'step' | 'values'>) =>
  row.step * 2 + ('loss' in row.values ? 0 : 1)

/** Behind every row of the steps before. */
const positionBefore = (step: number) => step * 2 - 1

/**
 * JSON lines, one log for each attempt; a reader sees each row once, by the newest attempt that counts.
 * Within a log rows are in the order of positions, so a place in it is found without an index.
 */
export class MetricsLog {
  private readonly outliners = new Map<string, Outliner>()

  constructor(private readonly store: Store) {}

  /** One at a time for an attempt. */
  async append(id: string, epoch: number, row: MetricRow): Promise<void> {
    const logged = loggedRow(row)
    const line = `${JSON.stringify(logged)}\n`
    const key = jobKeys(id).metrics(epoch)
    let outliner = this.outliners.get(key)
    if (!outliner) {
      outliner = new Outliner(this.store, jobKeys(id).outline(epoch), await this.store.size(key))
      this.outliners.set(key, outliner)
    }
    await this.store.append(key, line)
    await outliner.add(logged, Buffer.byteLength(line))
  }

  /** All of them, in memory. */
  async rows(id: string, attempts: readonly Attempt[]): Promise<MetricRow[]> {
    const rows: MetricRow[] = []
    for await (const piece of this.pieces(id, attempts)) rows.push(...piece.map(measuredRow))
    return rows
  }

  /** Rows by pieces, in the order of positions. */
  async *pieces(
    id: string,
    attempts: readonly Attempt[],
    { fromStep = 0, toStep = Number.POSITIVE_INFINITY }: StepRange = {},
  ): AsyncGenerator<LoggedRow[]> {
    const tail = await this.seek(id, attempts, positionBefore(fromStep))
    for (;;) {
      const rows = await this.rowsAfter(id, attempts, tail)
      const wanted = rows.filter(({ step }) => step <= toStep)
      if (wanted.length > 0) yield wanted
      if (wanted.length < rows.length || rows.length === 0) return
    }
  }

  /** A tail whose next row is the first one behind a position. */
  async seek(id: string, attempts: readonly Attempt[], position: number): Promise<Tail> {
    const holder = attempts.find(({ epoch }) => lastValidStep(attempts, epoch) * 2 + 1 > position)
    if (!holder) return { epoch: 0, offset: 0, position }
    const { epoch } = holder
    const offset = await seekLine<LoggedRow>(
      this.store,
      jobKeys(id).metrics(epoch),
      row => positionOf(row) <= position,
    )
    return { epoch, offset, position }
  }

  /** A tail behind the last row that there is by now. */
  async end(id: string, attempts: readonly Attempt[]): Promise<Tail> {
    for (const { epoch } of attempts.toReversed()) {
      const last = lastValidStep(attempts, epoch)
      const key = jobKeys(id).metrics(epoch)
      const offset = await seekLine<LoggedRow>(this.store, key, row => row.step <= last)
      const tail = { epoch, offset, position: 0 }
      while ((await this.rowsAfter(id, attempts, tail)).length > 0);
      if (tail.position > 0) return tail
    }
    return { epoch: 0, offset: 0, position: 0 }
  }

  /**
   * Some of the rows behind a tail, which moves along; none only where there are no more yet. Rows that
   * the reader has had already are left out.
   */
  async rowsAfter(
    id: string,
    attempts: readonly Attempt[],
    tail: Tail,
    pieceBytes?: number,
  ): Promise<LoggedRow[]> {
    for (const { epoch } of attempts) {
      if (epoch < tail.epoch) continue
      if (epoch > tail.epoch) Object.assign(tail, { epoch, offset: 0 })
      const last = lastValidStep(attempts, epoch)
      for (;;) {
        const piece = await readPiece(
          this.store,
          jobKeys(id).metrics(epoch),
          tail.offset,
          pieceBytes,
        )
        if (piece.length === 0) break
        tail.offset += piece.length
        const found: LoggedRow[] = []
        for (const row of parseLines<LoggedRow>(piece)) {
          if (row.step > last || positionOf(row) <= tail.position) continue
          tail.position = positionOf(row)
          found.push(row)
        }
        if (found.length > 0) return found
      }
    }
    return []
  }

  async page(id: string, attempts: readonly Attempt[], query: MetricsQuery): Promise<MetricsPage> {
    const fromStep = Math.max(query.fromStep ?? 0, Number(query.cursor ?? 0))
    const points: Record<string, MetricPoint[]> = {}
    let steps = 0
    let last = -1
    for await (const rows of this.pieces(id, attempts, { ...query, fromStep })) {
      for (const { step, time, values } of rows) {
        if (step !== last && ++steps > query.limit) return { points, nextCursor: String(step) }
        last = step
        for (const [name, value] of Object.entries(values)) {
          if (query.names && !query.names.includes(name)) continue
          points[name] ??= []
          points[name].push({ step, value, time })
        }
      }
    }
    return { points, nextCursor: null }
  }
}

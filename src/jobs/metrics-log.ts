import type { MetricPoint, MetricRow, MetricsPage } from '../spec/metrics.js'
import type { Store } from '../store/store.js'
import { jobKeys } from './keys.js'
import type { Attempt } from './records.js'
import { lastValidStep } from './visible.js'

export interface MetricsQuery {
  names?: readonly string[]
  fromStep?: number
  toStep?: number
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
export const positionOf = (row: MetricRow) => row.step * 2 + ('loss' in row.values ? 0 : 1)

/** JSON lines, one log for each attempt; a reader sees each row once, by the newest attempt that counts. */
export class MetricsLog {
  constructor(private readonly store: Store) {}

  async append(id: string, epoch: number, row: MetricRow): Promise<void> {
    await this.store.append(jobKeys(id).metrics(epoch), `${JSON.stringify(row)}\n`)
  }

  async rows(id: string, attempts: readonly Attempt[]): Promise<MetricRow[]> {
    const tail: Tail = { epoch: 0, offset: 0, position: 0 }
    return this.rowsAfter(id, attempts, tail)
  }

  /** The rows behind a tail, which moves along. Rows that the reader has had already are left out. */
  async rowsAfter(id: string, attempts: readonly Attempt[], tail: Tail): Promise<MetricRow[]> {
    const found: MetricRow[] = []
    for (const { epoch } of attempts) {
      if (epoch < tail.epoch) continue
      if (epoch > tail.epoch) Object.assign(tail, { epoch, offset: 0 })
      const last = lastValidStep(attempts, epoch)
      const bytes = await this.store.readFrom(jobKeys(id).metrics(epoch), tail.offset)
      // a last line without its end is still being written, or was torn by a crash
      const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1)
      tail.offset += whole.length
      for (const row of parse(whole)) {
        if (row.step > last || positionOf(row) <= tail.position) continue
        tail.position = positionOf(row)
        found.push(row)
      }
    }
    return found
  }

  async page(id: string, attempts: readonly Attempt[], query: MetricsQuery): Promise<MetricsPage> {
    const from = Math.max(
      query.fromStep ?? 0,
      query.cursor === undefined ? 0 : Number(query.cursor),
    )
    const to = query.toStep ?? Number.POSITIVE_INFINITY
    const rows = (await this.rows(id, attempts)).filter(({ step }) => step >= from && step <= to)
    const steps = [...new Set(rows.map(row => row.step))]
    const next = steps[query.limit]
    const points: Record<string, MetricPoint[]> = {}
    for (const { step, time, values } of rows) {
      if (next !== undefined && step >= next) break
      for (const [name, value] of Object.entries(values)) {
        if (query.names && !query.names.includes(name)) continue
        points[name] ??= []
        points[name].push({ step, value, time })
      }
    }
    return { points, nextCursor: next === undefined ? null : String(next) }
  }
}

function parse(lines: Buffer): MetricRow[] {
  if (lines.length === 0) return []
  return lines
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as MetricRow)
}

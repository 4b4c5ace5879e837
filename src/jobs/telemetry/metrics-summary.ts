import type { LoggedRow } from '../../spec/metrics.js'
import type { Store } from '../../store/store.js'
import { downsampleMinMax, type Point } from './downsample.js'
import { checkedLine } from './ndjson.js'

const rowsPerSegment = 256
/** Segments of the summary in one of the coarse summary, from which charts of a million rows are drawn. */
const segmentsPerCoarse = 8

/** Summary of a fixed number of rows; one line of the summary file. */
export interface SummarySegment {
  /** Byte range of the rows in the log. */
  startOffset: number
  endOffset: number
  firstStep: number
  lastStep: number
  points: Record<string, Point[]>
}

export function isSummarySegment(value: unknown): value is SummarySegment {
  const { startOffset, endOffset, firstStep, lastStep, points } = Object(value)
  return (
    [startOffset, endOffset, firstStep, lastStep].every(Number.isSafeInteger) &&
    typeof points === 'object' &&
    points !== null &&
    Object.values(points as object).every(Array.isArray)
  )
}

/**
 * Writes the summary file of a metrics log, from which charts of long logs are drawn. Rows without
 * a segment, for example after a crash, are read from the log.
 */
export class SummaryWriter {
  private rows: LoggedRow[] = []
  private segments: SummarySegment[] = []
  private endOffset: number

  constructor(
    private readonly store: Store,
    private readonly key: string,
    private readonly coarseKey: string,
    /** Start of the next segment: the current length of the log. */
    private startOffset: number,
  ) {
    this.endOffset = startOffset
  }

  /** Call after the row is in the log. `bytes` is the length of its line. */
  async add(row: LoggedRow, bytes: number): Promise<void> {
    this.rows.push(row)
    this.endOffset += bytes
    if (this.rows.length < rowsPerSegment) return
    const { rows, startOffset, endOffset } = this
    this.rows = []
    this.startOffset = endOffset
    const [firstStep, lastStep] = [rows[0]!.step, row.step]
    const points = mapPoints(pointsByName(rows), all => downsampleMinMax(all, 1))
    const segment: SummarySegment = { startOffset, endOffset, firstStep, lastStep, points }
    await this.store.append(this.key, checkedLine(segment))
    await this.addSegment(segment)
  }

  private async addSegment(segment: SummarySegment): Promise<void> {
    this.segments.push(segment)
    if (this.segments.length < segmentsPerCoarse) return
    const { segments } = this
    this.segments = []
    const joined: Record<string, Point[]> = {}
    for (const [name, points] of segments.flatMap(each => Object.entries(each.points))) {
      joined[name] ??= []
      joined[name].push(...points)
    }
    const { startOffset, firstStep } = segments[0]!
    const points = mapPoints(joined, all => downsampleMinMax(all, 1))
    const { endOffset, lastStep } = segment
    const coarse: SummarySegment = { startOffset, endOffset, firstStep, lastStep, points }
    await this.store.append(this.coarseKey, checkedLine(coarse))
  }
}

export function pointsByName(rows: readonly LoggedRow[]): Record<string, Point[]> {
  const points: Record<string, Point[]> = {}
  for (const { step, time, values } of rows) {
    const at = Date.parse(time)
    for (const [name, value] of Object.entries(values)) {
      points[name] ??= []
      points[name].push([step, value, at])
    }
  }
  return points
}

const mapPoints = (
  points: Record<string, Point[]>,
  change: (all: Point[]) => Point[],
): Record<string, Point[]> =>
  Object.fromEntries(Object.entries(points).map(([name, all]) => [name, change(all)]))

import type { LoggedRow, MetricsPage } from '../../spec/metrics.js'
import type { Store } from '../../store/store.js'
import { lastEffectiveStep } from '../record/attempt-fencing.js'
import { jobPaths } from '../record/job-paths.js'
import type { AttemptRecord } from '../record/records.js'
import { downsample, type Point } from './downsample.js'
import type { StepRange } from './metrics-log.js'
import { pointsByName, type SummarySegment } from './metrics-summary.js'
import { parseLines, readChunk, seekLine } from './ndjson.js'

export interface ChartQuery extends StepRange {
  names?: readonly string[]
  /** Points for each name; at least 10. */
  maxPoints: number
}

/**
 * Logs of up to this many bytes for each requested point are read in full, larger ones from their
 * summary.
 */
const maxExactBytesPerPoint = 4096
/** Points of one name held in memory; more are downsampled on the way. */
const maxBufferedPoints = 2 ** 17

/** Reads the metrics of a job, downsampled to `maxPoints` for each name (see `downsample`). */
export async function chartOf(
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
  query: ChartQuery,
): Promise<MetricsPage> {
  const series = new Map<string, Point[]>()
  for await (const points of pointBatches(store, id, attempts, query)) {
    for (const [name, more] of Object.entries(points)) {
      if (query.names && !query.names.includes(name)) continue
      const buffered = series.get(name) ?? []
      for (const point of more) buffered.push(point)
      series.set(
        name,
        buffered.length > maxBufferedPoints
          ? [...downsample(buffered, maxBufferedPoints / 2)]
          : buffered,
      )
    }
  }
  const points = [...series].map(([name, seriesPoints]) => [
    name,
    downsample(seriesPoints, query.maxPoints).map(([step, value, time]) => {
      return { step, value, time: new Date(time).toISOString() }
    }),
  ])
  return { points: Object.fromEntries(points), nextCursor: null }
}

/** Returns the names of all metrics in the step range. */
export async function metricNames(
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
  range: StepRange,
): Promise<string[]> {
  const names = new Set<string>()
  for await (const points of pointBatches(store, id, attempts, { ...range, maxPoints: 1 })) {
    for (const name of Object.keys(points)) names.add(name)
  }
  return [...names]
}

type PointsByName = Record<string, Point[]>

/**
 * Yields the points in effect in step order, from the logs or, for long logs, from their summaries.
 */
async function* pointBatches(
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
  { fromStep = 0, toStep = Number.POSITIVE_INFINITY, maxPoints }: StepRange & { maxPoints: number },
): AsyncGenerator<PointsByName> {
  for (const { attempt, resumedFrom } of attempts) {
    const firstStep = Math.max(fromStep, resumedFrom + 1)
    const lastStep = Math.min(toStep, lastEffectiveStep(attempts, attempt))
    if (firstStep > lastStep) continue
    const log = jobPaths(id).metrics(attempt)
    const summary = jobPaths(id).summary(attempt)
    const start = await seekLine<LoggedRow>(store, log, ({ step }) => step < firstStep)
    const end = await store.size(log)
    const limit = await seekLine<LoggedRow>(store, log, ({ step }) => step <= lastStep)
    const range = { store, log, firstStep, lastStep }
    if (limit - start <= maxPoints * maxExactBytesPerPoint) yield* pointsFromLog(range, start, end)
    else yield* pointsFromSummary({ ...range, summary }, start, end)
  }
}

interface LogRange {
  store: Store
  log: string
  firstStep: number
  lastStep: number
}

async function* pointsFromSummary(
  range: LogRange & { summary: string },
  start: number,
  end: number,
) {
  const { store, summary, firstStep, lastStep } = range
  let at = start
  let from = await seekLine<SummarySegment>(
    store,
    summary,
    segment => segment.firstStep < firstStep,
  )
  for (;;) {
    const chunk = await readChunk(store, summary, from, 2 ** 20)
    if (chunk.length === 0) break
    from += chunk.length
    for (const segment of parseLines<SummarySegment>(chunk)) {
      if (segment.firstStep > lastStep) return yield* pointsFromLog(range, at, end)
      const within = segment.firstStep >= firstStep && segment.lastStep <= lastStep
      // after a power cut, the summary may have segments whose rows the log has lost
      if (!within || segment.startOffset < at || segment.endOffset > end) continue
      if (segment.startOffset > at) yield* pointsFromLog(range, at, segment.startOffset)
      yield segment.points
      at = segment.endOffset
    }
  }
  yield* pointsFromLog(range, at, end)
}

async function* pointsFromLog(
  { store, log, firstStep, lastStep }: LogRange,
  start: number,
  end: number,
) {
  for (let at = start; at < end; ) {
    const chunk = await readChunk(store, log, at)
    if (chunk.length === 0) return
    at += chunk.length
    // the next segment of the summary covers what the last chunk has beyond `end`
    const lines = at > end ? chunk.subarray(0, chunk.length - (at - end)) : chunk
    const rows = parseLines<LoggedRow>(lines)
    const wanted = rows.filter(({ step }) => step >= firstStep && step <= lastStep)
    if (wanted.length > 0) yield pointsByName(wanted)
    if (rows.at(-1)!.step > lastStep) return
  }
}

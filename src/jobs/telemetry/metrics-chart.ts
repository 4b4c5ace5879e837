import { isLoggedRow, type MetricsPage } from '../../spec/metrics.js'
import type { Store } from '../../store/store.js'
import { lastEffectiveStep } from '../record/attempt-fencing.js'
import { jobPaths } from '../record/job-paths.js'
import type { AttemptRecord } from '../record/records.js'
import { downsample, type Point } from './downsample.js'
import { keptPoints, readKeptChart, type SeriesOfJob, writeKeptChart } from './kept-chart.js'
import type { StepRange, Tail } from './metrics-log.js'
import { isSummarySegment, pointsByName } from './metrics-summary.js'
import { completeLines, parseLines, readChunk, seekLine } from './ndjson.js'

export interface ChartQuery extends StepRange {
  names?: readonly string[]
  /** Points for each name; at least 10. */
  maxPoints: number
}

export type Chart = Pick<MetricsPage, 'points' | 'damagedLines'>

/**
 * Logs of up to this many bytes for each requested point are read in full, larger ones from their
 * summary.
 */
const maxExactBytesPerPoint = 4096
/** Of logs with more bytes for each point, the coarse summary has points enough. */
const maxFineBytesPerPoint = 128 * 1024
/** Parsed at once; more would hold the event loop. */
const summaryChunkBytes = 2 ** 18
/** Points of one name held in memory; more are downsampled on the way. */
const maxBufferedPoints = 2 ** 17

/**
 * Reads the metrics of a job, downsampled to `maxPoints` for each name (see `downsample`): from the kept chart if it
 * has what is asked for, else from the logs. `keep`: if there is no such chart, keeps one.
 */
export async function chartOf(
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
  query: ChartQuery,
  { keep = false, state }: { keep?: boolean; state?: string } = {},
): Promise<Chart> {
  const { names, fromStep, toStep, maxPoints } = query
  const isWhole = fromStep === undefined && toStep === undefined && maxPoints <= keptPoints
  const readKept = (knownState?: string) => readKeptChart(store, id, attempts, names, knownState)
  let found = isWhole ? await readKept(state) : null
  if (isWhole && keep && !found && (await keepChart(store, id, attempts).catch(() => false))) {
    found = await readKept()
  }
  const { series, damagedLines } = found ?? (await readSeries(store, id, attempts, query))
  const points = [...series].map(([name, seriesPoints]) => [
    name,
    downsample(seriesPoints, maxPoints).map(([step, value, time]) => {
      // old rows have null
      return { step, value: value ?? 'NaN', time: new Date(time).toISOString() }
    }),
  ])
  return { points: Object.fromEntries(points), damagedLines }
}

/** Keeps a chart of a job that has ended for those who ask for one, if its logs are long; returns whether it did. */
export const keepChart = (
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
): Promise<boolean> =>
  writeKeptChart(store, id, attempts, async () => {
    const query = { maxPoints: keptPoints }
    const { series, damagedLines } = await readSeries(store, id, attempts, query)
    const points = [...series].map(([name, all]) => [name, downsample(all, keptPoints)] as const)
    return { series: new Map(points), damagedLines }
  })

/** The points of a job in the logs: all of short ones, the extremes of long ones. */
async function readSeries(
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
  query: ChartQuery,
): Promise<SeriesOfJob> {
  const series = new Map<string, Point[]>()
  const counter = { damagedLines: 0 }
  for await (const points of pointBatches({ store, id, counter }, attempts, query)) {
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
  return { series, ...counter }
}

/** Returns the names of all metrics in the step range. */
export async function metricNames(
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
  range: StepRange,
): Promise<string[]> {
  const names = new Set<string>()
  const counter = { damagedLines: 0 }
  const query = { ...range, maxPoints: 1 }
  for await (const points of pointBatches({ store, id, counter }, attempts, query)) {
    for (const name of Object.keys(points)) names.add(name)
  }
  return [...names]
}

type PointsByName = Record<string, Point[]>

/**
 * Yields the points in effect in step order, from the logs or, for long logs, from their summaries.
 */
async function* pointBatches(
  { store, id, counter }: { store: Store; id: string; counter: DamageCounter },
  attempts: readonly AttemptRecord[],
  { fromStep = 0, toStep = Number.POSITIVE_INFINITY, maxPoints }: StepRange & { maxPoints: number },
): AsyncGenerator<PointsByName> {
  for (const { attempt, resumedFrom } of attempts) {
    const firstStep = Math.max(fromStep, resumedFrom + 1)
    const lastStep = Math.min(toStep, lastEffectiveStep(attempts, attempt))
    if (firstStep > lastStep) continue
    const log = jobPaths(id).metrics(attempt)
    const end = await store.size(log)
    // a log begins after the step that its attempt resumed from: whole ones need no search
    const start =
      firstStep > resumedFrom + 1
        ? await seekLine(store, log, isLoggedRow, ({ step }) => step < firstStep)
        : 0
    const limit =
      lastStep === Number.POSITIVE_INFINITY
        ? end
        : await seekLine(store, log, isLoggedRow, ({ step }) => step <= lastStep)
    const range = { store, log, counter, firstStep, lastStep }
    if (limit - start <= maxPoints * maxExactBytesPerPoint) yield* pointsFromLog(range, start, end)
    else {
      const { summary, coarseSummary } = jobPaths(id)
      const isLong = limit - start > maxPoints * maxFineBytesPerPoint
      const summaries = [...(isLong ? [coarseSummary(attempt)] : []), summary(attempt)]
      yield* pointsFromSummaries(range, summaries, start, end)
    }
  }
}

/** Counts the damaged lines that are left out. */
type DamageCounter = Pick<Tail, 'damagedLines'>

interface LogRange {
  store: Store
  log: string
  counter: DamageCounter
  firstStep: number
  lastStep: number
}

/** The coarsest summary comes first. What it does not cover is read from the next one, and last from the log. */
async function* pointsFromSummaries(
  range: LogRange,
  [summary, ...finer]: readonly string[],
  start: number,
  end: number,
): AsyncGenerator<PointsByName> {
  if (summary === undefined) return yield* pointsFromLog(range, start, end)
  const { store, firstStep, lastStep } = range
  let at = start
  let from =
    start === 0
      ? 0
      : await seekLine(
          store,
          summary,
          isSummarySegment,
          segment => segment.firstStep < firstStep || segment.endOffset <= start,
        )
  for (;;) {
    const chunk = await readChunk(store, summary, from, summaryChunkBytes)
    if (chunk.bytes === 0) break
    from += chunk.bytes
    // the rows of a damaged segment are read from the log
    for (const segment of parseLines(chunk.lines, isSummarySegment).values) {
      if (segment.firstStep > lastStep || segment.startOffset >= end)
        return yield* pointsFromSummaries(range, finer, at, end)
      const within = segment.firstStep >= firstStep && segment.lastStep <= lastStep
      // after a power cut, the summary may have segments whose rows the log has lost
      if (!within || segment.startOffset < at || segment.endOffset > end) continue
      if (segment.startOffset > at)
        yield* pointsFromSummaries(range, finer, at, segment.startOffset)
      yield segment.points
      at = segment.endOffset
    }
  }
  yield* pointsFromSummaries(range, finer, at, end)
}

async function* pointsFromLog(
  { store, log, counter, firstStep, lastStep }: LogRange,
  start: number,
  end: number,
) {
  for (let at = start; at < end; ) {
    const chunk = await readChunk(store, log, at)
    if (chunk.bytes === 0) return
    at += chunk.bytes
    // the next segment of the summary covers what the last chunk has beyond `end`; if that was the size of the log, it
    // may lie within a line: a file grows by pages while a line is written
    const excess = Math.min(Math.max(0, at - end), chunk.lines.length)
    const lines = completeLines(chunk.lines.subarray(0, chunk.lines.length - excess))
    const { values: rows, damaged } = parseLines(lines, isLoggedRow)
    counter.damagedLines += damaged + chunk.damaged
    const wanted = rows.filter(({ step }) => step >= firstStep && step <= lastStep)
    if (wanted.length > 0) yield pointsByName(wanted)
    if ((rows.at(-1)?.step ?? 0) > lastStep) return
  }
}

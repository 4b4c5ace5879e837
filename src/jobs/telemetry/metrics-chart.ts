import type { LoggedRow, MetricsPage } from '../../spec/metrics.js'
import type { Store } from '../../store/store.js'
import { lastValidStep } from '../record/attempt-fencing.js'
import { jobKeys } from '../record/job-paths.js'
import type { Attempt } from '../record/records.js'
import { type Sample, thin } from './downsample.js'
import type { StepRange } from './metrics-log.js'
import { type Stretch, samplesOf } from './metrics-summary.js'
import { parseLines, readPiece, seekLine } from './ndjson.js'

export interface ChartQuery extends StepRange {
  names?: readonly string[]
  /** Points a name; at least 10. */
  maxPoints: number
}

/** Up to so many bytes of a log, for each point asked for, are read row by row instead of from the outline. */
const exactBytesAPoint = 4096
/** Samples of a name that are held at most. */
const mostHeld = 2 ** 17

/** Points that are in the log, so few that they can be drawn; see `thin` for which. */
export async function chartOf(
  store: Store,
  id: string,
  attempts: readonly Attempt[],
  query: ChartQuery,
): Promise<MetricsPage> {
  const series = new Map<string, Sample[]>()
  for await (const samples of sections(store, id, attempts, query)) {
    for (const [name, more] of Object.entries(samples)) {
      if (query.names && !query.names.includes(name)) continue
      const held = series.get(name) ?? []
      for (const sample of more) held.push(sample)
      series.set(name, held.length > mostHeld ? [...thin(held, mostHeld / 2)] : held)
    }
  }
  const points = [...series].map(([name, samples]) => [
    name,
    thin(samples, query.maxPoints).map(([step, value, time]) => {
      return { step, value, time: new Date(time).toISOString() }
    }),
  ])
  return { points: Object.fromEntries(points), nextCursor: null }
}

/** The names of all that was measured. */
export async function metricNames(
  store: Store,
  id: string,
  attempts: readonly Attempt[],
  range: StepRange,
): Promise<string[]> {
  const names = new Set<string>()
  for await (const samples of sections(store, id, attempts, { ...range, maxPoints: 1 })) {
    for (const name of Object.keys(samples)) names.add(name)
  }
  return [...names]
}

type Samples = Record<string, Sample[]>

/** All that counts of a job's logs, in the order of steps: in full, or in outline where that is much. */
async function* sections(
  store: Store,
  id: string,
  attempts: readonly Attempt[],
  { fromStep = 0, toStep = Number.POSITIVE_INFINITY, maxPoints }: StepRange & { maxPoints: number },
): AsyncGenerator<Samples> {
  for (const { epoch, resumedFrom } of attempts) {
    const first = Math.max(fromStep, resumedFrom + 1)
    const last = Math.min(toStep, lastValidStep(attempts, epoch))
    if (first > last) continue
    const log = jobKeys(id).metrics(epoch)
    const outline = jobKeys(id).outline(epoch)
    const start = await seekLine<LoggedRow>(store, log, ({ step }) => step < first)
    const end = await store.size(log)
    const beyond = await seekLine<LoggedRow>(store, log, ({ step }) => step <= last)
    const full = { store, log, first, last }
    if (beyond - start <= maxPoints * exactBytesAPoint) yield* rowsBetween(full, start, end)
    else yield* inOutline({ ...full, outline }, start, end)
  }
}

interface Place {
  store: Store
  log: string
  first: number
  last: number
}

async function* inOutline(place: Place & { outline: string }, start: number, end: number) {
  const { store, outline, first, last } = place
  let at = start
  let from = await seekLine<Stretch>(store, outline, stretch => stretch.first < first)
  for (;;) {
    const piece = await readPiece(store, outline, from, 2 ** 20)
    if (piece.length === 0) break
    from += piece.length
    for (const stretch of parseLines<Stretch>(piece)) {
      if (stretch.first > last) return yield* rowsBetween(place, at, end)
      const within = stretch.first >= first && stretch.last <= last
      // an outline that outlived its log in a power cut says nothing
      if (!within || stretch.start < at || stretch.end > end) continue
      if (stretch.start > at) yield* rowsBetween(place, at, stretch.start)
      yield stretch.samples
      at = stretch.end
    }
  }
  yield* rowsBetween(place, at, end)
}

async function* rowsBetween({ store, log, first, last }: Place, start: number, end: number) {
  for (let at = start; at < end; ) {
    const piece = await readPiece(store, log, at)
    if (piece.length === 0) return
    at += piece.length
    // what the last piece has beyond the end comes from the outline
    const lines = at > end ? piece.subarray(0, piece.length - (at - end)) : piece
    const rows = parseLines<LoggedRow>(lines)
    const wanted = rows.filter(({ step }) => step >= first && step <= last)
    if (wanted.length > 0) yield samplesOf(wanted)
    if (rows.at(-1)!.step > last) return
  }
}

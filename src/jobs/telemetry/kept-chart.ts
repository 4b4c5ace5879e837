import type { Store } from '../../store/store.js'
import { jobPaths } from '../record/job-paths.js'
import type { AttemptRecord } from '../record/records.js'
import type { Point } from './downsample.js'
import { checkedLine, parseLine } from './ndjson.js'

// A chart of a job that has ended, beside its logs: to draw it from there takes ten times as long. It can be deleted:
// the next reader makes it again, as it does for the jobs of older versions and after the death of a worker.

/** Of each metric: what charts have at most that show all steps. */
export const keptPoints = 1000

/** To read smaller logs takes no longer. */
const minLogBytes = 64 * 1024

/** The points of each metric in the order of steps, and how many lines of the logs are damaged. */
export interface SeriesOfJob {
  series: ReadonlyMap<string, readonly Point[]>
  damagedLines: number
}

/** The first line of the file. One for each of the names follows, with its points. */
interface Head {
  /** See `logState`. */
  logs: string
  damagedLines: number
  names: string[]
}

interface Line {
  points: Point[]
}

/** All that charts depend on: the attempts, and how long their logs are, since logs only grow. */
export async function logState(
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
): Promise<string> {
  const sizes = await sizesOf(store, id, attempts)
  return JSON.stringify(
    attempts.map(({ attempt, resumedFrom }, i) => [attempt, resumedFrom, sizes[i]]),
  )
}

/**
 * Null if there is none, if it is of other rows than the logs have now, or if it is damaged. `state`: the `logState` of
 * before, if it is known.
 */
export async function readKeptChart(
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
  wanted?: readonly string[],
  state?: string,
): Promise<SeriesOfJob | null> {
  const file = await store.readFrom(jobPaths(id).chart, 0)
  const [headLine, ...lines] = linesOf(file)
  const head = headLine && parseLine(headLine, isHead)
  if (!head || head.logs !== (state ?? (await logState(store, id, attempts)))) return null
  const series = new Map<string, Point[]>()
  for (const [i, name] of head.names.entries()) {
    if (wanted && !wanted.includes(name)) continue
    const line = lines[i] && parseLine(lines[i], isLine)
    if (!line) return null
    series.set(name, line.points)
  }
  return { series, damagedLines: head.damagedLines }
}

/** Keeps what `read` finds in the logs, unless they are small; returns whether it did. */
export async function writeKeptChart(
  store: Store,
  id: string,
  attempts: readonly AttemptRecord[],
  read: () => Promise<SeriesOfJob>,
): Promise<boolean> {
  const sizes = await sizesOf(store, id, attempts)
  if (sizes.reduce((sum, size) => sum + size, 0) < minLogBytes) return false
  // of before the rows are read: if there are more meanwhile, the next reader makes it again
  const logs = await logState(store, id, attempts)
  const { series, damagedLines } = await read()
  const head: Head = { logs, damagedLines, names: [...series.keys()] }
  const lines = [...series.values()].map(points => checkedLine({ points }))
  await store.replaceText(jobPaths(id).chart, [checkedLine(head), ...lines].join(''))
  const isDeleted = (await sizesOf(store, id, attempts)).every(size => size === 0)
  // the file must not be all that is left of a job that was deleted meanwhile
  if (isDeleted) await store.remove(jobPaths(id).root)
  return !isDeleted
}

const sizesOf = (store: Store, id: string, attempts: readonly AttemptRecord[]): Promise<number[]> =>
  Promise.all(attempts.map(({ attempt }) => store.size(jobPaths(id).metrics(attempt))))

/** The complete lines of a file. */
function linesOf(file: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let at = 0; ; ) {
    const end = file.indexOf('\n', at)
    if (end < 0) return lines
    lines.push(file.subarray(at, end))
    at = end + 1
  }
}

function isHead(value: unknown): value is Head {
  const { logs, damagedLines, names } = Object(value) as Partial<Head>
  return typeof logs === 'string' && Number.isSafeInteger(damagedLines) && Array.isArray(names)
}

const isLine = (value: unknown): value is Line =>
  Array.isArray((Object(value) as Partial<Line>).points)

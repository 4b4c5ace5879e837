import { invalidCursor } from '../../errors.js'
import type { LogLine, LogPage } from '../../spec/job-log.js'
import type { Store } from '../../store/store.js'
import { jobPaths } from '../record/job-paths.js'
import type { AttemptRecord } from '../record/records.js'
import type { FeedEvent } from './feed-event.js'
import { checkedLine, parseLine, readChunk } from './ndjson.js'

/** Where a line starts: an attempt's log and a byte offset in it. */
export interface LogPosition {
  attempt: number
  offset: number
}

/** Selects lines of one or all attempts, from a cursor on, or the last `tail` lines. */
export interface LogQuery {
  attempt?: number
  cursor?: string
  tail?: number
}

interface PositionedLine {
  line: LogLine
  /** Where the next line starts. */
  next: LogPosition
}

type AttemptNumbers = readonly Pick<AttemptRecord, 'attempt'>[]

const newline = 10

/** Of a damaged line with no intact line before it. */
const unknownTime = new Date(0).toISOString()

/** Stands in the log for a line that cannot be read. */
const damagedLine = (bytes: number) => `[a damaged line of ${bytes} bytes is left out]`

function isLogEntry(value: unknown): value is { time: string; line: string } {
  const { time, line } = Object(value)
  return typeof line === 'string' && typeof time === 'string' && !Number.isNaN(Date.parse(time))
}

/**
 * The output of a job's attempts: NDJSON, one file for each attempt. Unlike metrics, no line is
 * superseded.
 */
export class JobLog {
  constructor(private readonly store: Store) {}

  async append(id: string, attempt: number, line: string): Promise<void> {
    const entry = { time: new Date().toISOString(), line }
    await this.store.append(jobPaths(id).log(attempt), checkedLine(entry))
  }

  /**
   * Returns the position of the first line of the query. Throws `INVALID_CURSOR` for a cursor that
   * is not the start of a line.
   */
  async start(id: string, attempts: AttemptNumbers, { attempt, cursor, tail }: LogQuery) {
    if (cursor !== undefined) return this.parseCursor(id, cursor)
    if (tail !== undefined) return this.tailStart(id, selectAttempts(attempts, attempt), tail)
    return { attempt: 0, offset: 0 }
  }

  /** Yields the lines from `from` to the current end. */
  async *lines(
    id: string,
    attempts: AttemptNumbers,
    from: LogPosition,
    onlyAttempt?: number,
  ): AsyncGenerator<PositionedLine> {
    for (const { attempt } of selectAttempts(attempts, onlyAttempt)) {
      if (attempt < from.attempt) continue
      let offset = attempt === from.attempt ? from.offset : 0
      let time = unknownTime
      for (;;) {
        const chunk = await readChunk(this.store, jobPaths(id).log(attempt), offset)
        if (chunk.bytes === 0) break
        if (chunk.lines.length === 0) {
          const next = { attempt, offset: offset + chunk.bytes }
          yield { line: { attempt, time, line: damagedLine(chunk.bytes) }, next }
        }
        for (let at = 0; at < chunk.lines.length; ) {
          const end = chunk.lines.indexOf(newline, at)
          const found = parseLine(chunk.lines.subarray(at, end), isLogEntry)
          const line = found?.line ?? damagedLine(end - at)
          time = found?.time ?? time
          at = end + 1
          yield { line: { attempt, time, line }, next: { attempt, offset: offset + at } }
        }
        offset += chunk.bytes
      }
    }
  }

  async page(
    id: string,
    attempts: AttemptNumbers,
    { limit, ...query }: LogQuery & { limit: number },
  ): Promise<LogPage> {
    const items: LogLine[] = []
    let next = await this.start(id, attempts, query)
    for await (const entry of this.lines(id, attempts, next, query.attempt)) {
      if (items.length === limit) return { items, nextCursor: cursorOf(next) }
      items.push(entry.line)
      next = entry.next
    }
    return { items, nextCursor: null }
  }

  private async parseCursor(id: string, cursor: string): Promise<LogPosition> {
    const [, attemptText, offsetText] = /^(\d{1,9})-(\d{1,15})$/.exec(cursor) ?? []
    if (!offsetText) throw invalidCursor(cursor)
    const [attempt, offset] = [Number(attemptText), Number(offsetText)]
    if (offset === 0) return { attempt, offset }
    const [before] = await this.store.readFrom(jobPaths(id).log(attempt), offset - 1, 1)
    if (before !== newline) throw invalidCursor(cursor)
    return { attempt, offset }
  }

  private async tailStart(
    id: string,
    attempts: AttemptNumbers,
    count: number,
  ): Promise<LogPosition> {
    let remaining = count
    for (const { attempt } of attempts.toReversed()) {
      const key = jobPaths(id).log(attempt)
      const size = await this.store.size(key)
      for (let span = 64 * 1024; ; span *= 4) {
        const start = Math.max(0, size - span)
        const offsets = lineStarts(await this.store.readFrom(key, start, size - start), start)
        if (offsets.length >= remaining) return { attempt, offset: offsets.at(-remaining)! }
        if (start > 0) continue
        remaining -= offsets.length
        break
      }
    }
    return { attempt: 0, offset: 0 }
  }
}

export const logEvent = ({ line, next }: PositionedLine): FeedEvent => ({
  id: cursorOf(next),
  event: 'log',
  data: JSON.stringify(line),
})

/**
 * Returns the offsets of the complete lines in `bytes`, the end of a log from offset `start` on.
 */
function lineStarts(bytes: Buffer, start: number): number[] {
  const starts = start === 0 ? [0] : []
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) {
    starts.push(start + at + 1)
  }
  // the text after the last newline is not a complete line
  return starts.slice(0, -1)
}

const selectAttempts = (attempts: AttemptNumbers, onlyAttempt?: number): AttemptNumbers =>
  onlyAttempt === undefined ? attempts : attempts.filter(({ attempt }) => attempt === onlyAttempt)

const cursorOf = ({ attempt, offset }: LogPosition) => `${attempt}-${offset}`

import { invalidCursor } from '../../errors.js'
import type { LogLine, LogPage } from '../../spec/job-log.js'
import type { Store } from '../../store/store.js'
import { jobKeys } from '../record/job-paths.js'
import type { Attempt } from '../record/records.js'
import type { FeedEvent } from './job-stream.js'
import { readPiece } from './ndjson.js'

/** Where a line begins: in the log of an attempt, at a byte. */
export interface LogPlace {
  epoch: number
  offset: number
}

/** Which lines, and where to begin: at a cursor, or so many lines before the end. */
export interface LogQuery {
  attempt?: number
  cursor?: string
  tail?: number
}

interface PlacedLine {
  line: LogLine
  /** Where the next one begins. */
  next: LogPlace
}

type Epochs = readonly Pick<Attempt, 'epoch'>[]

const newline = 10

/** What a job's attempts have said, each in a log of JSON lines of its own; nothing of it is ever void. */
export class JobLog {
  constructor(private readonly store: Store) {}

  async append(id: string, epoch: number, line: string): Promise<void> {
    const entry = { time: new Date().toISOString(), line }
    await this.store.append(jobKeys(id).log(epoch), `${JSON.stringify(entry)}\n`)
  }

  async start(id: string, attempts: Epochs, { attempt, cursor, tail }: LogQuery) {
    if (cursor !== undefined) return this.placeOf(id, cursor)
    if (tail !== undefined) return this.beforeEnd(id, only(attempts, attempt), tail)
    return { epoch: 0, offset: 0 }
  }

  /** Lines from a place on, as many as there are by now. */
  async *lines(
    id: string,
    attempts: Epochs,
    from: LogPlace,
    attempt?: number,
  ): AsyncGenerator<PlacedLine> {
    for (const { epoch } of only(attempts, attempt)) {
      if (epoch < from.epoch) continue
      let offset = epoch === from.epoch ? from.offset : 0
      for (;;) {
        const piece = await readPiece(this.store, jobKeys(id).log(epoch), offset)
        if (piece.length === 0) break
        for (let at = 0; at < piece.length; ) {
          const end = piece.indexOf(newline, at)
          const { time, line } = JSON.parse(piece.toString('utf8', at, end))
          at = end + 1
          yield { line: { attempt: epoch, time, line }, next: { epoch, offset: offset + at } }
        }
        offset += piece.length
      }
    }
  }

  async page(
    id: string,
    attempts: Epochs,
    { limit, ...query }: LogQuery & { limit: number },
  ): Promise<LogPage> {
    const items: LogLine[] = []
    let next = await this.start(id, attempts, query)
    for await (const placed of this.lines(id, attempts, next, query.attempt)) {
      if (items.length === limit) return { items, nextCursor: cursorOf(next) }
      items.push(placed.line)
      next = placed.next
    }
    return { items, nextCursor: null }
  }

  private async placeOf(id: string, cursor: string): Promise<LogPlace> {
    const [, epochText, offsetText] = /^(\d{1,9})-(\d{1,15})$/.exec(cursor) ?? []
    if (!offsetText) throw invalidCursor(cursor)
    const [epoch, offset] = [Number(epochText), Number(offsetText)]
    if (offset === 0) return { epoch, offset }
    const [before] = await this.store.readFrom(jobKeys(id).log(epoch), offset - 1, 1)
    if (before !== newline) throw invalidCursor(cursor)
    return { epoch, offset }
  }

  private async beforeEnd(id: string, attempts: Epochs, count: number): Promise<LogPlace> {
    let missing = count
    for (const { epoch } of attempts.toReversed()) {
      const key = jobKeys(id).log(epoch)
      const size = await this.store.size(key)
      for (let span = 64 * 1024; ; span *= 4) {
        const start = Math.max(0, size - span)
        const offsets = lineStarts(await this.store.readFrom(key, start, size - start), start)
        if (offsets.length >= missing) return { epoch, offset: offsets.at(-missing)! }
        if (start > 0) continue
        missing -= offsets.length
        break
      }
    }
    return { epoch: 0, offset: 0 }
  }
}

export const logEvent = ({ line, next }: PlacedLine): FeedEvent => ({
  id: cursorOf(next),
  event: 'log',
  data: JSON.stringify(line),
})

/** Of the whole lines in the last bytes of a log, which begin at `start`. */
function lineStarts(bytes: Buffer, start: number): number[] {
  const starts = start === 0 ? [0] : []
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) {
    starts.push(start + at + 1)
  }
  // behind the last newline there is no whole line
  return starts.slice(0, -1)
}

const only = (attempts: Epochs, attempt?: number): Epochs =>
  attempt === undefined ? attempts : attempts.filter(({ epoch }) => epoch === attempt)

const cursorOf = ({ epoch, offset }: LogPlace) => `${epoch}-${offset}`

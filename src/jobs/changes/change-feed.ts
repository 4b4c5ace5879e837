import type { StoredChange } from '../queue/change-log.js'
import { logNotBegun, queueUnavailable } from '../queue/errors.js'
import type { EventBatch, FeedEvent } from '../telemetry/feed-event.js'
import { Signal } from '../telemetry/signal.js'
import type { Turns } from '../telemetry/turns.js'
import { type ChangeFilter, type Matcher, matcherOf } from './change-filter.js'
import { type ChangePosition, formatPosition, oldestId, parsePosition } from './change-position.js'
import type { ChangeBatch, ChangeTail } from './change-tail.js'
import type { JobProgress } from './progress-board.js'

export interface ChangesOptions extends ChangeFilter {
  /** Begin after this event, or with the oldest that is kept (`start`). By default: from now on. */
  after?: string
  signal: AbortSignal
}

export interface PageOptions extends ChangesOptions {
  limit: number
  /** Whether to wait for a change if there is none, until `signal` aborts. */
  waits: boolean
}

/** What a follower learns at once. */
interface Step {
  events: EventBatch
  position: ChangePosition
  /** Whether there are no more for now. */
  isCaughtUp: boolean
}

/** How often a follower whose filter passes nothing learns how far it is. */
const positionIntervalMs = 9_000

/** The changes of all jobs, data sets, models and weights, as streams and as pages. */
export class ChangeFeed {
  private readonly rendered = new WeakMap<StoredChange, FeedEvent>()
  /** What followers without a filter get: one object for all of them. */
  private readonly batches = new WeakMap<ChangeBatch | readonly JobProgress[], EventBatch>()

  constructor(
    private readonly tail: ChangeTail,
    private readonly turns: Turns,
  ) {}

  /** Streams changes, and the progress of running jobs between them, until `signal` aborts. */
  async *stream(options: ChangesOptions): AsyncGenerator<EventBatch> {
    const matches = matcherOf(options)
    let progressVersion = this.tail.progress.version
    let positionTold = Date.now()
    for await (const { events, position, isCaughtUp } of this.follow(options, matches, true)) {
      if (events.length > 0) {
        positionTold = Date.now()
        yield events
      } else if (Date.now() - positionTold > positionIntervalMs) {
        positionTold = Date.now()
        yield [{ id: formatPosition(position) }]
      }
      if (!isCaughtUp) continue
      const running = this.tail.progress.since(progressVersion)
      progressVersion = this.tail.progress.version
      const batch = this.progressBatch(running, matches)
      if (batch.length > 0) yield batch
    }
  }

  /** Returns changes, oldest first, and the id to read on after. Throws QUEUE_UNAVAILABLE if Redis does not answer. */
  async page(options: PageOptions): Promise<{ events: string[]; lastEventId: string }> {
    const { limit, waits } = options
    let position: ChangePosition | null = null
    for await (const step of this.follow(options, matcherOf(options), false)) {
      position = step.position
      const events = step.events.slice(0, limit).filter(event => 'data' in event)
      if (events.length > 0) {
        return { events: events.map(({ data }) => data), lastEventId: events.at(-1)!.id! }
      }
      if (!step.isCaughtUp) continue
      if (this.tail.isDown) break
      if (!waits) return { events: [], lastEventId: formatPosition(step.position) }
    }
    if (this.tail.isDown) throw queueUnavailable('the log of changes cannot be read')
    if (!position) throw logNotBegun()
    return { events: [], lastEventId: formatPosition(position) }
  }

  private async *follow(
    { after, signal }: ChangesOptions,
    matches: Matcher | null,
    isStream: boolean,
  ): AsyncGenerator<Step> {
    const { tail, turns } = this
    const wakeUp = new Signal()
    const onAbort = () => wakeUp.notify()
    signal.addEventListener('abort', onAbort, { once: true })
    tail.subscribe(wakeUp)
    try {
      let position: ChangePosition | null = null
      while (!signal.aborted) {
        await turns.take()
        const newest = tail.position
        if (!newest || (!position && tail.isDown)) {
          if (tail.isDown && !isStream) return
          await wakeUp.wait()
          continue
        }
        if (!position) {
          position = startAfter(after, newest)
          const isNew = after === undefined && isStream
          if (isNew) yield { events: [openEvent(newest)], position, isCaughtUp: false }
        }
        const batch: ChangeBatch | null | undefined = await tail
          .changesAfter(position)
          .catch(() => undefined)
        if (batch === null) {
          if (!tail.position) continue
          position = tail.position
          yield { events: [resetEvent(position)], position, isCaughtUp: false }
        } else if (batch && batch.changes.length > 0) {
          position = batch.position
          yield { events: this.eventsOf(batch, matches), position, isCaughtUp: false }
        } else {
          yield { events: [], position, isCaughtUp: true }
          await wakeUp.wait()
        }
      }
    } finally {
      tail.unsubscribe(wakeUp)
      signal.removeEventListener('abort', onAbort)
    }
  }

  private eventsOf(batch: ChangeBatch, matches: Matcher | null): EventBatch {
    const { epoch } = batch.position
    if (matches) return batch.changes.filter(matches).map(change => this.render(change, epoch))
    const known = this.batches.get(batch)
    const events = known ?? batch.changes.map(change => this.render(change, epoch))
    this.batches.set(batch, events)
    return events
  }

  private progressBatch(running: readonly JobProgress[], matches: Matcher | null): EventBatch {
    const known = matches ? undefined : this.batches.get(running)
    if (known) return known
    const events = running
      .filter(({ job }) => !matches || matches({ type: 'job.progress', job }))
      .map(({ event }) => event)
    if (!matches) this.batches.set(running, events)
    return events
  }

  private render(change: StoredChange, epoch: string): FeedEvent {
    const known = this.rendered.get(change)
    if (known) return known
    const { type, at, data } = change
    const event = toEvent(formatPosition({ epoch, id: change.id }), type, at, data)
    this.rendered.set(change, event)
    return event
  }
}

/** A text that is no id is one of another server, and so is not in the log. */
function startAfter(after: string | undefined, newest: ChangePosition): ChangePosition {
  if (after === undefined) return newest
  if (after === 'start') return { epoch: newest.epoch, id: oldestId }
  return parsePosition(after) ?? { epoch: 'unknown', id: oldestId }
}

const toEvent = (id: string, type: string, at: string, data: string): FeedEvent => ({
  id,
  event: type,
  data: `{"id":"${id}","type":"${type}","timestamp":"${at}","data":${data}}`,
})

const streamEvent = (type: 'stream.open' | 'stream.reset', message: string) => {
  const data = JSON.stringify({ message })
  return (position: ChangePosition) =>
    toEvent(formatPosition(position), type, new Date().toISOString(), data)
}

const openEvent = streamEvent(
  'stream.open',
  'all changes from now on follow; read the lists now, since what was read before may be older',
)

const resetEvent = streamEvent(
  'stream.reset',
  'changes may be missing, because the last event is older than what is kept, or because Redis lost its data: ' +
    'read the lists again (GET /jobs, /datasets, /models, /weights); all later changes follow',
)

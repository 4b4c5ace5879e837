import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { EventBatch } from '../../jobs/telemetry/feed-event.js'
import type { Turns } from '../../jobs/telemetry/turns.js'
import { eventStreamType } from './content-negotiation.js'
import { PacedSockets } from './paced-sockets.js'

export type Feed = (signal: AbortSignal) => AsyncIterable<EventBatch>

export interface EventStreamOptions {
  heartbeatMs: number
  /** Ends the streams on shutdown; clients reconnect with their last id. */
  closing: AbortSignal
  turns: Turns
}

/**
 * Sends feeds as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * There may be thousands of streams that open, wake up and close together, so each has as few objects as
 * possible: it writes to the response itself, and no signal has thousands of listeners.
 */
export class EventStreams {
  private readonly open = new Set<AbortController>()
  private readonly sockets = new PacedSockets()

  constructor(private readonly options: EventStreamOptions) {
    options.closing.addEventListener('abort', () => {
      for (const controller of this.open) controller.abort()
    })
  }

  /** Waits for its turn, then opens a feed and sends it. What `openFeed` throws becomes the answer. */
  async send(reply: FastifyReply, openFeed: () => Promise<Feed>): Promise<FastifyReply> {
    await this.options.turns.take()
    const feed = await openFeed()
    // many feeds may have waited for one read
    await this.options.turns.take()
    const { raw } = reply.hijack()
    if (raw.destroyed) return reply
    raw.writeHead(200, { ...definedHeaders(reply), ...streamHeaders })
    if (reply.request.method === 'HEAD') {
      raw.end()
      return reply
    }
    raw.write('retry: 2000\n\n')
    void this.run(raw, feed)
    return reply
  }

  /** Waits if the client reads slowly, and ends the feed if it disconnects. */
  private async run(raw: ServerResponse, feed: Feed): Promise<void> {
    const { heartbeatMs, closing, turns } = this.options
    const controller = new AbortController()
    const { signal } = controller
    const beat = async () => {
      await turns.take()
      // a client with a backlog needs no heartbeat
      if (!raw.destroyed && raw.writableLength === 0) raw.write(': heartbeat\n\n')
    }
    const heartbeat = setInterval(() => void beat(), heartbeatMs)
    this.open.add(controller)
    const { socket } = raw
    if (socket) this.sockets.add(socket)
    // thousands of connections may close in one turn of the event loop
    raw.once('close', () => void turns.take().then(() => controller.abort(clientHasGone)))
    if (closing.aborted) controller.abort()
    try {
      await writeEvents(feed(signal), raw, signal)
      raw.end()
    } catch (error) {
      if (signal.aborted) raw.end()
      else raw.destroy(error as Error)
    } finally {
      clearInterval(heartbeat)
      this.open.delete(controller)
      if (socket) this.sockets.release(socket)
    }
  }
}

/** One for all: to create an error costs more than to end a stream. */
const clientHasGone = new Error('the client has closed the connection')

async function writeEvents(
  feed: AsyncIterable<EventBatch>,
  raw: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  for await (const batch of feed) {
    if (signal.aborted || raw.destroyed) return
    if (!raw.write(textOf(batch))) await once(raw, 'drain', { signal })
  }
}

/** Followers of a job share batches, so each is formatted once. */
const texts = new WeakMap<EventBatch, Buffer>()

/** One text for each batch: a text that waits in a buffer of Node takes several times its own memory. */
function textOf(batch: EventBatch): Buffer {
  const known = texts.get(batch)
  if (known) return known
  const lines = batch.map(event => {
    const idLine = event.id === undefined ? '' : `id: ${event.id}\n`
    return 'data' in event
      ? `${idLine}event: ${event.event}\ndata: ${event.data}\n\n`
      : `${idLine}\n`
  })
  const text = Buffer.from(lines.join(''))
  texts.set(batch, text)
  return text
}

/** Proxies neither compress the stream nor keep events back; nginx knows its own header only. */
const streamHeaders = {
  'content-type': eventStreamType,
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

/** The headers that hooks have set. */
const definedHeaders = (reply: FastifyReply) =>
  Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined))

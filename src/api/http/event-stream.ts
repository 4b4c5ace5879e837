import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import type { FeedEvent } from '../../jobs/telemetry/job-stream.js'

interface EventStreamOptions {
  heartbeatMs: number
  /** Ends the stream on shutdown; the client reconnects with its last id. */
  closing: AbortSignal
}

/**
 * Sends a feed as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * Waits if the client reads slowly, and ends the feed if it disconnects.
 */
export function eventStream(
  feed: (signal: AbortSignal) => AsyncIterable<FeedEvent>,
  { heartbeatMs, closing }: EventStreamOptions,
): Readable {
  // small, since there may be thousands of streams
  const out = new PassThrough({ highWaterMark: batchChars })
  const disconnected = new AbortController()
  const signal = AbortSignal.any([disconnected.signal, closing])
  const heartbeat = setInterval(() => {
    // a client with a backlog needs no heartbeat
    if (out.writableLength === 0) out.write(': heartbeat\n\n')
  }, heartbeatMs)
  out.on('close', () => {
    clearInterval(heartbeat)
    disconnected.abort()
  })
  out.write('retry: 2000\n\n')
  void writeEvents(feed(signal), out, signal).then(
    () => out.end(),
    error => out.destroy(signal.aborted ? undefined : error),
  )
  return out
}

/**
 * Writes events that come at once as one text. Each text that waits in a buffer of Node takes several times
 * its own memory, and there may be thousands of clients that read slowly.
 */
async function writeEvents(feed: AsyncIterable<FeedEvent>, out: PassThrough, signal: AbortSignal) {
  let batch = ''
  let scheduled: NodeJS.Immediate | undefined
  const flush = () => {
    clearImmediate(scheduled)
    scheduled = undefined
    if (batch !== '' && !out.destroyed) out.write(batch)
    batch = ''
  }
  try {
    for await (const { id, event, data } of feed) {
      if (signal.aborted) return
      const idLine = id === undefined ? '' : `id: ${id}\n`
      batch += `${idLine}event: ${event}\ndata: ${data}\n\n`
      if (batch.length >= batchChars) flush()
      else scheduled ??= setImmediate(flush)
      if (out.writableNeedDrain) await once(out, 'drain', { signal })
    }
  } finally {
    flush()
  }
}

const batchChars = 8 * 1024

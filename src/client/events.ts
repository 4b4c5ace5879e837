import type { Caller, CallOptions } from './caller.js'
import { Deadline } from './deadline.js'
import { eventsOf, type StreamEvent } from './event-text.js'
import { backOff, isPassing, sleep } from './retry.js'

export interface FollowOptions {
  /** Ends the iteration, which then throws the signal's reason. */
  signal?: AbortSignal | undefined
  /** The id of an event: the stream begins after it. */
  after?: string | undefined
  /** The connection is lost, and is tried again. Without a reason, the server has ended the stream, as before a restart. */
  onLost?: ((reason: Error | null) => void) | undefined
  /** The stream goes on. Nothing is missing, and nothing comes twice. */
  onBack?: (() => void) | undefined
  /** How long a lost connection is tried again before the iteration throws; 5 minutes. */
  giveUpAfterMs?: number | undefined
  /** How long the connection may be silent before it counts as lost; 45 s. The server sends something every 15 s. */
  silenceMs?: number | undefined
}

/** What knows when a stream is over: the server ends streams also when it restarts. */
export interface StreamEnd {
  isLast?: (event: StreamEvent) => boolean
  /** Asked when the server has ended the stream after the event `after`. */
  isOver?: (after: string | undefined) => Promise<boolean>
}

const defaultPatienceMs = 300_000

/**
 * Yields the events of a stream. If the connection breaks or stalls, or the server restarts, it connects again and
 * goes on after the last event.
 */
export async function* followEvents(
  caller: Caller,
  path: string,
  options: FollowOptions,
  { isLast, isOver }: StreamEnd,
): AsyncGenerator<StreamEvent> {
  const { signal, onLost, onBack, giveUpAfterMs = defaultPatienceMs, silenceMs } = options
  let { after } = options
  let isOpened = false
  let lostAt: number | null = null
  for (let attempt = 1; ; attempt++) {
    let reason: Error | null = null
    try {
      const onOpen = () => {
        if (lostAt !== null) onBack?.()
        isOpened = true
        lostAt = null
      }
      // the caller repeats the first request; later ones are repeated here
      const call = { signal, retryForMs: isOpened ? 0 : undefined }
      for await (const event of readEvents(caller, path, { ...call, after, silenceMs, onOpen })) {
        attempt = 1
        if (event.id !== undefined) after = event.id
        yield event
        if (isLast?.(event)) return
      }
      if (await isOver?.(after)) return
    } catch (error) {
      signal?.throwIfAborted()
      if (!isOpened || !isPassing(error)) throw error
      reason = error
    }
    if (lostAt === null) onLost?.(reason)
    lostAt ??= performance.now()
    const pause = backOff(attempt)
    if (performance.now() - lostAt + pause > giveUpAfterMs && reason) throw reason
    await sleep(pause, signal)
  }
}

interface ReadOptions extends CallOptions {
  after?: string | undefined
  silenceMs?: number | undefined
  onOpen?: () => void
}

/** The events of one answer. */
async function* readEvents(
  caller: Caller,
  path: string,
  { after, silenceMs, onOpen, signal, ...options }: ReadOptions,
): AsyncGenerator<StreamEvent> {
  const connection = new Deadline(signal, Number.POSITIVE_INFINITY)
  try {
    const response = await caller.request('GET', path, {
      ...options,
      signal: connection.signal,
      headers: {
        accept: 'text/event-stream',
        ...(after !== undefined && { 'last-event-id': after }),
      },
    })
    onOpen?.()
    yield* eventsOf(response, silenceMs)
  } finally {
    connection.abort()
  }
}

import { ProblemError } from '../../client/client.js'
import { eventsOf, type StreamEvent } from '../../client/event-text.js'
import type { Problem } from '../../spec/problem.js'
import { endSessionOf, serverUrl } from './session.js'

export type StreamState = 'connecting' | 'open' | 'lost'

export interface StreamOptions {
  onEvent: (event: StreamEvent) => void
  onState?: (state: StreamState) => void
  /** The server rejects the stream for good, such as that of a deleted job. */
  onRefused?: (error: ProblemError) => void
  /** The id of the event after which the stream begins. */
  after?: string
  /**
   * Asked when the server has ended the stream: whether nothing more will come, as after the end of a job. By
   * default the stream is opened again, since a server that restarts ends its streams too.
   */
  isOver?: () => boolean
}

const firstRetryMs = 500
const longestRetryMs = 10_000

/**
 * Follows a stream of server-sent events until the returned function is called. After a disconnect it goes on
 * after the last event that came. A hidden page closes its streams and goes on once it is shown: browsers allow six
 * connections to a server, which a few tabs would use up. Unlike EventSource, it sees why the server refuses.
 */
export function followStream(path: string, options: StreamOptions): () => void {
  let lastEventId = options.after ?? null
  let connection: AbortController | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let isStopped = false

  async function connect() {
    clearTimeout(timer)
    if (isStopped || document.hidden || connection) return
    connection = new AbortController()
    const { signal } = connection
    options.onState?.('connecting')
    try {
      await read(signal)
      if (options.isOver?.()) return stop()
    } catch (error) {
      if (error instanceof ProblemError && isFinal(error.problem.status)) {
        stop()
        if (!endSessionOf(error)) options.onRefused?.(error)
        return
      }
    }
    if (isStopped || signal.aborted) return
    connection = null
    options.onState?.('lost')
    timer = setTimeout(() => void connect(), Math.min(firstRetryMs * 2 ** failures, longestRetryMs))
    failures += 1
  }

  async function read(signal: AbortSignal) {
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId !== null && { 'last-event-id': lastEventId }),
    }
    const response = await fetch(serverUrl + path, { headers, signal })
    if (!response.ok) throw new ProblemError((await response.json()) as Problem)
    options.onState?.('open')
    for await (const event of eventsOf(response)) {
      failures = 0
      if (event.id !== undefined) lastEventId = event.id
      if (!signal.aborted) options.onEvent(event)
    }
  }

  function onVisibility() {
    if (!document.hidden) return void connect()
    connection?.abort()
    connection = null
    clearTimeout(timer)
  }

  function onOnline() {
    failures = 0
    void connect()
  }

  function stop() {
    isStopped = true
    connection?.abort()
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', onVisibility)
    removeEventListener('online', onOnline)
  }

  document.addEventListener('visibilitychange', onVisibility)
  addEventListener('online', onOnline)
  void connect()
  return stop
}

/** Errors that another attempt would meet again; 429 and 408 pass. */
const isFinal = (status: number) =>
  status >= 400 && status < 500 && status !== 429 && status !== 408

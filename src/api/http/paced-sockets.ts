import type { Socket } from 'node:net'

/** How many sockets are read in one turn of the event loop. */
const atOnce = 100
const leastIntervalMs = 20
/** How often each socket is read, up to `atOnce * roundMs / leastIntervalMs` sockets. */
const roundMs = 1000

/** What Node's sockets have and its documentation does not: to pause a socket does not stop the reads of its handle. */
interface ReadControl {
  readStart(): void
  readStop(): void
}

/**
 * Reads sockets from which nothing is expected but their end, a few in each turn of the event loop. Node
 * handles all connections that have closed in one turn (0.1 to 0.3 ms each), so thousands that close
 * together would hold the event loop for more than a second.
 */
export class PacedSockets {
  /** In the order in which they are read next. */
  private readonly sockets = new Set<Socket>()
  private timer: NodeJS.Timeout | undefined

  /** Stops reading the socket except in its turn. Call `release` before a request is expected again. */
  add(socket: Socket): void {
    handleOf(socket)?.readStop()
    this.sockets.add(socket)
    this.schedule()
  }

  release(socket: Socket): void {
    if (this.sockets.delete(socket)) handleOf(socket)?.readStart()
  }

  private schedule(): void {
    if (this.timer || this.sockets.size === 0) return
    const intervalMs = Math.max(leastIntervalMs, (roundMs * atOnce) / this.sockets.size)
    this.timer = setTimeout(() => this.readNext(), Math.min(intervalMs, roundMs)).unref()
  }

  private readNext(): void {
    const batch = [...take(this.sockets, atOnce)]
    for (const socket of batch) {
      this.sockets.delete(socket)
      this.sockets.add(socket)
      handleOf(socket)?.readStart()
    }
    // immediates run after the turn has read its sockets
    setImmediate(() => {
      for (const socket of batch) if (this.sockets.has(socket)) handleOf(socket)?.readStop()
    })
    this.timer = undefined
    this.schedule()
  }
}

const handleOf = (socket: Socket) => (socket as unknown as { _handle: ReadControl | null })._handle

function* take<T>(values: Iterable<T>, count: number): Generator<T> {
  let taken = 0
  for (const value of values) {
    if (taken++ === count) return
    yield value
  }
}

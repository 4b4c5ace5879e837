import type { Server as HttpServer } from 'node:http'
import { Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FromApi, ToApi } from '../../spec/ipc-messages.js'

/** How long connections that are already accepted may take to send their request. */
const drainMs = 250
/** A supervisor that is stopped (state T) never confirms. */
const handoverTimeoutMs = 1000

/**
 * Serves the public address, whose socket the supervisor holds (supervisor/listen-socket.ts). Accepts
 * connections on that socket, and receives those that the supervisor accepted while no API was running.
 */
export class SocketHandover {
  private listenSocket: Server | null = null
  private draining = false
  private onHandoverDone = () => {}

  constructor(private readonly httpServer: HttpServer) {
    httpServer.prependListener('request', (_request, response) => {
      if (this.draining) response.setHeader('connection', 'close')
    })
    process.on('message', (message: ToApi, handle?: unknown) => {
      if (message.type === 'listenSocket' && handle instanceof Server) this.listenOn(handle)
      if (message.type === 'connection') {
        // confirm before reading: only after this does the supervisor close its copy
        process.send?.({ type: 'accepted', id: message.id } satisfies FromApi)
        // there is no handle if the client has disconnected
        if (handle instanceof Socket) this.accept(handle).resume()
      }
      if (message.type === 'noMoreConnections') this.onHandoverDone()
    })
  }

  /** Stops accepting connections. Those that are open are still served. */
  async drain(): Promise<void> {
    this.draining = true
    this.listenSocket?.close()
    // without a supervisor, no process takes over
    if (process.connected) await this.waitForHandover()
    await sleep(drainMs)
  }

  private async waitForHandover(): Promise<void> {
    const handoverDone = new Promise<void>(resolve => {
      this.onHandoverDone = resolve
    })
    process.send?.({ type: 'closing' } satisfies FromApi)
    await Promise.race([handoverDone, sleep(handoverTimeoutMs, undefined, { ref: false })])
  }

  private listenOn(server: Server): void {
    this.listenSocket = server
    server.on('connection', socket => this.accept(socket))
  }

  /** Serves a connection as if the HTTP server had accepted it itself. */
  private accept(socket: Socket): Socket {
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    this.httpServer.emit('connection', socket)
    return socket
  }
}

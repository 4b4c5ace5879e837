import type { Server as HttpServer } from 'node:http'
import { Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FromApi, ToApi } from '../../spec/ipc-messages.js'

/** Who has come meanwhile speaks first; a supervisor that is stopped answers nothing. */
const drainMs = 250
const handoverTimeoutMs = 1000

/**
 * Connections to an address that the supervisor holds (supervisor/door.ts): we accept on its socket,
 * and are handed those that came while nobody was here.
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
        // before a byte is read: from here on the guest is ours to lose
        process.send?.({ type: 'accepted', id: message.id } satisfies FromApi)
        // none where it has left already
        if (handle instanceof Socket) this.accept(handle).resume()
      }
      if (message.type === 'noMoreConnections') this.onHandoverDone()
    })
  }

  /** Nobody new comes; who is there is served. */
  async drain(): Promise<void> {
    this.draining = true
    this.listenSocket?.close()
    // without a supervisor nobody follows
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

  /** As if our own server had accepted it. */
  private accept(socket: Socket): Socket {
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    this.httpServer.emit('connection', socket)
    return socket
  }
}

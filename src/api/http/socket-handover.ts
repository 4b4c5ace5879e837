import type { Server as HttpServer } from 'node:http'
import { Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FromApi, ToApi } from '../../spec/ipc-messages.js'

/** Who has come meanwhile speaks first; a supervisor that is stopped answers nothing. */
const farewellMs = 250
const shutWithinMs = 1000

/**
 * Connections to an address that the supervisor holds (supervisor/door.ts): we accept on its socket,
 * and are handed those that came while nobody was here.
 */
export class Guests {
  private door: Server | null = null
  private leaving = false
  private shut = () => {}

  constructor(private readonly http: HttpServer) {
    http.prependListener('request', (_request, answer) => {
      if (this.leaving) answer.setHeader('connection', 'close')
    })
    process.on('message', (message: ToApi, handle?: unknown) => {
      if (message.type === 'door' && handle instanceof Server) this.attend(handle)
      if (message.type === 'guest') {
        // before a byte is read: from here on the guest is ours to lose
        process.send?.({ type: 'seated', id: message.id } satisfies FromApi)
        // none where it has left already
        if (handle instanceof Socket) this.seat(handle).resume()
      }
      if (message.type === 'shut') this.shut()
    })
  }

  /** Nobody new comes; who is there is served. */
  async farewell(): Promise<void> {
    this.leaving = true
    this.door?.close()
    // without a supervisor nobody follows
    if (process.connected) await this.untilShut()
    await sleep(farewellMs)
  }

  private async untilShut(): Promise<void> {
    const shut = new Promise<void>(resolve => {
      this.shut = resolve
    })
    process.send?.({ type: 'closing' } satisfies FromApi)
    await Promise.race([shut, sleep(shutWithinMs, undefined, { ref: false })])
  }

  private attend(door: Server): void {
    this.door = door
    door.on('connection', socket => this.seat(socket))
  }

  /** As if our own server had accepted it. */
  private seat(socket: Socket): Socket {
    socket.allowHalfOpen = true
    socket.setNoDelay(true)
    this.http.emit('connection', socket)
    return socket
  }
}

import type { ChildProcess } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import { TrainyardError } from '../errors.js'
import type { ToApi } from '../spec/ipc-messages.js'

/** A connection that waits longer than this for an API is closed. */
const maxWaitMs = 30_000

/**
 * The public address. The supervisor holds the listening socket, so no connection is refused while the
 * API restarts. A running API accepts connections itself, on the same socket. Without one, connections
 * wait here and are handed over to the next API. We close our copy of a socket only after the API
 * confirms receipt: if the API dies first, the next one gets it, and Node would leak the queued handle.
 */
export class ListenSocket {
  /** Connections that no API has confirmed, by the id that is sent to the API. */
  private readonly pendingConnections = new Map<number, Socket>()
  private lastId = 0
  private activeApi: ChildProcess | null = null

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('connection', socket => this.addPending(socket))
  }

  static async open(host: string, port: number): Promise<ListenSocket> {
    // the API reads the request, so this process must not
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause: NodeJS.ErrnoException) => {
        const message = `cannot listen on ${host}, port ${port} (${cause.code}); choose others with TRAINYARD_HOST and TRAINYARD_PORT`
        reject(new TrainyardError('ADDRESS_UNUSABLE', message, { cause }))
      })
      server.listen({ host, port }, resolve)
    })
    return new ListenSocket(server, urlOf(server))
  }

  /** Hands the listening socket and all pending connections to an API. */
  setActive(api: ChildProcess): void {
    this.activeApi = api
    send(api, { type: 'listenSocket' }, this.server)
    for (const [id, socket] of this.pendingConnections)
      send(api, { type: 'connection', id }, socket)
  }

  /** An API has confirmed receipt of a connection. */
  markAccepted(id: number): void {
    this.pendingConnections.get(id)?.destroy()
  }

  /** The API is closing or gone: new connections wait for the next one. */
  stopAccepting(api: ChildProcess): void {
    if (this.activeApi === api) this.activeApi = null
    send(api, { type: 'noMoreConnections' })
  }

  close(): void {
    this.server.close()
    for (const socket of this.pendingConnections.values()) socket.destroy()
  }

  private addPending(socket: Socket): void {
    const id = ++this.lastId
    const timer = setTimeout(() => socket.destroy(), maxWaitMs)
    this.pendingConnections.set(id, socket)
    socket.on('error', () => {}) // the client closed the connection
    socket.once('close', () => {
      clearTimeout(timer)
      this.pendingConnections.delete(id)
    })
    if (this.activeApi) send(this.activeApi, { type: 'connection', id }, socket)
  }
}

function send(api: ChildProcess, message: ToApi, handle?: Server | Socket): void {
  // if the API is gone, its unconfirmed connections go to the next one
  if (api.connected) api.send(message, handle, { keepOpen: true }, () => {})
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as {
    address: string
    family: string
    port: number
  }
  if (family !== 'IPv6') return `http://${address === '0.0.0.0' ? '127.0.0.1' : address}:${port}`
  return `http://[${address === '::' ? '::1' : address}]:${port}`
}

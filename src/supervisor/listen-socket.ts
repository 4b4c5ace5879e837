import type { ChildProcess } from 'node:child_process'
import { createServer, type Server, type Socket } from 'node:net'
import { TrainyardError } from '../errors.js'
import type { ToApi } from '../spec/ipc-messages.js'

/** Whoever has waited so long for an API is sent away. */
const maxWaitMs = 30_000

/**
 * The address that clients know. This process holds it as long as it runs, so that nobody is refused
 * while the API is restarted: the API accepts connections itself, on the same socket; whom we have
 * accepted meanwhile waits here, and is handed over. Our end stays open until an API says that it has
 * theirs: one that dies before goes without them, and Node would hold for ever what waited to be sent.
 */
export class ListenSocket {
  /** By the number under which an API knows them. */
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
    // unread until its API has it
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

  /** From now on this one takes all who come. */
  setActive(api: ChildProcess): void {
    this.activeApi = api
    send(api, { type: 'listenSocket' }, this.server)
    for (const [id, socket] of this.pendingConnections)
      send(api, { type: 'connection', id }, socket)
  }

  /** An API has this one. */
  markAccepted(id: number): void {
    this.pendingConnections.get(id)?.destroy()
  }

  /** The API takes nobody any more, or is gone: who comes waits for the next one. */
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
    socket.on('error', () => {}) // it gave up
    socket.once('close', () => {
      clearTimeout(timer)
      this.pendingConnections.delete(id)
    })
    if (this.activeApi) send(this.activeApi, { type: 'connection', id }, socket)
  }
}

function send(api: ChildProcess, message: ToApi, handle?: Server | Socket): void {
  // what one that ends misses goes to the next
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

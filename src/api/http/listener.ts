import { type AddressInfo, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { addressUnusable } from '../../errors.js'

/** Connections that may wait to be accepted. The kernel has a limit too (`net.core.somaxconn`, 4096 by default). */
const backlog = 4096
/** How long open connections may take to send their next request before they are closed. */
const drainMs = 250

export interface ListenOptions {
  host: string
  port: number
  /**
   * Copies of a bound socket, inherited from the supervisor (supervisor/listen-socket.ts), to use instead of binding
   * one. Each accepts one connection in a turn of the event loop.
   */
  fds: readonly number[]
}

/** Accepts the connections of an app. */
export class Listener {
  private draining = false
  /** Servers that accept connections for the app's own server. */
  private readonly acceptors: Server[] = []

  constructor(private readonly app: FastifyInstance) {
    app.server.prependListener('request', (_request, response) => {
      if (this.draining) response.setHeader('connection', 'close')
    })
  }

  /** Returns the URL of the address. Throws ADDRESS_UNUSABLE. */
  async listen({ host, port, fds: [fd, ...copies] }: ListenOptions): Promise<string> {
    const { server } = this.app
    if (fd !== undefined) listenOn(server, fd)
    try {
      // of `localhost`, Fastify would bind the other addresses too, beside an inherited socket
      await this.app.listen({ host: fd === undefined ? host : '127.0.0.1', port, backlog })
    } catch (cause) {
      throw addressUnusable(host, port, cause as NodeJS.ErrnoException)
    }
    for (const copy of copies) this.acceptors.push(this.acceptOn(copy))
    return urlOf(server.address() as AddressInfo)
  }

  /**
   * Stops accepting connections. New ones wait in the kernel for the next process that has the socket.
   * Those that are accepted are served, and told to close: first while new ones are still accepted, so
   * that clients with an open connection learn of it, then for those that were accepted last.
   */
  async drain(): Promise<void> {
    this.draining = true
    await sleep(drainMs)
    for (const server of [this.app.server, ...this.acceptors]) server.close()
    await sleep(drainMs)
  }

  private acceptOn(fd: number): Server {
    // the options of Node's HTTP server
    const acceptor = createServer({ allowHalfOpen: true, noDelay: true })
    acceptor.on('connection', socket => this.app.server.emit('connection', socket))
    listenOn(acceptor, fd).listen()
    return acceptor
  }
}

/** Makes `server.listen` use an inherited socket. Fastify can pass on a file descriptor, but not the backlog with it. */
function listenOn(server: Server, fd: number): Server {
  // a documented form of the arguments, which Node's types lack
  const listen: (options: { fd: number }, backlog: number) => Server = server.listen.bind(server)
  server.listen = () => listen({ fd }, backlog)
  return server
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (family !== 'IPv6') return `http://${address === '0.0.0.0' ? '127.0.0.1' : address}:${port}`
  return `http://[${address === '::' ? '::1' : address}]:${port}`
}

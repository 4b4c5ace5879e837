import type { AddressInfo } from 'node:net'
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
  /** A bound socket inherited from the supervisor (supervisor/listen-socket.ts), to use instead of binding one. */
  fd: number | null
}

/** Accepts the connections of an app. */
export class Listener {
  private draining = false

  constructor(private readonly app: FastifyInstance) {
    app.server.prependListener('request', (_request, response) => {
      if (this.draining) response.setHeader('connection', 'close')
    })
  }

  /** Returns the URL of the address. Throws ADDRESS_UNUSABLE. */
  async listen({ host, port, fd }: ListenOptions): Promise<string> {
    const { server } = this.app
    if (fd !== null) listenOn(server, fd)
    try {
      // of `localhost`, Fastify would bind the other addresses too, beside an inherited socket
      await this.app.listen({ host: fd === null ? host : '127.0.0.1', port, backlog })
    } catch (cause) {
      throw addressUnusable(host, port, cause as NodeJS.ErrnoException)
    }
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
    this.app.server.close()
    await sleep(drainMs)
  }
}

/** Makes `server.listen` use an inherited socket. Fastify can pass on a file descriptor, but not the backlog with it. */
function listenOn(server: FastifyInstance['server'], fd: number): void {
  // a documented form of the arguments, which Node's types lack
  const listen: (options: { fd: number }, backlog: number) => typeof server =
    server.listen.bind(server)
  server.listen = () => listen({ fd }, backlog)
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (family !== 'IPv6') return `http://${address === '0.0.0.0' ? '127.0.0.1' : address}:${port}`
  return `http://[${address === '::' ? '::1' : address}]:${port}`
}

import { lookup } from 'node:dns/promises'
import net from 'node:net'
import type { Stream } from 'node:stream'
import { getSystemErrorName } from 'node:util'
import { addressUnusable } from '../errors.js'

/** Node's internal TCP handle, as far as it is used here. Its methods return an error number, or 0. */
interface TcpHandle {
  getsockname(address: object): number
  close(): void
}

/** Node's cluster module shares sockets with this function. Node has no public way to bind without accepting. */
const { _createServerHandle: bindSocket } = net as unknown as {
  _createServerHandle(address: string, port: number, family: number): TcpHandle | number
}

/**
 * The socket of the public address, for the stdio of an API process. The supervisor only binds it and
 * keeps it open; the API listens on it and is the only one that accepts. If no API runs, connections
 * wait in the kernel, and the next API accepts them.
 */
export class ListenSocket {
  private constructor(private readonly handle: TcpHandle) {}

  /** Throws ADDRESS_UNUSABLE. A host name stands for the first of its addresses. */
  static async bind(host: string, port: number): Promise<ListenSocket> {
    const { address, family } = await lookup(host).catch(cause => {
      throw addressUnusable(host, port, cause)
    })
    const handle = bindSocket(address, port, family)
    // an address in use is reported only here
    const code = typeof handle === 'number' ? handle : handle.getsockname({})
    if (code === 0) return new ListenSocket(handle as TcpHandle)
    if (typeof handle !== 'number') handle.close()
    const name = getSystemErrorName(code)
    throw addressUnusable(host, port, Object.assign(new Error(name), { code: name }))
  }

  /** For the `stdio` option of a child process, which inherits the socket under its index there. */
  get stdio(): Stream {
    // Node accepts its TCP handles here, but its types list only streams
    return this.handle as unknown as Stream
  }

  close(): void {
    this.handle.close()
  }
}

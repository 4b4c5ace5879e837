import { once } from 'node:events'
import { type AddressInfo, createServer, connect as open, type Socket } from 'node:net'

/** A TCP proxy before a server, whose connections can be cut, stalled and refused. */
export interface CuttingProxy {
  url: string
  /** The server's URL; it may change while the proxy runs. */
  target: string
  /** Ends all connections, in the middle of whatever they send. Returns how many there were. */
  cut(): number
  /** The connections that are open stay, and nothing comes through them any more. */
  stall(): void
  close(): void
}

export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const pairs = new Set<[Socket, Socket]>()
  const proxy = createServer(client => {
    const { hostname, port } = new URL(opened.target)
    const server = open(Number(port), hostname)
    const pair: [Socket, Socket] = [client, server]
    pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        for (const each of pair) each.destroy()
      })
    }
    client.pipe(server).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const cut = () => {
    const { size } = pairs
    for (const [client] of pairs) client.destroy()
    return size
  }
  const opened: CuttingProxy = {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    target,
    cut,
    stall() {
      for (const [client, server] of pairs) server.unpipe(client)
    },
    close() {
      cut()
      proxy.close()
    },
  }
  return opened
}

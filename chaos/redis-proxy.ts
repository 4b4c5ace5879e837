// A TCP proxy in front of Redis that can simulate a network partition.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** How much of what a client sent last is kept, to recognize its connection. */
const sentHistoryBytes = 64 * 1024

/**
 * Relays bytes between clients and Redis. A stalled connection stays open but carries nothing in either
 * direction, as if the network dropped all packets. Data sent in the meantime arrives after `heal`, as TCP
 * would retransmit it. Use one proxy for each process that is to be cut off separately.
 */
export class RedisProxy {
  private readonly connections = new Set<Connection>()
  private partitioned = false

  private constructor(
    private readonly server: Server,
    /** A value for REDIS_URL. */
    readonly url: string,
  ) {}

  /** Listens on a free port. `redisUrl` is redis://… or unix://… */
  static async open(redisUrl: string): Promise<RedisProxy> {
    const redis = new URL(redisUrl)
    const dial = () =>
      redis.protocol === 'unix:'
        ? connect(decodeURIComponent(redis.pathname))
        : connect(Number(redis.port || 6379), redis.hostname)
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const login = redis.password ? `${redis.username}:${redis.password}@` : ''
    const proxy = new RedisProxy(server, `redis://${login}127.0.0.1:${port}`)
    server.on('connection', client => proxy.relay(client, dial()))
    return proxy
  }

  /** Stalls the open connections that recently sent `text`, ignoring case; returns how many. */
  stallMatching(text: string): number {
    const found = [...this.connections].filter(one => one.hasSent(text))
    for (const connection of found) connection.pause()
    return found.length
  }

  /** Stalls all connections, including those opened before `heal`. */
  partition(): void {
    this.partitioned = true
    for (const connection of this.connections) connection.pause()
  }

  heal(): void {
    this.partitioned = false
    for (const connection of this.connections) connection.resume()
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    for (const connection of this.connections) connection.destroy()
    await closed
  }

  private relay(client: Socket, redis: Socket): void {
    const connection = new Connection(client, redis, () => this.connections.delete(connection))
    this.connections.add(connection)
    if (this.partitioned) connection.pause()
  }
}

class Connection {
  private sent = ''

  constructor(
    private readonly client: Socket,
    private readonly redis: Socket,
    onClose: () => void,
  ) {
    client.on('data', bytes => {
      this.sent = (this.sent + bytes.toString('latin1')).slice(-sentHistoryBytes)
      redis.write(bytes)
    })
    redis.on('data', bytes => client.write(bytes))
    for (const [one, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      one.on('end', () => other.end())
      // a 'close' event follows
      one.on('error', () => {})
      one.on('close', () => {
        other.destroy()
        onClose()
      })
    }
  }

  hasSent(text: string): boolean {
    return this.sent.toLowerCase().includes(text.toLowerCase())
  }

  pause(): void {
    this.client.pause()
    this.redis.pause()
  }

  resume(): void {
    this.client.resume()
    this.redis.resume()
  }

  destroy(): void {
    this.client.destroy()
    this.redis.destroy()
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { eventually } from './eventually.js'

export type TestRedis = Awaited<ReturnType<typeof startRedis>>

/** Starts a Redis for one test, which may stop, restart and flush it. It listens on a socket in `folder`. */
export async function startRedis(folder: string) {
  const path = join(folder, 'redis.sock')
  const args = ['--port', '0', '--unixsocket', path, '--save', '', '--dir', folder]
  let server: ChildProcess | null = null
  const start = async () => {
    server = spawn('redis-server', args, { stdio: 'ignore' })
    const probe = new Redis({ path, retryStrategy: () => 20 })
    probe.on('error', () => {})
    const answers = async () => (await probe.ping().catch(() => '')) === 'PONG'
    await eventually('Redis to answer', answers).finally(() => probe.disconnect())
  }
  const stop = async () => {
    server?.kill()
    if (server) await once(server, 'exit')
    server = null
  }
  const flush = async () => {
    const connection = new Redis({ path })
    await connection.flushall()
    connection.disconnect()
  }
  await start()
  return {
    connection: { path },
    url: `unix://localhost${path}`,
    prefix: `test-${randomUUID().slice(0, 8)}`,
    start,
    stop,
    flush,
  }
}

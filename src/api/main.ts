import { rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { childEnvironment, readConfig } from '../config.js'
import { TrainyardError } from '../errors.js'
import type { Jobs } from '../jobs/jobs.js'
import type { FromApi, ToApi } from '../spec/ipc-messages.js'
import { buildApp } from './app.js'
import { SocketHandover } from './http/socket-handover.js'
import { createLogger } from './log.js'
import { openParts } from './parts.js'

async function main(): Promise<void> {
  const config = readConfig()
  if (!config.redis) {
    const message = 'the API needs REDIS_URL; `npm start` sets it and runs a Redis'
    throw new TrainyardError('REDIS_MISSING', message)
  }
  const log = createLogger(config.logLevel)
  const { parts, close } = await openParts(
    {
      ...config,
      redis: { connection: config.redis, prefix: config.redisPrefix },
      childEnvironment: childEnvironment(),
    },
    log,
  )
  const allowedHosts = isLoopback(config.host) ? 'loopback' : 'any'
  const app = await buildApp({ ...parts, log, allowedHosts })
  // The supervisor holds the public address and passes a private socket path. Listening on it makes Node
  // enforce its request timeouts, which it does only for a server that listens.
  const socketPath = process.argv[2]
  const handover = socketPath === undefined ? null : new SocketHandover(app.server)

  let shuttingDown = false
  const shutdown = async (reason: string) => {
    if (shuttingDown) return
    shuttingDown = true
    log.info({ reason }, 'shutting down')
    try {
      await handover?.drain()
      await app.close()
      await close()
    } catch (error) {
      // for example, Redis is down and cannot be disconnected in order
      log.warn({ err: error }, 'some parts could not be closed in order')
    }
    process.exit(0)
  }
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.on(event, () => void shutdown(event))
  }
  process.on('message', (message: ToApi) => {
    if (message.type === 'shutdown') void shutdown('shutdown')
  })

  await waitUntilReady(parts.jobs)
  if (socketPath !== undefined) await rm(socketPath, { force: true })
  const { host, port } = config
  const url = await app.listen(socketPath === undefined ? { host, port } : { path: socketPath })
  process.send?.({ type: 'listening', url } satisfies FromApi)
}

/** Waits up to 5 s for Redis, so that the first requests do not fail. Starts without it after that. */
async function waitUntilReady(jobs: Pick<Jobs, 'ready'>): Promise<void> {
  for (let tries = 0; tries < 100 && !(await jobs.ready()); tries++) await sleep(50)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

main().catch((error: unknown) => {
  console.error(error instanceof TrainyardError ? `api: ${error.message}` : error)
  process.exit(1)
})

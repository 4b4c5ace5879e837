import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { childEnvironment, readConfig } from '../config.js'
import { TrainyardError } from '../errors.js'
import { answerPings } from '../ipc/health-check.js'
import type { Jobs } from '../jobs/jobs.js'
import { logOutput } from '../log.js'
import type { FromApi, ToApi } from '../spec/ipc-messages.js'
import { openPrivateFolder } from '../store/private-folder.js'
import { buildApp } from './app.js'
import { Listener } from './http/listener.js'
import { createLogger } from './log.js'
import { openParts } from './parts.js'

async function main(): Promise<void> {
  const config = readConfig()
  if (!config.redis) {
    const message = 'the API needs REDIS_URL; `npm start` sets it and runs a Redis'
    throw new TrainyardError('REDIS_MISSING', message)
  }
  const log = createLogger(config.logLevel, await logOutput())
  await openPrivateFolder(config.dataFolder, line => log.warn(line))
  const { parts, close } = await openParts(
    {
      ...config,
      redis: { connection: config.redis, prefix: config.redisPrefix },
      childEnvironment: childEnvironment(),
    },
    log,
  )
  // a server that listens beyond loopback cannot know the names that lead to it
  const allowedHosts = config.allowedHosts ?? (isLoopback(config.host) ? [] : ['*'])
  const access = { ...config, allowedHosts }
  let restarts: Record<string, number> = {}
  const grpc = config.grpcPort === null ? null : { host: config.host, port: config.grpcPort }
  const app = await buildApp({ ...parts, log, access, grpc, restarts: () => restarts })
  const listener = new Listener(app)

  let shuttingDown = false
  const shutdown = async (reason: string) => {
    if (shuttingDown) return
    shuttingDown = true
    log.info({ reason }, 'shutting down')
    try {
      await listener.drain()
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
    if (message.type === 'restarts') restarts = message.counts
  })

  await waitUntilReady(parts.jobs)
  await parts.jobs.assertRedisUsable()
  // the supervisor passes file descriptors of the socket of the public address
  const fds = process.argv.slice(2).map(Number)
  const url = await listener.listen({ host: config.host, port: config.port, fds })
  process.send?.({ type: 'listening', url } satisfies FromApi)
  // not before: compiling the schemas holds the event loop
  answerPings(silent => {
    const pid = process.ppid
    if (!silent) return log.info({ pid }, 'the supervisor answers again')
    const hint = `the supervisor is stopped: requests are served, but no process is restarted until it continues (kill -CONT ${pid})`
    log.warn({ pid }, hint)
  })
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

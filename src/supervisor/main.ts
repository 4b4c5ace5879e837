// Starts Redis, the API and the worker, restarts them if they end, and stops them in order.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Config, childEnvironment, readConfig, setEnvironment } from '../config.js'
import { TrainyardError } from '../errors.js'
import { scriptPath } from '../places.js'
import type { FromApi } from '../spec/ipc-messages.js'
import { openStore } from '../store/open-store.js'
import { assertRoomForNew, openPrivateFolder } from '../store/private-folder.js'
import { toStorageError } from '../store/storage-errors.js'
import { apiEnvironment, apiFlags, apiScript } from './api-process.js'
import { EmbeddedRedis } from './embedded-redis.js'
import { assertRedisUsable } from './external-redis.js'
import { lockFolder } from './folder-lock.js'
import { KeptFiles } from './kept-files.js'
import { ListenSocket } from './listen-socket.js'
import { firstInheritedFd, Service } from './service.js'

const drainTimeoutMs = 30_000
const closeTimeoutMs = 10_000
const lastRequestsMs = 15_000
/** No request holds the API's event loop for a second; longer silence is an endless loop, or a very busy machine. */
const maxSilentMs = 10_000
/** The worker only supervises, but a restart interrupts its jobs. */
const maxWorkerSilentMs = 60_000

/**
 * Copies of the public socket that the API accepts on. libuv accepts one connection for each file descriptor
 * in each turn of the event loop: with one, a crowd keeps other clients waiting to be accepted.
 */
const acceptors = 64

/** An earlier supervisor of this server was killed. */
const isRestarted = process.argv.includes('--restarted')

const workerScript = scriptPath('workers/worker')

async function main(): Promise<void> {
  const config = readConfig()
  // printed by each process, also into the logs of jobs
  if (config.store) setEnvironment({ AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' })
  await openPrivateFolder(config.dataFolder, console.error)
  const lock = await lockFolder(config.dataFolder)
  await assertRoomForNew(config.dataFolder)
  // a server that was started again waits for a Redis that is away
  if (config.redis && !isRestarted) await assertRedisUsable(config.redis, config.redisPrefix)
  // Here too, so that a store of another format is reported once, before any process starts.
  await openStore(config, { keepsFolders: true })
  const listenSocket = await bind(config.host, config.port)
  const keptFiles = new KeptFiles(config.dataFolder, console.error)
  const redis = config.redis ? null : await EmbeddedRedis.open(config.dataFolder)
  const environment = childEnvironment(redis ? { REDIS_URL: redis.url } : {})

  const restarts = { api: 0, worker: 0, redis: 0 }
  // the API serves them as a metric
  const sendRestarts = () => api.send({ type: 'restarts', counts: restarts })
  const countRestart = (name: keyof typeof restarts) => {
    restarts[name]++
    sendRestarts()
  }
  redis?.keepRunning(() => countRestart('redis'))

  let exitCode = 0
  let shutdownPromise: Promise<void> | null = null
  const end = (status: number) => {
    exitCode ||= status
    shutdownPromise ??= shutDown()
  }
  let listening = false
  const api = new Service({
    name: 'api',
    script: apiScript,
    flags: apiFlags,
    environment: { ...apiEnvironment, ...environment },
    inherit: Array.from({ length: acceptors }, () => listenSocket.stdio),
    args: Array.from({ length: acceptors }, (_, i) => String(firstInheritedFd + i)),
    maxSilentMs,
    onMessage: from => {
      const message = from as FromApi
      if (message.type !== 'listening') return
      sendRestarts()
      if (listening) return
      listening = true
      lock.tellUrl(message.url)
      process.send?.(message)
      void printBanner(message.url, config, redis)
    },
    onCrash: (reason, restartDelayMs) => {
      // an API that ends before it ever listened has a configuration error, which it has printed
      if (!listening) return end(1)
      countRestart('api')
      console.error(`the api ended (${reason}); starting it again ${when(restartDelayMs)}`)
    },
  })
  const worker = new Service({
    name: 'worker',
    script: workerScript,
    environment,
    maxSilentMs: maxWorkerSilentMs,
    onCrash: (reason, restartDelayMs) => {
      countRestart('worker')
      console.error(`the worker ended (${reason}); starting it again ${when(restartDelayMs)}`)
    },
  })

  async function shutDown(): Promise<void> {
    console.log('\nstopping: running jobs save a checkpoint and return to the queue')
    await worker.stop(drainTimeoutMs)
    listenSocket.close()
    await api.stop(closeTimeoutMs)
    keptFiles.close()
    await redis?.stop()
    await lock.release()
    process.exit(exitCode)
  }
  // the parent process is gone
  process.on('disconnect', () => end(0))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!shutdownPromise) return end(0)
      if (signal !== 'SIGINT') return
      console.error('stopping now')
      worker.kill()
      api.kill()
    })
  }
}

const when = (delayMs: number): string => (delayMs === 0 ? 'at once' : `in ${delayMs} ms`)

/** After the death of an earlier supervisor, its API still has the address until it has answered its last requests. */
async function bind(host: string, port: number): Promise<ListenSocket> {
  const waitMs = isRestarted ? lastRequestsMs : 0
  for (const since = Date.now(); ; await sleep(100)) {
    try {
      return await ListenSocket.bind(host, port)
    } catch (error) {
      if (Date.now() - since >= waitMs) throw error
    }
  }
}

async function printBanner(
  url: string,
  { dataFolder, store, publicUrl }: Pick<Config, 'dataFolder' | 'store' | 'publicUrl'>,
  redis: EmbeddedRedis | null,
): Promise<void> {
  const keyFile = join(dataFolder, 'key')
  // only to a person at a terminal: other output is kept in logs
  const key = process.stdout.isTTY
    ? await readFile(keyFile, 'utf8').catch(() => 'see TRAINYARD_KEY')
    : null
  const record = store === null ? '' : `\n    store        s3://${store.bucket}/${store.prefix}`
  const queue = redis ? `embedded${redis.adopted ? ', still running' : ''}` : 'REDIS_URL'
  console.log(`
  Trainyard listens on ${url}${publicUrl ? `, for ${publicUrl}` : ''} (first steps: open it in a browser)

    key          ${key === null ? `in ${keyFile}` : `${key.trim()}\n                 (kept in ${keyFile})`}
    data folder  ${dataFolder}${record}
    redis        ${queue}

  ${process.stdout.isTTY ? 'Ctrl-C' : '`trainyard down`'} stops it; running jobs continue at the next start.
`)
}

main().catch((cause: unknown) => {
  const error = toStorageError(cause)
  console.error(error instanceof TrainyardError ? `trainyard: ${error.message}` : error)
  process.exit(1)
})

// The API process: opens every part, listens, and closes all in order when it is told to.
import { rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { childEnvironment, readConfig } from '../config.js'
import { Datasets } from '../datasets/datasets.js'
import { TrainyardError } from '../errors.js'
import { Jobs } from '../jobs/jobs.js'
import { openPredictor, openRowPredictor } from '../models/predictor-client.js'
import { ModelRegistry } from '../models/registry.js'
import { openPlanner } from '../planning/dry-run-process.js'
import type { FromApi, ToApi } from '../spec/ipc-messages.js'
import { diskWithFailpoints } from '../store/failpoints.js'
import { openFolderStore } from '../store/folder-store.js'
import { Webhooks } from '../webhooks/webhooks.js'
import { WeightsStore } from '../weights/weights-store.js'
import { buildApp } from './app.js'
import { ensureApiKey, ensureSecret, loadApiKeys } from './http/api-keys.js'
import { SocketHandover } from './http/socket-handover.js'
import { createLogger } from './log.js'

async function main(): Promise<void> {
  const config = readConfig()
  if (!config.redis) {
    const message = 'the API needs REDIS_URL; `npm start` runs a Redis of its own'
    throw new TrainyardError('REDIS_MISSING', 'invalid', message)
  }
  const log = createLogger(config.logLevel)
  const store = await openFolderStore(
    config.dataFolder,
    diskWithFailpoints(config.failpoints, 'api'),
  )
  await ensureApiKey(config.dataFolder)
  const keys = await loadApiKeys(config.dataFolder, config.key)
  const datasets = new Datasets(store)
  const models = new ModelRegistry(store)
  const weights = new WeightsStore(store)
  const redis = { connection: config.redis, prefix: config.redisPrefix }
  const jobs = new Jobs({
    store,
    redis,
    log,
    findDataset: id => datasets.get(id),
    findModel: (name, version) => models.get(name, version),
    findWeights: id => weights.get(id),
    estimateSize: openPlanner(
      fileURLToPath(new URL('../../workers/planner.js', import.meta.url)),
      childEnvironment(),
    ),
  })
  const predictor = openPredictor({
    script: fileURLToPath(new URL('../../workers/predictor.js', import.meta.url)),
    env: childEnvironment(),
    log,
  })
  const webhooks = new Webhooks({
    store,
    log,
    jobs: jobs.feed,
    allowedNetworks: config.webhooks,
    serverSecret: await ensureSecret(join(config.dataFolder, 'webhook-secret'), 'tw_'),
  })
  const rowPredictor = openRowPredictor({
    script: fileURLToPath(new URL('../../workers/row-predictor.js', import.meta.url)),
    env: childEnvironment(),
    log,
  })
  const predictors = { predictor, rowPredictor }
  const deps = { jobs, datasets, models, weights, ...predictors, webhooks, keys, log }
  const allowedHosts = isLoopback(config.host) ? 'loopback' : 'any'
  const app = await buildApp({ ...deps, allowedHosts })
  // where a supervisor holds the address, it names a socket for us alone: Node watches over the time
  // that requests take only where it listens
  const socketPath = process.argv[2]
  const handover = socketPath === undefined ? null : new SocketHandover(app.server)

  let shuttingDown = false
  const shutdown = async (reason: string) => {
    if (shuttingDown) return
    shuttingDown = true
    log.info({ reason }, 'closing')
    try {
      await handover?.drain()
      await app.close()
      await webhooks.close()
      await predictor.close()
      await rowPredictor.close()
      await jobs.close()
    } catch (error) {
      // a part that is away cannot be closed, and need not be
      log.warn({ err: error }, 'not all parts closed in order')
    }
    process.exit(0)
  }
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.on(event, () => void shutdown(event))
  }
  process.on('message', (message: ToApi) => {
    if (message.type === 'shutdown') void shutdown('shutdown')
  })

  await waitUntilReady(jobs)
  if (socketPath !== undefined) await rm(socketPath, { force: true })
  const { host, port } = config
  const url = await app.listen(socketPath === undefined ? { host, port } : { path: socketPath })
  process.send?.({ type: 'listening', url } satisfies FromApi)
}

/** Before the first connect every request would fail; a Redis that stays away must not stop us, though. */
async function waitUntilReady(jobs: Jobs): Promise<void> {
  for (let tries = 0; tries < 100 && !(await jobs.ready()); tries++) await sleep(50)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

main().catch((error: unknown) => {
  console.error(error instanceof TrainyardError ? `api: ${error.message}` : error)
  process.exit(1)
})

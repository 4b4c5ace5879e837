// The worker process: takes jobs from the queue and has trainers, its children, train them.
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { childEnvironment, readConfig } from '../src/config.js'
import { Datasets } from '../src/datasets/datasets.js'
import { engineEnvironment } from '../src/engine/environment.js'
import { findGpus } from '../src/engine/gpus.js'
import { TrainyardError } from '../src/errors.js'
import { JobIndex } from '../src/jobs/queue/job-index.js'
import { LiveStatePublisher } from '../src/jobs/queue/live-state.js'
import { Notifications } from '../src/jobs/queue/notifications.js'
import { JobQueue } from '../src/jobs/queue/queue.js'
import { blockingOptions, connect, logConnectionErrors } from '../src/jobs/queue/redis.js'
import { Checkpoints } from '../src/jobs/record/checkpoints.js'
import { JobRecords } from '../src/jobs/record/records.js'
import { diskWithFailpoints } from '../src/store/failpoints.js'
import { openFolderStore } from '../src/store/folder-store.js'
import { sweepStaging } from '../src/store/staging.js'
import { Consumer } from './supervision/consumer.js'
import { Watchdog } from './supervision/consumer-watchdog.js'
import { recoverOrphans } from './supervision/orphan-recovery.js'
import { Slots } from './supervision/slots.js'
import type { TrainerLaunchOptions } from './supervision/trainer-process.js'

const orphanCheckIntervalMs = 5000
/** The supervisor starts us again; sysexits.h calls it a temporary failure. */
const stuckExitCode = 75
const drainTimeoutMs = 20_000
/** A trainer in reserve costs about 0.1 GB of its own; below this, training needs the rest. */
const minMemoryForSpareBytes = 2 * 2 ** 30
const trainerScript = fileURLToPath(new URL('trainer.js', import.meta.url))

async function main(): Promise<void> {
  const config = readConfig()
  if (!config.redis) {
    const message = 'a worker needs REDIS_URL; `npm start` runs a Redis of its own'
    throw new TrainyardError('REDIS_MISSING', message)
  }
  const log = pino({ name: 'worker', level: config.logLevel })
  const onError = logConnectionErrors(log)
  const gpus = await findGpus()
  // on a card a second process takes memory that a job may want; only its owner can tell
  const keepSpares = config.spareTrainers ?? gpus.length === 0
  const slots = new Slots(
    trainerLaunchOptions(config.slots, gpus),
    () => keepSpares && process.availableMemory() > minMemoryForSpareBytes,
  )
  const store = await openFolderStore(
    config.dataFolder,
    diskWithFailpoints(config.failpoints, 'worker'),
  )
  // the first job finds its trainer loading while we are still on our way to Redis
  slots.warm()
  const redis = { connection: config.redis, prefix: config.redisPrefix }
  const connection = connect(redis, blockingOptions, onError)
  const datasets = new Datasets(store)
  const notifications = Notifications.open(connect(redis, blockingOptions, onError), redis.prefix)
  const queue = new JobQueue(redis.prefix, connection, onError)
  const consumer = new Consumer({
    store,
    redis,
    notifications,
    slots,
    onError,
    lockMs: config.lockMs,
    sweep: () => sweepStaging(config.dataFolder),
    records: new JobRecords(store),
    checkpoints: new Checkpoints(store),
    index: new JobIndex(connection, redis.prefix),
    statePublisher: new LiveStatePublisher(connection, redis.prefix),
    findDataset: id => datasets.get(id),
  })

  const recover = async () => {
    const jobs = await recoverOrphans(queue, trainerScript).catch(onError)
    if (jobs) log.warn({ jobs }, 'a worker of this host is dead: its jobs are back in the queue')
  }
  // before we take jobs ourselves: theirs come first
  await recover()
  const recoveryTimer = setInterval(() => void recover(), orphanCheckIntervalMs)
  consumer.start()
  log.info({ slots: slots.count }, 'waiting for jobs')

  let shuttingDown = false
  const shutDown = async (code: number) => {
    if (shuttingDown) return
    shuttingDown = true
    clearInterval(recoveryTimer)
    watchdog.close()
    if (code === stuckExitCode) setTimeout(() => process.exit(code), drainTimeoutMs)
    await (code === stuckExitCode ? consumer.drainRunners() : consumer.drain())
    notifications.close()
    connection.disconnect()
    process.exit(code)
  }
  const watchdog = new Watchdog({
    intervalMs: 2000,
    stuckAfterMs: 20_000,
    countWaiting: () => queue.waitingCount(),
    idleSince: () => consumer.idleSince(),
    onStuck: () => {
      log.error('jobs wait, slots are free, and the queue hands out nothing: starting anew')
      void shutDown(stuckExitCode)
    },
  })
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.on(event, () => void shutDown(0))
  }
}

/** One trainer on each GPU; on a machine without, the cores are shared out. */
function trainerLaunchOptions(
  requestedSlots: number | null,
  gpus: readonly number[],
): TrainerLaunchOptions[] {
  const count = requestedSlots ?? Math.max(1, gpus.length)
  const cores = availableParallelism() / count
  return Array.from({ length: count }, (_, i) => {
    const gpu = gpus.length > 0 ? { gpus: String(gpus[i % gpus.length]) } : {}
    const environment = childEnvironment(engineEnvironment({ cores, ...gpu }))
    return { script: trainerScript, environment }
  })
}

main().catch((error: unknown) => {
  console.error(error instanceof TrainyardError ? `worker: ${error.message}` : error)
  process.exit(1)
})

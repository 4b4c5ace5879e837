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
import { LivePublisher } from '../src/jobs/queue/live-state.js'
import { Nudges } from '../src/jobs/queue/notifications.js'
import { JobQueue } from '../src/jobs/queue/queue.js'
import { connect, patient, reportOutages } from '../src/jobs/queue/redis.js'
import { Checkpoints } from '../src/jobs/record/checkpoints.js'
import { JobRecords } from '../src/jobs/record/records.js'
import { diskOf } from '../src/store/failpoints.js'
import { openFolderStore } from '../src/store/folder-store.js'
import { sweepStaging } from '../src/store/staging.js'
import { Consumer } from './supervision/consumer.js'
import { Watchdog } from './supervision/consumer-watchdog.js'
import { takeBack } from './supervision/orphan-recovery.js'
import { Slots } from './supervision/slots.js'
import type { TrainerHome } from './supervision/trainer-process.js'

const takeBackEveryMs = 5000
/** The supervisor starts us again; sysexits.h calls it a temporary failure. */
const stuckCode = 75
const drainWithinMs = 20_000
/** A trainer in reserve costs about 0.1 GB of its own; below this, training needs the rest. */
const spareNeedsBytes = 2 * 2 ** 30
const trainerScript = fileURLToPath(new URL('trainer.js', import.meta.url))

async function main(): Promise<void> {
  const config = readConfig()
  if (!config.redis) {
    const message = 'a worker needs REDIS_URL; `npm start` runs a Redis of its own'
    throw new TrainyardError('REDIS_MISSING', 'invalid', message)
  }
  const log = pino({ name: 'worker', level: config.logLevel })
  const onError = reportOutages(log)
  const gpus = await findGpus()
  // on a card a second process takes memory that a job may want; only its owner can tell
  const spares = config.spareTrainers ?? gpus.length === 0
  const slots = new Slots(
    trainerHomes(config.slots, gpus),
    () => spares && process.availableMemory() > spareNeedsBytes,
  )
  // the first job finds its trainer loading while we are still on our way to Redis
  slots.warm()
  const store = await openFolderStore(config.dataFolder, diskOf(config.failpoints, 'worker'))
  const redis = { address: config.redis, prefix: config.redisPrefix }
  const connection = connect(redis, patient, onError)
  const datasets = new Datasets(store)
  const nudges = Nudges.open(connect(redis, patient, onError), redis.prefix)
  const queue = new JobQueue(redis.prefix, connection, onError)
  const consumer = new Consumer({
    store,
    redis,
    nudges,
    slots,
    onError,
    lockMs: config.lockMs,
    sweep: () => sweepStaging(config.dataFolder),
    records: new JobRecords(store),
    checkpoints: new Checkpoints(store),
    index: new JobIndex(connection, redis.prefix),
    live: new LivePublisher(connection, redis.prefix),
    findDataset: id => datasets.get(id),
  })

  const rescue = async () => {
    const jobs = await takeBack(queue, trainerScript).catch(onError)
    if (jobs) log.warn({ jobs }, 'a worker of this host is dead: its jobs are back in the queue')
  }
  // before we take jobs ourselves: theirs come first
  await rescue()
  const rescues = setInterval(() => void rescue(), takeBackEveryMs)
  consumer.start()
  log.info({ slots: slots.count }, 'waiting for jobs')

  let ending = false
  const end = async (code: number) => {
    if (ending) return
    ending = true
    clearInterval(rescues)
    watchdog.close()
    if (code === stuckCode) setTimeout(() => process.exit(code), drainWithinMs)
    await (code === stuckCode ? consumer.empty() : consumer.drain())
    nudges.close()
    connection.disconnect()
    process.exit(code)
  }
  const watchdog = new Watchdog({
    everyMs: 2000,
    patienceMs: 20_000,
    waiting: () => queue.waiting(),
    idleSince: () => consumer.idleSince(),
    onStuck: () => {
      log.error('jobs wait, slots are free, and the queue hands out nothing: starting anew')
      void end(stuckCode)
    },
  })
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.on(event, () => void end(0))
  }
}

/** One trainer on each GPU; on a machine without, the cores are shared out. */
function trainerHomes(asked: number | null, gpus: readonly number[]): TrainerHome[] {
  const count = asked ?? Math.max(1, gpus.length)
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

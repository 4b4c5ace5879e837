// The worker process: takes jobs from the queue and has trainers, its children, train them.
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { childEnvironment, readConfig } from '../src/config.js'
import { Datasets } from '../src/datasets/datasets.js'
import { engineEnvironment } from '../src/engine/environment.js'
import { findGpus } from '../src/engine/gpus.js'
import { TrainyardError } from '../src/errors.js'
import { Checkpoints } from '../src/jobs/checkpoints.js'
import { JobIndex } from '../src/jobs/job-index.js'
import { LivePublisher } from '../src/jobs/live.js'
import { Nudges } from '../src/jobs/nudges.js'
import { JobRecords } from '../src/jobs/records.js'
import { connect, patient, reportOutages } from '../src/jobs/redis.js'
import { diskOf } from '../src/store/failpoints.js'
import { openFolderStore } from '../src/store/folder-store.js'
import { Consumer } from './consumer.js'
import { Slots } from './slots.js'

async function main(): Promise<void> {
  const config = readConfig()
  if (!config.redis) {
    const message = 'a worker needs REDIS_URL; `npm start` runs a Redis of its own'
    throw new TrainyardError('REDIS_MISSING', 'invalid', message)
  }
  const log = pino({ name: 'worker', level: config.logLevel })
  const onError = reportOutages(log)
  const store = await openFolderStore(config.dataFolder, diskOf(config.failpoints, 'worker'))
  const redis = { address: config.redis, prefix: config.redisPrefix }
  const connection = connect(redis, patient, onError)
  const datasets = new Datasets(store)
  const nudges = Nudges.open(connect(redis, patient, onError), redis.prefix)
  const slots = new Slots(await trainerHomes(config.slots))
  const consumer = new Consumer({
    store,
    redis,
    nudges,
    slots,
    onError,
    records: new JobRecords(store),
    checkpoints: new Checkpoints(store),
    index: new JobIndex(connection, redis.prefix),
    live: new LivePublisher(connection, redis.prefix),
    findDataset: id => datasets.get(id),
  })
  consumer.start()
  log.info({ slots: slots.count }, 'waiting for jobs')

  let ending = false
  const end = async () => {
    if (ending) return
    ending = true
    await consumer.drain()
    nudges.close()
    connection.disconnect()
    process.exit(0)
  }
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.on(event, () => void end())
  }
}

/** One trainer on each GPU; on a machine without, the cores are shared out. */
async function trainerHomes(asked: number | null) {
  const script = fileURLToPath(new URL('trainer.js', import.meta.url))
  const gpus = await findGpus()
  const count = asked ?? Math.max(1, gpus.length)
  const cores = availableParallelism() / count
  return Array.from({ length: count }, (_, i) => {
    const gpu = gpus.length > 0 ? { gpus: String(gpus[i % gpus.length]) } : {}
    return { script, environment: childEnvironment(engineEnvironment({ cores, ...gpu })) }
  })
}

main().catch((error: unknown) => {
  console.error(error instanceof TrainyardError ? `worker: ${error.message}` : error)
  process.exit(1)
})

// The worker process: takes jobs from the queue and runs them in trainer processes, its children.
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { type Config, childEnvironment, readConfig } from '../src/config.js'
import { Datasets } from '../src/datasets/datasets.js'
import { engineVersions } from '../src/engine/engine-versions.js'
import { engineEnvironment } from '../src/engine/environment.js'
import { findGpus, readGpus } from '../src/engine/gpus.js'
import { machineMemory } from '../src/engine/machine-memory.js'
import { TrainyardError } from '../src/errors.js'
import { answerPings } from '../src/ipc/health-check.js'
import { JobIndex } from '../src/jobs/queue/job-index.js'
import { LiveStatePublisher } from '../src/jobs/queue/live-state.js'
import { Notifications } from '../src/jobs/queue/notifications.js'
import { JobQueue } from '../src/jobs/queue/queue.js'
import {
  blockingOptions,
  connect,
  logConnectionErrors,
  refuseCluster,
} from '../src/jobs/queue/redis.js'
import { TrainingTotals } from '../src/jobs/queue/training-totals.js'
import { type WorkerOrder, WorkerReports } from '../src/jobs/queue/worker-reports.js'
import { Checkpoints } from '../src/jobs/record/checkpoints.js'
import { jobPaths } from '../src/jobs/record/job-paths.js'
import { JobRecords } from '../src/jobs/record/records.js'
import { restoreRunLinks } from '../src/jobs/record/run-links.js'
import { JobLog } from '../src/jobs/telemetry/job-log.js'
import { MetricsLog } from '../src/jobs/telemetry/metrics-log.js'
import { ResourceLog } from '../src/jobs/telemetry/resource-log.js'
import { logOutput } from '../src/log.js'
import { packageFolder, scriptPath } from '../src/places.js'
import { knownFeatures } from '../src/spec/features.js'
import { lacks, type Offer } from '../src/spec/needs.js'
import { DiskSpace } from '../src/store/disk-space.js'
import { diskWithFailpoints } from '../src/store/failpoints.js'
import { openStore } from '../src/store/open-store.js'
import { openPrivateFolder } from '../src/store/private-folder.js'
import { version } from '../src/version.js'
import type { Executor, SlotResources } from './executors/executor.js'
import { findGangNetwork } from './executors/gang-network.js'
import { LocalExecutor } from './executors/local-executor.js'
import { openExecutor } from './executors/open-executor.js'
import { shareOfSlot } from './executors/share-of-slot.js'
import { findPublished } from './published-result.js'
import { refusalOf } from './supervision/admission.js'
import { AttemptRunner } from './supervision/attempt.js'
import { Consumer } from './supervision/consumer.js'
import { Watchdog } from './supervision/consumer-watchdog.js'
import { Heartbeat, type WorkerProfile } from './supervision/heartbeat.js'
import { pathHider } from './supervision/hide-paths.js'
import { JobRunner } from './supervision/job-runner.js'
import { MemoryBudget } from './supervision/memory-budget.js'
import { countOomKills } from './supervision/oom-kills.js'
import { recoverOrphans } from './supervision/orphan-recovery.js'
import { type Slot, Slots } from './supervision/slots.js'

const orphanCheckIntervalMs = 5000
/** `EX_TEMPFAIL` of sysexits.h: the supervisor starts the worker again. */
const stuckExitCode = 75
const drainTimeoutMs = 20_000
/** The longest time that the last report may take. */
const lastReportMs = 1000
/** Waiting jobs are taken within this time. */
const spareDelayMs = 1000
/** A spare trainer takes about 0.1 GB of its own; if less than this is free, training needs it. */
const minMemoryForSpareBytes = 2 * 2 ** 30

async function main(): Promise<void> {
  answerPings()
  const config = readConfig()
  if (!config.redis) {
    const message = 'a worker needs REDIS_URL; `npm start` runs its own Redis'
    throw new TrainyardError('REDIS_MISSING', message)
  }
  const log = pino({ name: 'worker', level: config.logLevel }, await logOutput())
  const onError = logConnectionErrors(log)
  // trainers elsewhere have those of their machines
  const gpus = config.executor.kind === 'local' ? await findGpus() : []
  // on a GPU a spare takes memory that a job may need, so there are none by default
  const keepSpares = config.spareTrainers ?? gpus.length === 0
  const openLocal = () =>
    new LocalExecutor(scriptPath('workers/trainer'), {
      findNetwork: () =>
        findGangNetwork({
          isPrivate: config.executor.gangNetwork === 'private',
          usesBucket: config.store !== null,
        }),
      shareOfSlot,
    })
  const redis = { connection: config.redis, prefix: config.redisPrefix }
  const executor = openExecutor({
    settings: config.executor,
    redis,
    version,
    script: scriptPath('workers/remote-rank'),
    environment: childEnvironment({ TRAINYARD_DATA: config.dataFolder }),
    onRedisError: onError,
    log,
    openLocal,
    hasPrivateNetwork: config.executor.gangNetwork === 'private',
  })
  const isLocal = config.executor.kind === 'local'
  const slots = new Slots(
    executor,
    isLocal ? slotResources(config.slots, gpus) : remoteSlots(config),
    () => keepSpares && process.availableMemory() > minMemoryForSpareBytes,
  )
  await openPrivateFolder(config.dataFolder, line => log.warn(line))
  const disk = diskWithFailpoints(config.failpoints, 'worker')
  const store = await openStore(config, { disk })
  const diskSpace = new DiskSpace(config.dataFolder, disk, () => store.problem())
  diskSpace.watch(problem => {
    if (problem === null) log.info('the disk of the data folder takes writes again: jobs go on')
    else log.error({ problem }, 'jobs wait until the disk of the data folder takes writes')
  })
  const diskProblem = async () => (await diskSpace.status()).problem
  const hidePaths = pathHider([resolve(config.dataFolder), packageFolder])
  const connection = connect(redis, blockingOptions, onError)
  refuseCluster(connection).catch(fail)
  const datasets = new Datasets(store)
  const notifications = Notifications.open(connect(redis, blockingOptions, onError), redis.prefix)
  const queue = new JobQueue(redis.prefix, connection, onError)
  const records = new JobRecords(store)
  const checkpoints = new Checkpoints(store)
  const jobLog = new JobLog(store)
  const metricsLog = new MetricsLog(store)
  const resourceLog = new ResourceLog(store)
  const index = new JobIndex(connection, redis.prefix)
  const statePublisher = new LiveStatePublisher(connection, redis.prefix)
  const totals = new TrainingTotals(connection, redis.prefix)
  const memory = new MemoryBudget(
    config.memoryBytes ?? memoryLimit(config, gpus),
    config.executor.memoryBytes ?? machineMemory(),
  )
  const profile = profileOf(config, executor)
  const offer: Offer = {
    ...profile,
    slots: slots.report(),
    memory: { limitBytes: memory.limit, reservedBytes: 0, totalBytes: memory.machineBytes },
  }
  const createRunner = (id: string, slot: Slot) =>
    new JobRunner(
      {
        records,
        checkpoints,
        jobLog,
        metricsLog,
        index,
        statePublisher,
        findDataset: dataset => datasets.getIntact(dataset),
        findPublished: job => findPublished(store, job),
        startAttempt: (task, attemptRecord) =>
          new AttemptRunner(
            {
              records,
              jobLog,
              resourceLog,
              statePublisher,
              slot,
              readGpu: () => (slot.gpu === null ? null : heartbeat.gpu(slot.gpu)),
              diskProblem,
              // what the kernel of this machine ends is no trainer elsewhere
              countOomKills: isLocal ? countOomKills : () => null,
              reserveMemory: ({ totalBytes }) => memory.reserve(id, totalBytes),
              hidePaths,
              log,
            },
            task,
            attemptRecord,
          ),
        refusalOf: manifest => refusalOf(manifest, offer),
        memory,
        totals,
        diskProblem,
        log,
        sweep: () => store.sweep(),
        // each time is some requests to a bucket
        ...(config.store !== null && { pollMs: 15_000 }),
        closeLogs: id => store.closeLogs(jobPaths(id).root),
      },
      id,
    )
  const consumer = new Consumer({
    redis,
    notifications,
    slots,
    fits: needs => lacks(needs, offer).length === 0,
    createRunner,
    requeue: async id => queue.add(await records.manifest(id)),
    lockMs: config.lockMs,
    onError,
    onJobError: (job, { message }) => log.warn({ job, reason: message }, 'could not run a job'),
    onHeld: job =>
      log.info({ job }, 'this worker cannot run the job, whose view says why: offered again later'),
  })

  const recover = async () => {
    const jobs = await recoverOrphans(queue, scriptPath('workers/trainer')).catch(onError)
    if (jobs)
      log.warn(
        { jobs },
        'recovered the jobs of a dead worker of this host: they are back in the queue',
      )
  }
  const obey = (order: WorkerOrder) => {
    log.info({ order }, 'a client asked this worker to take no more jobs, or to take them again')
    if (order === 'resume') consumer.resume()
    else consumer.pause(order)
  }
  // orphaned jobs return to the queue before this worker takes any
  await recover()
  const recoveryTimer = setInterval(() => void recover(), orphanCheckIntervalMs)
  const heartbeat = new Heartbeat({
    reports: new WorkerReports(connection, redis.prefix),
    totals,
    slots,
    consumer,
    memory,
    diskProblem,
    profile,
    onOrder: obey,
    readGpus: gpus.length > 0 ? readGpus : null,
  })
  consumer.start()
  // Not before: a trainer that has a job loads only what the job needs, and jobs may wait, such as those that an
  // earlier worker ran when it was killed. Spare trainers load TensorFlow, which takes seconds.
  const warming = setTimeout(() => slots.warm(), spareDelayMs)
  void restoreRunLinks(store, id => records.manifest(id)).catch(({ message }) => {
    log.warn({ reason: message }, 'could not make the links in the folder tensorboard')
  })
  log.info({ slots: slots.count }, 'waiting for jobs')

  let shuttingDown = false
  const shutDown = async (code: number) => {
    if (shuttingDown) return
    shuttingDown = true
    clearInterval(recoveryTimer)
    clearTimeout(warming)
    watchdog.close()
    if (code === stuckExitCode) setTimeout(() => process.exit(code), drainTimeoutMs)
    await (code === stuckExitCode ? consumer.drainRunners() : consumer.drain())
    // without Redis it would wait
    await Promise.race([heartbeat.close().catch(() => {}), sleep(lastReportMs)])
    await Promise.race([executor.close(), sleep(lastReportMs)])
    notifications.close()
    connection.disconnect()
    process.exit(code)
  }
  const watchdog = new Watchdog({
    intervalMs: 2000,
    stuckAfterMs: 20_000,
    countWaiting: () =>
      queue.waitingCount(needs => needs === null || lacks(needs, offer).length === 0),
    idleSince: () => consumer.idleSince(),
    onStuck: () => {
      log.error(
        'jobs are queued and slots are free, but BullMQ delivers nothing: restarting the worker',
      )
      void shutDown(stuckExitCode)
    },
  })
  process.on('SIGUSR2', () => obey('finish'))
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) {
    process.on(event, () => void shutDown(0))
  }
}

function profileOf(
  { labels, store, executor }: Pick<Config, 'labels' | 'store' | 'executor'>,
  { gangProblem }: Pick<Executor, 'gangProblem'>,
): WorkerProfile {
  return {
    version,
    cores: availableParallelism(),
    labels: [...labels],
    features: [...knownFeatures],
    engineGpus: executor.kind === 'local' ? 0 : executor.maxGpus,
    gangProblem,
    node: process.version,
    engines: trainingEngines(),
    store: store === null ? 'data folder' : `s3://${store.bucket}/${store.prefix}`,
  }
}

/** Null if they are not set up: then the attempts of jobs say so. */
function trainingEngines(): WorkerProfile['engines'] {
  try {
    const { tensorflow, xgboost } = engineVersions()
    return { tensorflow, xgboost }
  } catch {
    return null
  }
}

/** One trainer for each GPU. Without GPUs, the slots share the cores equally. */
function slotResources(requestedSlots: number | null, gpus: readonly number[]): SlotResources[] {
  const count = requestedSlots ?? Math.max(1, gpus.length)
  const cores = availableParallelism() / count
  return Array.from({ length: count }, (_, i) => {
    const gpu = gpus[i % gpus.length] ?? null
    const assigned = gpu === null ? {} : { gpus: String(gpu) }
    return { environment: childEnvironment(engineEnvironment({ cores, ...assigned })), gpu }
  })
}

/** Places in an engine, each for one job at a time. */
const remoteSlots = ({ slots, executor }: Config): SlotResources[] =>
  Array.from({ length: slots ?? 1 }, () => ({
    environment: engineEnvironment({ cores: executor.cpus }),
    gpu: null,
    engineGpus: executor.maxGpus,
  }))

/** How much memory a card has is not known, so jobs on GPUs have no limit; nor have they on machines elsewhere. */
const memoryLimit = ({ executor }: Config, gpus: readonly number[]): number =>
  executor.kind === 'local' && gpus.length === 0 ? machineMemory() : Number.POSITIVE_INFINITY

function fail(error: unknown): void {
  console.error(error instanceof TrainyardError ? `worker: ${error.message}` : error)
  process.exit(1)
}

main().catch(fail)

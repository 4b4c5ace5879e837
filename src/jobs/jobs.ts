import type { Redis } from 'ioredis'
import { nullIfDamaged, TrainyardError } from '../errors.js'
import type { Listing } from '../lists/listing.js'
import type { Logger } from '../log.js'
import { JobPlanner, type JobPlannerDeps } from '../planning/job-planner.js'
import type { Checkpoint } from '../spec/checkpoint.js'
import type { DamagedItem } from '../spec/damage.js'
import type { Job, JobManifest, JobPatch, JobRequest, JobStatus } from '../spec/job.js'
import type { JobFeed } from '../spec/job-feed.js'
import type { JobPlan } from '../spec/job-queries.js'
import { DamageRegistry, toItem } from '../store/damage-registry.js'
import type { Store } from '../store/store.js'
import { checkpointSourceOf } from './checkpoint-source.js'
import { DamagedJobs } from './damaged-jobs.js'
import { type IdempotencyKey, IdempotencyKeys, type Submitted } from './idempotency.js'
import { nullIfMissing, RecordFeed } from './job-feed.js'
import { JobLists } from './job-lists.js'
import { applyPatch } from './job-patch.js'
import { readProgress } from './job-progress.js'
import { usesDataset, usesModel, usesWeights } from './job-sources.js'
import { statusOf, viewJob } from './job-view.js'
import { IndexSync } from './queue/index-sync.js'
import { JobIndex } from './queue/job-index.js'
import type { JobRow } from './queue/job-row.js'
import { type JobFilter, JobSearch, type JobSearchQuery } from './queue/job-search.js'
import { readHoldReason, readLiveState } from './queue/live-state.js'
import { Notifications, publishNotification } from './queue/notifications.js'
import { JobQueue } from './queue/queue.js'
import { QueuePositions } from './queue/queue-position.js'
import { Reconciler } from './queue/reconciler.js'
import {
  blockingOptions,
  connect,
  failFastOptions,
  logConnectionErrors,
  type RedisConfig,
} from './queue/redis.js'
import { TrainingTotals } from './queue/training-totals.js'
import { Checkpoints } from './record/checkpoints.js'
import { datasetGone, jobNotFound, transitionNotAllowed } from './record/errors.js'
import type { Lifecycle } from './record/lifecycle.js'
import { logDetails } from './record/log-details.js'
import { initialRecord, type JobRecord, JobRecords } from './record/records.js'
import { isWaitingOrRunning, type JobAction, requestedAction } from './record/states.js'
import { noWorker, ServerStatistics } from './server-statistics.js'
import { withBest } from './telemetry/best-in-log.js'
import { JobTelemetry } from './telemetry/job-telemetry.js'
import { MetricsLog } from './telemetry/metrics-log.js'
import { type ReadTensors, weightsOfJobs } from './weights-sources.js'

export interface JobsDeps extends Omit<JobPlannerDeps, keyof ReturnType<typeof weightsOfJobs>> {
  store: Store
  readTensors: ReadTensors
  redis: RedisConfig
  log: Logger
  /** Why the disk of the data folder takes no writes; null if it does. */
  diskProblem(): Promise<string | null>
  damage?: DamageRegistry
}

const sweepIntervalMs = 3600_000

/**
 * Jobs as the API offers them. The store is the record: Redis only holds the queue, an index for
 * lists and the live state of running jobs, and all of these can be rebuilt.
 */
export class Jobs {
  readonly telemetry: JobTelemetry
  readonly feed: JobFeed
  readonly statistics: ServerStatistics
  readonly checkpointSource: ReturnType<typeof checkpointSourceOf>
  private readonly records: JobRecords
  private readonly checkpointFolders: Checkpoints
  private readonly metricsLog: MetricsLog
  private readonly planner: JobPlanner
  private readonly index: JobIndex
  private readonly queue: JobQueue
  private readonly notifications: Notifications
  private readonly redis: Redis
  private readonly reconciler: Reconciler
  private readonly queuePositions: QueuePositions
  private readonly idempotencyKeys: IdempotencyKeys
  private readonly indexSync: IndexSync
  private readonly totals: TrainingTotals
  private readonly damagedJobs: DamagedJobs
  private readonly lists: JobLists
  private readonly sweepTimer = setInterval(() => void this.sweepKeys(), sweepIntervalMs)

  constructor(private readonly deps: JobsDeps) {
    const { store, redis: redisConfig, log, damage = new DamageRegistry() } = deps
    const { prefix } = redisConfig
    const onError = logConnectionErrors(log)
    const redis = connect(redisConfig, failFastOptions, onError)
    const records = new JobRecords(store)
    const metricsLog = new MetricsLog(store)
    const index = new JobIndex(redis, prefix)
    const queue = new JobQueue(prefix, redis, onError)
    const subscriber = connect(redisConfig, blockingOptions, onError)
    const notifications = Notifications.open(subscriber, prefix)
    const readAttempts = async (id: string) => withBest(metricsLog, id, await records.attempts(id))
    const reconciler = new Reconciler(records, readAttempts, index, queue, damage, log)
    this.redis = redis
    this.damagedJobs = new DamagedJobs(records, damage)
    this.records = records
    this.index = index
    this.queue = queue
    this.notifications = notifications
    this.reconciler = reconciler
    this.checkpointFolders = new Checkpoints(store)
    this.checkpointSource = checkpointSourceOf(records, this.checkpointFolders)
    this.metricsLog = metricsLog
    const jobWeights = weightsOfJobs(records, this.checkpointFolders, deps.readTensors)
    this.planner = new JobPlanner({ ...deps, ...jobWeights })
    this.telemetry = new JobTelemetry({
      store,
      records,
      notifications,
      damage,
      view: record => this.view(record),
    })
    this.feed = new RecordFeed(records, notifications, id => this.get(id), damage)
    this.queuePositions = new QueuePositions({ redis, prefix, index, queue })
    this.idempotencyKeys = new IdempotencyKeys(store, records, damage)
    this.statistics = new ServerStatistics({ redis, prefix, index, queue })
    this.totals = new TrainingTotals(redis, prefix)
    this.indexSync = new IndexSync({ redis, index, reconciler, log })
    this.lists = new JobLists({
      records,
      index,
      search: new JobSearch(redis, prefix),
      indexSync: this.indexSync,
      damagedJobs: this.damagedJobs,
      view: id => this.get(id),
    })
  }

  /** All requests with the same idempotency key create one job. */
  async submit(
    request: JobRequest,
    idempotencyKey?: IdempotencyKey,
  ): Promise<{ job: Job; replayed: boolean }> {
    const plan = () => this.planner.plan(request)
    const { manifest, replayed, created } = idempotencyKey
      ? await this.idempotencyKeys.submit(idempotencyKey, request, plan)
      : await this.create(await plan())
    const record = initialRecord(manifest)
    if (created) {
      this.deps.log.info(logDetails(manifest), 'job accepted')
      // the job exists now: if Redis is away, the reconciler queues it later
      await this.enqueue(manifest, record.lifecycle)
    }
    return { job: viewJob(record), replayed }
  }

  /** Returns the plan that `submit` would make, or throws as `submit` would. Stores nothing. */
  dryRun(request: JobRequest, signal?: AbortSignal): Promise<JobPlan> {
    return this.planner.dryRun(request, signal)
  }

  async get(id: string): Promise<Job> {
    return this.view(await this.records.read(id))
  }

  /** See `JobLists.list`. */
  list(query: JobSearchQuery, fields?: readonly string[]): Promise<Listing<Job | JobRow>> {
    return this.lists.list(query, fields)
  }

  /** Looks for damage in the records of all jobs. */
  async scanForDamage(): Promise<void> {
    await this.damagedJobs.scan()
    await this.sweepKeys()
  }

  /**
   * Pauses, resumes, cancels or retries a job. The worker of a running job reacts within seconds.
   */
  async performAction(id: string, action: Exclude<JobAction, 'remove'>): Promise<Job> {
    if (action === 'retry') await this.assertDatasetExists(id)
    await this.applyAction(id, action)
    return this.get(id)
  }

  /** Changes the name, labels or priority (RFC 7396). Throws if a part of the patch cannot be applied now. */
  async update(id: string, patch: JobPatch): Promise<Job> {
    const changed = await this.records.edit(id, (fields, { state }) =>
      applyPatch(id, fields, state, patch),
    )
    if (changed) {
      this.deps.log.info({ job: id, ...patch }, 'job: a client changed it')
      // if Redis is away, the reconciler updates it later
      await this.publishChange(id).catch(() => this.indexSync.markStale())
    }
    return this.get(id)
  }

  /** Cancels all jobs that match the filter and have not ended. */
  async cancelAll(filter: JobFilter): Promise<{ cancelled: string[]; cancelling: string[] }> {
    const status = filter.status ?? ['queued', 'running', 'paused']
    const result: Record<'cancelled' | 'cancelling', string[]> = { cancelled: [], cancelling: [] }
    for (let before: string | null = null, more = true; more; ) {
      const ids: string[] = await this.lists.ids(100, before, { ...filter, status })
      await Promise.all(
        ids.map(async id => {
          const lifecycle = await this.applyAction(id, 'cancel').catch(nullIfMissingOrEnded)
          if (lifecycle?.state === 'cancelled' || lifecycle?.state === 'cancelling')
            result[lifecycle.state].push(id)
        }),
      )
      before = ids.at(-1) ?? null
      more = ids.length === 100
    }
    return result
  }

  /** Removes a job that has ended. A damaged one is removed in any state, and its worker stops. */
  async remove(id: string): Promise<void> {
    const record = await this.records.read(id).catch(nullIfDamaged)
    if (!record) return this.removeDamaged(id)
    const { manifest } = record
    // On a full disk nothing can be noted, and it is deletions that make room. The note completes a
    // deletion that is interrupted; it is refused before it is written if the job has not ended.
    await this.applyAction(id, 'remove').catch(ignoreFullStorage)
    await this.idempotencyKeys.markRemoved(manifest).catch(ignoreFullStorage)
    await this.records.remove(id)
    // now there is room for it
    await this.idempotencyKeys.markRemoved(manifest).catch(error => {
      ignoreFullStorage(error)
      const message = 'the disk is full: a submission with the key of a deleted job would repeat it'
      this.deps.log.warn({ job: id }, message)
    })
    // if Redis is away, the reconciler removes the entry later
    await this.index.remove(id).catch(() => {})
  }

  private async removeDamaged(id: string): Promise<void> {
    await this.idempotencyKeys.markRemovedById(id).catch(ignoreFullStorage)
    await this.records.remove(id)
    await this.idempotencyKeys.markRemovedById(id).catch(ignoreFullStorage)
    this.damagedJobs.forget(id)
    // if Redis is away, the reconciler removes the entries later
    await this.queue.remove(id).catch(() => {})
    await this.index.remove(id).catch(() => {})
    const { prefix } = this.deps.redis
    await publishNotification(this.redis, prefix, id, 'request').catch(() => {})
  }

  /** Passes over the damaged ones, and names them. */
  async listCheckpoints(id: string): Promise<{ items: Checkpoint[]; damaged: DamagedItem[] }> {
    const { attempts } = await this.records.read(id)
    const { items, damage } = await this.checkpointFolders.listAll(id, attempts)
    return { items, damaged: damage.map(toItem) }
  }

  async checkpoint(id: string, step: number) {
    return this.checkpointFolders.get(await this.records.read(id), step)
  }

  /** Throws a DamagedError unless its files match their checksums. */
  assertCheckpointIntact(id: string, step: number): Promise<void> {
    return this.checkpointFolders.assertIntact(id, step)
  }

  /** Returns whether an unfinished job uses the data set, to train, to validate or to predict. */
  usesDataset(id: string): Promise<boolean> {
    return this.lists.someActive(manifest => usesDataset(manifest, id))
  }

  /** Returns whether an unfinished job starts from the weights. */
  usesWeights(id: string): Promise<boolean> {
    return this.lists.someActive(manifest => usesWeights(manifest, id))
  }

  /** Returns whether an unfinished job starts from the version of the model or predicts by it, or by any version. */
  usesModel(name: string, version?: number): Promise<boolean> {
    return this.lists.someActive(manifest => usesModel(manifest, name, version))
  }

  async ready(): Promise<boolean> {
    return this.redis.ping().then(
      () => true,
      () => false,
    )
  }

  async close(): Promise<void> {
    clearInterval(this.sweepTimer)
    this.indexSync.close()
    this.notifications.close()
    // closing fails if Redis is away
    await this.queue.close().catch(() => {})
    this.redis.disconnect()
  }

  private async create(manifest: JobManifest): Promise<Submitted> {
    return { manifest, replayed: false, created: await this.records.create(manifest) }
  }

  private async enqueue(manifest: JobManifest, lifecycle: Lifecycle): Promise<void> {
    const { id } = manifest
    const updates = [
      this.index.put({ manifest, lifecycle, attempts: [] }),
      this.queue.add(manifest),
      publishNotification(this.redis, this.deps.redis.prefix, id, 'changed'),
    ]
    await Promise.all(updates).catch((err: Error) => {
      this.indexSync.markStale()
      this.deps.log.warn({ job: id, err }, 'Redis is unavailable; the job will be queued later')
    })
  }

  /** Appends the action to the job's journal, then notifies Redis and the job's worker. */
  private async applyAction(id: string, action: JobAction): Promise<Lifecycle> {
    const at = new Date().toISOString()
    const { allowed, lifecycle } = await this.records.apply(id, { event: action, at })
    if (!allowed && lifecycle.state === 'removed') throw jobNotFound(id)
    if (!allowed) throw transitionNotAllowed(id, lifecycle.state, action)
    this.deps.log.info({ job: id, state: lifecycle.state }, `job: ${action} was asked for`)
    // a worker counts the end of a job that it runs
    if (lifecycle.result?.status === 'cancelled' && lifecycle.result.finishedAt === at) {
      this.totals.jobEnded(lifecycle)
      await this.totals.flush().catch(() => {})
    }
    // if Redis is away: the worker also polls for requests, and the reconciler updates Redis later
    await this.syncRedis(id, lifecycle).catch(() => {})
    return lifecycle
  }

  private async publishChange(id: string): Promise<void> {
    await this.reconciler.reconcileJob(id)
    await publishNotification(this.redis, this.deps.redis.prefix, id, 'changed')
  }

  private async syncRedis(id: string, lifecycle: Lifecycle): Promise<void> {
    if (lifecycle.state !== 'removed') {
      const record = await this.records.read(id)
      const attempts = await withBest(this.metricsLog, id, record.attempts)
      await this.index.put({ ...record, attempts })
    }
    await publishNotification(this.redis, this.deps.redis.prefix, id, 'request')
    if (!isWaitingOrRunning(lifecycle.state)) return this.queue.remove(id)
    if (requestedAction(lifecycle.state)) return
    await this.reconciler.reconcileJob(id)
    // the worker of an earlier attempt may hold the id for another moment; BullMQ ignores an add
    // until then
    setTimeout(() => void this.reconciler.reconcileJob(id).catch(() => {}), 2000).unref()
  }

  /** The data set may have been deleted since the job ended. */
  private async assertDatasetExists(id: string): Promise<void> {
    const { dataset } = await this.records.manifest(id)
    await this.deps.findDataset(dataset.id).catch(error => {
      throw nullIfMissing(error) ?? datasetGone(id, error)
    })
  }

  private async view(record: JobRecord): Promise<Job> {
    const { prefix } = this.deps.redis
    const { id } = record.manifest
    const status = statusOf(record)
    const waits = isWaitingOrRunning(record.lifecycle.state)
    const live = status === 'running' ? await readLiveState(this.redis, prefix, id) : null
    const [progress, queue, holdReason] = await Promise.all([
      readProgress(record, this.metricsLog, live),
      status === 'queued' ? this.queuePositions.position(id) : null,
      waits ? this.holdReason(id, status) : null,
    ])
    return viewJob(record, { progress, live, queue, holdReason })
  }

  /** If the disk takes no writes, no worker goes on with any job; else the job's worker may say why not. */
  private async holdReason(id: string, status: JobStatus): Promise<string | null> {
    const { redis, diskProblem } = this.deps
    const problem = await diskProblem()
    if (problem !== null) return problem
    const workers = status === 'queued' ? await this.statistics.workers().catch(() => null) : null
    if (workers?.length === 0) return noWorker
    return readHoldReason(this.redis, redis.prefix, id)
  }

  private async sweepKeys(): Promise<void> {
    await this.idempotencyKeys.sweep(Date.now()).catch((error: Error) => {
      this.deps.log.warn(
        { err: error },
        'could not remove expired idempotency keys; retrying later',
      )
    })
  }
}

function ignoreFullStorage(error: unknown): void {
  if (!(error instanceof TrainyardError && error.code === 'STORAGE_FULL')) throw error
}

function nullIfMissingOrEnded(error: unknown): null {
  if (error instanceof TrainyardError && error.kind === 'conflict') return null
  return nullIfMissing(error)
}

import type { Redis } from 'ioredis'
import type { Listing } from '../lists/listing.js'
import type { Logger } from '../log.js'
import { JobPlanner, type JobPlannerDeps } from '../planning/job-planner.js'
import type { Checkpoint } from '../spec/checkpoint.js'
import type { DamagedItem } from '../spec/damage.js'
import type { Job, JobManifest, JobPatch, JobRequest, JobStatus } from '../spec/job.js'
import type { JobVerb } from '../spec/job-actions.js'
import type { JobFacets } from '../spec/job-facets.js'
import type { JobFeed } from '../spec/job-feed.js'
import type { JobPlan } from '../spec/job-queries.js'
import { needsOf, whyNobody } from '../spec/needs.js'
import type { Resources } from '../spec/resources.js'
import { DamageRegistry, toItem } from '../store/damage-registry.js'
import type { Store } from '../store/store.js'
import { checkpointSourceOf } from './checkpoint-source.js'
import { DamagedJobs } from './damaged-jobs.js'
import { type IdempotencyKey, IdempotencyKeys, type Submitted } from './idempotency.js'
import { JobActions } from './job-actions.js'
import { RecordFeed } from './job-feed.js'
import { JobLists } from './job-lists.js'
import { applyPatch } from './job-patch.js'
import { readProgress } from './job-progress.js'
import { usesDataset, usesModel, usesWeights } from './job-sources.js'
import { statusOf, viewJob } from './job-view.js'
import { IndexSync } from './queue/index-sync.js'
import { JobIndex } from './queue/job-index.js'
import type { JobRow } from './queue/job-row.js'
import { type JobConditions, JobSearch, type JobSearchQuery } from './queue/job-search.js'
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
  refuseCluster,
} from './queue/redis.js'
import { SharedClock } from './queue/shared-clock.js'
import { TrainingTotals } from './queue/training-totals.js'
import { UnplacedJobs } from './queue/unplaced-jobs.js'
import { Checkpoints } from './record/checkpoints.js'
import type { Lifecycle } from './record/lifecycle.js'
import { logDetails } from './record/log-details.js'
import { initialRecord, type JobRecord, JobRecords } from './record/records.js'
import { isWaitingOrRunning } from './record/states.js'
import { noWorker, ServerStatistics } from './server-statistics.js'
import { withBest } from './telemetry/best-in-log.js'
import { JobTelemetry } from './telemetry/job-telemetry.js'
import { MetricsLog } from './telemetry/metrics-log.js'
import { timeEstimator } from './time-estimate.js'
import { type ReadTensors, weightsOfJobs } from './weights-sources.js'

export interface JobsDeps extends Omit<JobPlannerDeps, keyof ReturnType<typeof weightsOfJobs>> {
  store: Store
  readTensors: ReadTensors
  redis: RedisConfig
  log: Logger
  /** Version of this server. */
  version: string
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
  readonly actions: JobActions
  readonly statistics: ServerStatistics
  readonly clock: SharedClock
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
  private readonly search: JobSearch
  private readonly closing = new AbortController()
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
    this.clock = new SharedClock(redis)
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
    this.statistics = new ServerStatistics({ redis, prefix, index, queue })
    this.planner = new JobPlanner(
      { ...deps, ...jobWeights },
      timeEstimator(redis, prefix),
      async needs => whyNobody(needs, await this.statistics.workers().catch(() => [])),
    )
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
    this.totals = new TrainingTotals(redis, prefix)
    const unplaced = new UnplacedJobs(redis, prefix, queue, log)
    this.indexSync = new IndexSync({ redis, index, reconciler, queue, unplaced, log })
    const search = new JobSearch(redis, prefix)
    this.search = search
    // whatever goes wrong, the first list meets it too, and says so
    this.indexSync.onceComplete(() => void search.readAhead(this.closing.signal).catch(() => {}))
    this.lists = new JobLists({
      records,
      index,
      search,
      indexSync: this.indexSync,
      damagedJobs: this.damagedJobs,
      view: id => this.get(id),
    })
    const { damagedJobs, idempotencyKeys, lists, totals } = this
    this.actions = new JobActions({
      ...{ records, readAttempts, index, queue, reconciler, lists, damagedJobs },
      ...{ idempotencyKeys, totals, redis, prefix, log },
      findDataset: id => deps.findDataset(id),
    })
  }

  /** All requests with the same idempotency key create one job. */
  async submit(
    request: JobRequest,
    idempotencyKey?: IdempotencyKey,
  ): Promise<{ job: Job; replayed: boolean }> {
    const plannedBy = this.deps.version
    const plan = async () => ({ ...(await this.planner.plan(request)), plannedBy })
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

  /** Pauses, resumes, cancels or retries a job. */
  async performAction(id: string, action: Exclude<JobVerb, 'delete'>): Promise<Job> {
    await this.actions.perform(id, action)
    return this.get(id)
  }

  /** Removes a job that has ended. A damaged one is removed in any state, and its worker stops. */
  async remove(id: string): Promise<void> {
    await this.actions.perform(id, 'delete')
  }

  /** What values the jobs that match have. */
  facets(query: JobConditions): Promise<JobFacets> {
    return this.indexSync.consistentRead(() => this.search.facets(query))
  }

  /** Changes the name, labels, priority or resources (RFC 7396). Throws if a part of the patch cannot be applied now. */
  async update(id: string, patch: JobPatch): Promise<Job> {
    const planResources = (job: JobManifest, resources: Resources) =>
      this.planner.changeResources(job, resources)
    const changed = await this.records.edit(id, (fields, lifecycle, manifest) =>
      applyPatch(fields, { manifest, lifecycle, planResources }, patch),
    )
    if (changed) {
      this.deps.log.info({ job: id, ...patch }, 'job: a client changed it')
      // if Redis is away, the reconciler updates it later
      await this.publishChange(id).catch(() => this.indexSync.markStale())
    }
    return this.get(id)
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

  /** Throws REDIS_UNUSABLE if Redis answers and cannot be used. */
  assertRedisUsable(): Promise<void> {
    return refuseCluster(this.redis)
  }

  async ready(): Promise<boolean> {
    return this.redis.ping().then(
      () => true,
      () => false,
    )
  }

  async close(): Promise<void> {
    this.closing.abort()
    clearInterval(this.sweepTimer)
    this.indexSync.close()
    this.clock.close()
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

  private async publishChange(id: string): Promise<void> {
    await this.reconciler.reconcileJob(id)
    await publishNotification(this.redis, this.deps.redis.prefix, id, 'changed')
  }

  private async view(record: JobRecord): Promise<Job> {
    const { prefix } = this.deps.redis
    const { id } = record.manifest
    const status = statusOf(record)
    const waits = isWaitingOrRunning(record.lifecycle.state)
    const live = status === 'running' ? await readLiveState(this.redis, prefix, id) : null
    const [progress, queue, holdReason] = await Promise.all([
      readProgress(record, this.metricsLog, live),
      status === 'queued' ? this.queuePositions.position(record.manifest) : null,
      waits ? this.holdReason(record.manifest, status) : null,
    ])
    return viewJob(record, { progress, live, queue, holdReason })
  }

  /** If the disk takes no writes, no worker goes on with any job; else the job's worker may say why not. */
  private async holdReason(manifest: JobManifest, status: JobStatus): Promise<string | null> {
    const { redis, diskProblem } = this.deps
    const problem = await diskProblem()
    if (problem !== null) return problem
    const workers = status === 'queued' ? await this.statistics.workers().catch(() => null) : null
    if (workers?.length === 0) return noWorker
    const needs = needsOf(manifest)
    const nobody = needs && workers ? whyNobody(needs, workers) : null
    return nobody ?? readHoldReason(this.redis, redis.prefix, manifest.id)
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

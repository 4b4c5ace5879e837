import type { Redis } from 'ioredis'
import { decodeTime } from 'ulid'
import { invalidCursor, isMissing, TrainyardError } from '../errors.js'
import type { Logger } from '../log.js'
import { JobPlanner, type JobPlannerDeps } from '../planning/job-planner.js'
import type { Checkpoint } from '../spec/checkpoint.js'
import { isJobId } from '../spec/identifiers.js'
import type { JobNotification } from '../spec/ipc-messages.js'
import type { Job, JobManifest, JobRequest, JobStatus } from '../spec/job.js'
import type { JobPlan } from '../spec/job-queries.js'
import type { Page } from '../spec/paging.js'
import type { Store } from '../store/store.js'
import { type IdempotencyKey, IdempotencyKeys, type Submitted } from './idempotency.js'
import { statusOf, viewJob } from './job-view.js'
import { IndexSync } from './queue/index-sync.js'
import { type JobFilter, JobIndex } from './queue/job-index.js'
import { readLiveState } from './queue/live-state.js'
import { Notifications } from './queue/notifications.js'
import { JobQueue } from './queue/queue.js'
import { QueuePositions } from './queue/queue-position.js'
import { Reconciler } from './queue/reconciler.js'
import {
  blockingOptions,
  connect,
  failFastOptions,
  logConnectionErrors,
  type RedisConfig,
  redisNames,
} from './queue/redis.js'
import { Checkpoints } from './record/checkpoints.js'
import { datasetGone, jobNotFound, transitionNotAllowed } from './record/errors.js'
import { initialLifecycle, type Lifecycle } from './record/lifecycle.js'
import { type JobRecord, JobRecords } from './record/records.js'
import { isTerminal, isWaitingOrRunning, type JobAction, requestedAction } from './record/states.js'
import { JobTelemetry } from './telemetry/job-telemetry.js'

export interface JobsDeps extends Omit<JobPlannerDeps, 'checkpoints'> {
  store: Store
  redis: RedisConfig
  log: Logger
}

const sweepIntervalMs = 3600_000

export interface JobQuery extends JobFilter {
  limit: number
  cursor?: string
}

export interface JobStatistics {
  jobs: Record<JobStatus, number>
  /** In the queue, and no worker has them. */
  waiting: number
  /** Since the oldest queued job was submitted; 0 where none is. */
  oldestWaitingSeconds: number
}

/** Jobs as clients see them. What the store says is so; Redis only says what waits and what is new. */
export class Jobs {
  readonly telemetry: JobTelemetry
  private readonly records: JobRecords
  private readonly checkpointFolders: Checkpoints
  private readonly planner: JobPlanner
  private readonly index: JobIndex
  private readonly queue: JobQueue
  private readonly notifications: Notifications
  private readonly redis: Redis
  private readonly reconciler: Reconciler
  private readonly queuePositions: QueuePositions
  private readonly idempotencyKeys: IdempotencyKeys
  private readonly indexSync: IndexSync
  private readonly sweepTimer = setInterval(() => void this.sweepKeys(), sweepIntervalMs)

  constructor(private readonly deps: JobsDeps) {
    const { store, redis: redisConfig } = deps
    const onError = logConnectionErrors(deps.log)
    this.redis = connect(redisConfig, failFastOptions, onError)
    this.records = new JobRecords(store)
    this.checkpointFolders = new Checkpoints(store)
    this.planner = new JobPlanner({ ...deps, checkpoints: id => this.checkpoints(id) })
    this.index = new JobIndex(this.redis, redisConfig.prefix)
    this.queue = new JobQueue(redisConfig.prefix, this.redis, onError)
    this.notifications = Notifications.open(
      connect(redisConfig, blockingOptions, onError),
      redisConfig.prefix,
    )
    const view = (record: JobRecord) => this.view(record)
    this.telemetry = new JobTelemetry({
      store,
      records: this.records,
      nudges: this.notifications,
      view,
    })
    this.reconciler = new Reconciler(this.records, this.index, this.queue)
    const { redis } = this
    const { index, queue, records } = this
    this.queuePositions = new QueuePositions({
      redis,
      prefix: redisConfig.prefix,
      index,
      queue,
      records,
    })
    this.idempotencyKeys = new IdempotencyKeys(store, this.records)
    this.indexSync = new IndexSync({ redis, index, reconciler: this.reconciler, log: deps.log })
  }

  /** With a caller's key, once for all requests that come with it. */
  async submit(
    request: JobRequest,
    idempotencyKey?: IdempotencyKey,
  ): Promise<{ job: Job; replayed: boolean }> {
    const plan = () => this.planner.plan(request)
    const { manifest, replayed, created } = idempotencyKey
      ? await this.idempotencyKeys.submit(idempotencyKey, request, plan)
      : await this.create(await plan())
    const record = { manifest, attempts: [], initialized: null, result: null }
    const lifecycle = initialLifecycle(manifest.createdAt)
    // from here on the job exists; what Redis misses now, the reconciler adds
    if (created) await this.enqueue(manifest, lifecycle)
    return { job: viewJob({ ...record, lifecycle }), replayed }
  }

  /** The plan that `submit` would make; throws as `submit` does. Nothing is stored. */
  dryRun(request: JobRequest): Promise<JobPlan> {
    return this.planner.dryRun(request)
  }

  async get(id: string): Promise<Job> {
    return this.view(await this.records.read(id))
  }

  async list({ limit, cursor, ...filter }: JobQuery): Promise<Page<Job>> {
    if (cursor !== undefined && !isJobId(cursor)) throw invalidCursor(cursor)
    const ids = await this.listIds(limit + 1, cursor, filter)
    const found = await Promise.all(
      ids.slice(0, limit).map(id => this.get(id).catch(nullIfMissing)),
    )
    // the index may lag behind the record, the answer does not
    const { status } = filter
    const items = found
      .filter(job => job !== null)
      .filter(job => !status || status.includes(job.status))
    return { items, nextCursor: ids.length > limit ? (ids[limit - 1] ?? null) : null }
  }

  /** Does what the table of states allows; of a running job, as soon as its worker has heard. */
  async performAction(id: string, action: Exclude<JobAction, 'remove'>): Promise<Job> {
    if (action === 'retry') await this.assertDatasetExists(id)
    await this.applyAction(id, action)
    return this.get(id)
  }

  /** Cancels all that a filter finds and that has not ended. */
  async cancelAll(filter: JobFilter): Promise<{ cancelled: string[]; cancelling: string[] }> {
    const status = filter.status ?? ['queued', 'running', 'paused']
    const result: Record<'cancelled' | 'cancelling', string[]> = { cancelled: [], cancelling: [] }
    for (let cursor: string | undefined, more = true; more; ) {
      const ids = await this.listIds(100, cursor, { ...filter, status })
      await Promise.all(
        ids.map(async id => {
          const lifecycle = await this.applyAction(id, 'cancel').catch(nullIfMissingOrEnded)
          if (lifecycle?.state === 'cancelled' || lifecycle?.state === 'cancelling')
            result[lifecycle.state].push(id)
        }),
      )
      cursor = ids.at(-1)
      more = ids.length === 100
    }
    return result
  }

  async remove(id: string): Promise<void> {
    const { manifest } = await this.records.read(id)
    await this.applyAction(id, 'remove')
    await this.idempotencyKeys.markRemoved(manifest)
    await this.records.remove(id)
    // what Redis misses now, the reconciler forgets
    await this.index.remove(id).catch(() => {})
  }

  async checkpoints(id: string): Promise<Checkpoint[]> {
    const { attempts } = await this.records.read(id)
    return this.checkpointFolders.list(id, attempts)
  }

  async checkpoint(id: string, step: number) {
    const { attempts } = await this.records.read(id)
    return this.checkpointFolders.get(id, step, attempts)
  }

  /** Whether a job that has not ended reads this data set. */
  usesDataset(datasetId: string): Promise<boolean> {
    return this.someActive(({ dataset, training }) => {
      const validation = 'dataset' in training.validation ? training.validation.dataset : null
      return dataset.id === datasetId || validation === datasetId
    })
  }

  /** Whether a job that has not ended begins with these weights. */
  usesWeights(weightsId: string): Promise<boolean> {
    return this.someActive(
      ({ initFrom }) => !!initFrom && 'weights' in initFrom && initFrom.weights === weightsId,
    )
  }

  /** For whoever follows the lives of all jobs. */
  get feed() {
    const orNullIfMissing = <T>(found: Promise<T>) => found.catch(nullIfMissing)
    return {
      ids: () => this.records.ids(),
      lifecycle: async (id: string) => {
        const found = await orNullIfMissing(this.records.summary(id))
        if (!found || found.lifecycle.state === 'removed') return null
        return { labels: found.manifest.labels ?? {}, transitions: found.lifecycle.transitions }
      },
      view: (id: string) => orNullIfMissing(this.get(id)),
      onChange: (listener: (id: string) => void) => this.notifications.onChange(listener),
    }
  }

  /** What the queue and the index count; throws where Redis is away. */
  async statistics(): Promise<JobStatistics> {
    const [jobs, waiting, oldest] = await Promise.all([
      this.index.counts(),
      this.queue.waitingCount(),
      this.index.oldest('queued'),
    ])
    const since = oldest && decodeTime(oldest.slice('job-'.length).toUpperCase())
    return { jobs, waiting, oldestWaitingSeconds: since ? (Date.now() - since) / 1000 : 0 }
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
    // without Redis there is nobody to say goodbye to
    await this.queue.close().catch(() => {})
    this.redis.disconnect()
  }

  private listIds(...page: Parameters<JobIndex['page']>): Promise<string[]> {
    return this.indexSync.consistentRead(() => this.index.page(...page))
  }

  private async someActive(predicate: (manifest: JobManifest) => boolean): Promise<boolean> {
    const active = () => this.index.idsWithStatus('queued', 'running', 'paused')
    for (const id of await this.indexSync.consistentRead(active)) {
      const found = await this.records.summary(id)
      if (found && !isTerminal(found.lifecycle.state) && predicate(found.manifest)) return true
    }
    return false
  }

  private async create(manifest: JobManifest): Promise<Submitted> {
    return { manifest, replayed: false, created: await this.records.create(manifest) }
  }

  private async enqueue(manifest: JobManifest, lifecycle: Lifecycle): Promise<void> {
    const { id } = manifest
    const updates = [
      this.index.add(manifest, lifecycle),
      this.queue.add(manifest),
      this.notify(id, 'changed'),
    ]
    await Promise.all(updates).catch((error: Error) => {
      this.indexSync.markStale()
      this.deps.log.warn({ job: id, err: error }, 'Redis is away: the job is queued later')
    })
  }

  /** Writes a verb into the journal, then tells Redis and whoever works on the job. */
  private async applyAction(id: string, action: JobAction): Promise<Lifecycle> {
    const { allowed, lifecycle } = await this.records.apply(id, {
      event: action,
      at: new Date().toISOString(),
    })
    if (!allowed && lifecycle.state === 'removed') throw jobNotFound(id)
    if (!allowed) throw transitionNotAllowed(id, lifecycle.state, action)
    // Redis may be away: the worker also looks for requests, and the reconciler for the rest
    await this.syncRedis(id, lifecycle).catch(() => {})
    return lifecycle
  }

  private notify(id: string, event: JobNotification): Promise<unknown> {
    return this.redis.publish(redisNames(this.deps.redis.prefix).events(id), event)
  }

  private async syncRedis(id: string, lifecycle: Lifecycle): Promise<void> {
    await this.index.updateStatus(id, lifecycle)
    await this.notify(id, 'request')
    if (!isWaitingOrRunning(lifecycle.state)) return this.queue.remove(id)
    if (requestedAction(lifecycle.state)) return
    await this.reconciler.reconcileJob(id)
    // a worker that is done with an earlier run may hold the id for another moment
    setTimeout(() => void this.reconciler.reconcileJob(id).catch(() => {}), 2000).unref()
  }

  /** What a retried job trains on may have gone since its end. */
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
    const [live, queue] = await Promise.all([
      record.lifecycle.attempt > 0 && status !== 'succeeded'
        ? readLiveState(this.redis, prefix, id)
        : null,
      status === 'queued' ? this.queuePositions.position(id) : null,
    ])
    return viewJob(record, { live, queue })
  }

  private async sweepKeys(): Promise<void> {
    await this.idempotencyKeys.sweep(Date.now()).catch((error: Error) => {
      this.deps.log.warn({ err: error }, 'could not remove old idempotency keys; trying again')
    })
  }
}

function nullIfMissingOrEnded(error: unknown): null {
  if (error instanceof TrainyardError && error.kind === 'conflict') return null
  return nullIfMissing(error)
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

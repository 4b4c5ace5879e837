import type { Redis } from 'ioredis'
import { decodeTime, ulid } from 'ulid'
import { invalidCursor, isMissing, TrainyardError } from '../errors.js'
import { boostingSize, previewOf, recordsOf } from '../planning/dry-run.js'
import type { Planner } from '../planning/dry-run-process.js'
import { unknownDataset } from '../planning/errors.js'
import { resolveSource, type SourceFinders } from '../planning/init-source.js'
import { planJob } from '../planning/plan.js'
import type { Checkpoint } from '../spec/checkpoint.js'
import type { DatasetManifest } from '../spec/dataset.js'
import { isJobId } from '../spec/identifiers.js'
import type { JobEvent } from '../spec/ipc-messages.js'
import {
  isBoosting,
  isBoostingRequest,
  type Job,
  type JobManifest,
  type JobRequest,
  type JobStatus,
  type NetworkJobRequest,
} from '../spec/job.js'
import type { JobPlan } from '../spec/job-queries.js'
import type { Page } from '../spec/paging.js'
import type { Store } from '../store/store.js'
import { type Caller, IdempotencyKeys, type Submitted } from './idempotency.js'
import { statusOf, viewJob } from './job-view.js'
import { Upkeep } from './queue/index-sync.js'
import { type JobFilter, JobIndex } from './queue/job-index.js'
import { readLive } from './queue/live-state.js'
import { Nudges } from './queue/notifications.js'
import { JobQueue } from './queue/queue.js'
import { Waiting } from './queue/queue-position.js'
import { Reconciler } from './queue/reconciler.js'
import {
  connect,
  impatient,
  patient,
  type RedisHome,
  redisNames,
  reportOutages,
} from './queue/redis.js'
import { Checkpoints } from './record/checkpoints.js'
import { datasetGone, jobNotFound, refused } from './record/errors.js'
import { type Lifecycle, newborn } from './record/lifecycle.js'
import { type JobRecord, JobRecords } from './record/records.js'
import { isSettled, isWaitingOrRunning, requested, type Verb } from './record/states.js'
import { JobHistory } from './telemetry/job-telemetry.js'

export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface JobsParts extends Pick<SourceFinders, 'findModel' | 'findWeights'> {
  store: Store
  redis: RedisHome
  findDataset(idOrName: string): Promise<DatasetManifest>
  /** Tells the size of a job. */
  plan: Planner
  log: Log
}

const sweepEveryMs = 3600_000

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
  readonly history: JobHistory
  private readonly records: JobRecords
  private readonly checkpointFolders: Checkpoints
  private readonly index: JobIndex
  private readonly queue: JobQueue
  private readonly nudges: Nudges
  private readonly redis: Redis
  private readonly reconciler: Reconciler
  private readonly waiting: Waiting
  private readonly keys: IdempotencyKeys
  private readonly upkeep: Upkeep
  private readonly sweeping = setInterval(() => void this.sweepKeys(), sweepEveryMs)

  constructor(private readonly parts: JobsParts) {
    const { store, redis: home } = parts
    const onError = reportOutages(parts.log)
    this.redis = connect(home, impatient, onError)
    this.records = new JobRecords(store)
    this.checkpointFolders = new Checkpoints(store)
    this.index = new JobIndex(this.redis, home.prefix)
    this.queue = new JobQueue(home.prefix, this.redis, onError)
    this.nudges = Nudges.open(connect(home, patient, onError), home.prefix)
    const view = (record: JobRecord) => this.view(record)
    this.history = new JobHistory({ store, records: this.records, nudges: this.nudges, view })
    this.reconciler = new Reconciler(this.records, this.index, this.queue)
    const { redis } = this
    const { index, queue, records } = this
    this.waiting = new Waiting({ redis, prefix: home.prefix, index, queue, records })
    this.keys = new IdempotencyKeys(store, this.records)
    this.upkeep = new Upkeep({ redis, index, reconciler: this.reconciler, log: parts.log })
  }

  /** With a caller's key, once for all requests that come with it. */
  async submit(request: JobRequest, caller?: Caller): Promise<{ job: Job; replayed: boolean }> {
    const plan = () => this.plan(request)
    const { manifest, replayed, created } = caller
      ? await this.keys.submit(caller, request, plan)
      : await this.create(await plan())
    const record = { manifest, attempts: [], initialised: null, result: null }
    const life = newborn(manifest.createdAt)
    // from here on the job exists; what Redis misses now, the reconciler adds
    if (created) await this.announce(manifest, life)
    return { job: viewJob({ ...record, life }), replayed }
  }

  /** What `submit` would make of the request; throws as it would. Nothing is kept. */
  async preview(request: JobRequest): Promise<JobPlan> {
    const job = await this.plan(request)
    if (isBoosting(job)) return previewOf(job, boostingSize(job))
    const { findDataset, plan } = this.parts
    const { validation } = job.training
    const dataset = await findDataset(job.dataset.id)
    const other = 'dataset' in validation ? await findDataset(validation.dataset) : null
    if (dataset.kind !== 'images') throw new Error(`data set ${dataset.id} is a ${dataset.kind}`)
    const records = recordsOf(job, dataset, other)
    return previewOf(job, await plan({ job, dataset, records }))
  }

  async get(id: string): Promise<Job> {
    return this.view(await this.records.read(id))
  }

  async list({ limit, cursor, ...filter }: JobQuery): Promise<Page<Job>> {
    if (cursor !== undefined && !isJobId(cursor)) throw invalidCursor(cursor)
    const ids = await this.listed(limit + 1, cursor, filter)
    const found = await Promise.all(ids.slice(0, limit).map(id => this.get(id).catch(ifMissing)))
    // the index may lag behind the record, the answer does not
    const { status } = filter
    const items = found
      .filter(job => job !== null)
      .filter(job => !status || status.includes(job.status))
    return { items, nextCursor: ids.length > limit ? (ids[limit - 1] ?? null) : null }
  }

  /** Does what the table of states allows; of a running job, as soon as its worker has heard. */
  async act(id: string, verb: Exclude<Verb, 'remove'>): Promise<Job> {
    if (verb === 'retry') await this.requireDataset(id)
    await this.change(id, verb)
    return this.get(id)
  }

  /** Cancels all that a filter finds and that has not ended. */
  async cancelAll(filter: JobFilter): Promise<{ cancelled: string[]; cancelling: string[] }> {
    const status = filter.status ?? ['queued', 'running', 'paused']
    const done: Record<'cancelled' | 'cancelling', string[]> = { cancelled: [], cancelling: [] }
    for (let cursor: string | undefined, more = true; more; ) {
      const ids = await this.listed(100, cursor, { ...filter, status })
      await Promise.all(
        ids.map(async id => {
          const life = await this.change(id, 'cancel').catch(ifMissingOrEnded)
          if (life?.state === 'cancelled' || life?.state === 'cancelling') done[life.state].push(id)
        }),
      )
      cursor = ids.at(-1)
      more = ids.length === 100
    }
    return done
  }

  async remove(id: string): Promise<void> {
    const { manifest } = await this.records.read(id)
    await this.change(id, 'remove')
    await this.keys.jobRemoved(manifest)
    await this.records.remove(id)
    // what Redis misses now, the reconciler forgets
    await this.index.forget(id).catch(() => {})
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
  get lives() {
    const orNull = <T>(found: Promise<T>) => found.catch(ifMissing)
    return {
      ids: () => this.records.ids(),
      life: async (id: string) => {
        const found = await orNull(this.records.brief(id))
        if (!found || found.life.state === 'removed') return null
        return { labels: found.manifest.labels ?? {}, transitions: found.life.transitions }
      },
      view: (id: string) => orNull(this.get(id)),
      onChange: (listener: (id: string) => void) => this.nudges.onChange(listener),
    }
  }

  /** What the queue and the index count; throws where Redis is away. */
  async statistics(): Promise<JobStatistics> {
    const [jobs, waiting, oldest] = await Promise.all([
      this.index.counts(),
      this.queue.waiting(),
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
    clearInterval(this.sweeping)
    this.upkeep.close()
    this.nudges.close()
    // without Redis there is nobody to say goodbye to
    await this.queue.close().catch(() => {})
    this.redis.disconnect()
  }

  private listed(...page: Parameters<JobIndex['page']>): Promise<string[]> {
    return this.upkeep.whole(() => this.index.page(...page))
  }

  private async someActive(is: (manifest: JobManifest) => boolean): Promise<boolean> {
    const active = () => this.index.having('queued', 'running', 'paused')
    for (const id of await this.upkeep.whole(active)) {
      const found = await this.records.brief(id)
      if (found && !isSettled(found.life.state) && is(found.manifest)) return true
    }
    return false
  }

  /** Every choice made; throws with what cannot work. Nothing is kept. */
  private async plan(request: JobRequest): Promise<JobManifest> {
    const validation = request.training?.validation
    const dataset = await this.dataset(request.dataset, '/dataset')
    const other =
      typeof validation === 'object'
        ? await this.dataset(validation.dataset, '/training/validation/dataset')
        : null
    const createdAt = new Date()
    const id = `job-${ulid(createdAt.getTime()).toLowerCase()}`
    const { priority, labels } = request
    const { initFrom: asked, freeze } = beginningOf(request)
    const initFrom = await this.source(asked)
    return {
      ...planJob({ id, createdAt: createdAt.toISOString() }, request, dataset, other),
      ...(initFrom && { initFrom }),
      ...(freeze && { freeze }),
      ...(priority && { priority }),
      ...(labels && { labels }),
    }
  }

  private async create(manifest: JobManifest): Promise<Submitted> {
    return { manifest, replayed: false, created: await this.records.create(manifest) }
  }

  private async announce(manifest: JobManifest, life: Lifecycle): Promise<void> {
    const { id } = manifest
    const told = [
      this.index.add(manifest, life),
      this.queue.add(manifest),
      this.nudge(id, 'changed'),
    ]
    await Promise.all(told).catch((error: Error) => {
      this.upkeep.missed()
      this.parts.log.warn({ job: id, err: error }, 'Redis is away: the job is queued later')
    })
  }

  /** Writes a verb into the journal, then tells Redis and whoever works on the job. */
  private async change(id: string, verb: Verb): Promise<Lifecycle> {
    const { allowed, life } = await this.records.apply(id, {
      event: verb,
      at: new Date().toISOString(),
    })
    if (!allowed && life.state === 'removed') throw jobNotFound(id)
    if (!allowed) throw refused(id, life.state, verb)
    // Redis may be away: the worker also looks for requests, and the reconciler for the rest
    await this.tell(id, life).catch(() => {})
    return life
  }

  private nudge(id: string, event: JobEvent): Promise<unknown> {
    return this.redis.publish(redisNames(this.parts.redis.prefix).events(id), event)
  }

  private async tell(id: string, life: Lifecycle): Promise<void> {
    await this.index.note(id, life)
    await this.nudge(id, 'request')
    if (!isWaitingOrRunning(life.state)) return this.queue.withdraw(id)
    if (requested(life.state)) return
    await this.reconciler.settle(id)
    // a worker that is done with an earlier run may hold the id for another moment
    setTimeout(() => void this.reconciler.settle(id).catch(() => {}), 2000).unref()
  }

  /** What a retried job trains on may have gone since its end. */
  private async requireDataset(id: string): Promise<void> {
    const { dataset } = await this.records.manifest(id)
    await this.parts.findDataset(dataset.id).catch(error => {
      throw ifMissing(error) ?? datasetGone(id, error)
    })
  }

  private source(asked: NetworkJobRequest['initFrom']) {
    const checkpoints = (id: string) => this.checkpoints(id)
    return asked && resolveSource(asked, { ...this.parts, checkpoints })
  }

  /** A data set that a request names: a name that nobody bears is a flaw of the request. */
  private dataset(name: string, path: string): Promise<DatasetManifest> {
    return this.parts.findDataset(name).catch(error => {
      throw ifMissing(error) ?? unknownDataset(path, error)
    })
  }

  private async view(record: JobRecord): Promise<Job> {
    const { prefix } = this.parts.redis
    const { id } = record.manifest
    const status = statusOf(record)
    const [live, queue] = await Promise.all([
      record.life.epoch > 0 && status !== 'succeeded' ? readLive(this.redis, prefix, id) : null,
      status === 'queued' ? this.waiting.place(id) : null,
    ])
    return viewJob(record, { live, queue })
  }

  private async sweepKeys(): Promise<void> {
    await this.keys.sweep(Date.now()).catch((error: Error) => {
      this.parts.log.warn({ err: error }, 'could not remove old idempotency keys; trying again')
    })
  }
}

/** Trees have no variables to begin with. */
const beginningOf = (request: JobRequest): Pick<NetworkJobRequest, 'initFrom' | 'freeze'> =>
  isBoostingRequest(request) ? {} : request

function ifMissingOrEnded(error: unknown): null {
  if (error instanceof TrainyardError && error.kind === 'conflict') return null
  return ifMissing(error)
}

function ifMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

import type { Redis } from 'ioredis'
import { ulid } from 'ulid'
import type { Checkpoint } from '../spec/checkpoint.js'
import type { DatasetManifest } from '../spec/dataset.js'
import { isJobId } from '../spec/identifiers.js'
import type { Job, JobManifest, JobRequest } from '../spec/job.js'
import type { MetricsPage } from '../spec/metrics.js'
import type { Page } from '../spec/paging.js'
import type { Store } from '../store/store.js'
import { Checkpoints } from './checkpoints.js'
import { invalidCursor, jobActive, jobEnded, unknownDataset } from './errors.js'
import { followJob, type JobFeed } from './follow.js'
import { resolveSource, type SourceFinders } from './init-source.js'
import { JobIndex } from './job-index.js'
import { readLive } from './live.js'
import { MetricsLog, type MetricsQuery } from './metrics-log.js'
import { Nudges } from './nudges.js'
import { planJob } from './plan.js'
import { JobQueue } from './queue.js'
import { Reconciler } from './reconciler.js'
import { type JobRecord, JobRecords } from './records.js'
import { connect, impatient, patient, type RedisHome, redisNames, reportOutages } from './redis.js'
import { statusOf, viewJob } from './view.js'

export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface JobsParts extends Pick<SourceFinders, 'findModel' | 'findWeights'> {
  store: Store
  redis: RedisHome
  findDataset(idOrName: string): Promise<DatasetManifest>
  log: Log
}

/** A job that was accepted while Redis did not answer waits no longer than this for its place. */
const reconcileEveryMs = 5_000

/** Jobs as clients see them. What the store says is so; Redis only says what waits and what is new. */
export class Jobs {
  private readonly records: JobRecords
  private readonly metricsLog: MetricsLog
  private readonly checkpointFolders: Checkpoints
  private readonly index: JobIndex
  private readonly queue: JobQueue
  private readonly nudges: Nudges
  private readonly redis: Redis
  private readonly reconciler: Reconciler
  private readonly timer: NodeJS.Timeout

  constructor(private readonly parts: JobsParts) {
    const { store, redis: home } = parts
    const onError = reportOutages(parts.log)
    this.redis = connect(home, impatient, onError)
    this.records = new JobRecords(store)
    this.metricsLog = new MetricsLog(store)
    this.checkpointFolders = new Checkpoints(store)
    this.index = new JobIndex(this.redis, home.prefix)
    this.queue = new JobQueue(home, this.redis, onError)
    this.nudges = Nudges.open(connect(home, patient, onError), home.prefix)
    this.reconciler = new Reconciler(this.records, this.index, this.queue)
    this.timer = setInterval(() => void this.reconcile(), reconcileEveryMs)
    this.redis.on('ready', () => void this.reconcile())
  }

  async submit(request: JobRequest): Promise<Job> {
    const validation = request.training?.validation
    const dataset = await this.dataset(request.dataset, '/dataset')
    const other =
      typeof validation === 'object'
        ? await this.dataset(validation.dataset, '/training/validation/dataset')
        : null
    const identity = { id: `job-${ulid().toLowerCase()}`, createdAt: new Date().toISOString() }
    const { freeze } = request
    const initFrom = await this.source(request.initFrom)
    const manifest: JobManifest = {
      ...planJob(identity, request, dataset, other),
      ...(initFrom && { initFrom }),
      ...(freeze && { freeze }),
    }
    await this.records.create(manifest)
    // from here on the job exists; what Redis misses now, the reconciler adds
    await this.queue.add(manifest.id).catch((error: Error) => {
      this.parts.log.warn(
        { job: manifest.id, err: error },
        'Redis is away: the job is queued later',
      )
    })
    return viewJob(
      { manifest, attempts: [], cancelRequestedAt: null, initialised: null, result: null },
      null,
    )
  }

  async get(id: string): Promise<Job> {
    return this.view(await this.records.read(id))
  }

  async list({ limit, cursor }: { limit: number; cursor?: string }): Promise<Page<Job>> {
    if (cursor !== undefined && !isJobId(cursor)) throw invalidCursor(cursor)
    const ids = await this.index.page(limit + 1, cursor)
    const found = await Promise.all(ids.slice(0, limit).map(id => this.get(id).catch(ifMissing)))
    const items = found.filter(job => job !== null)
    return { items, nextCursor: ids.length > limit ? (ids[limit - 1] ?? null) : null }
  }

  /** Asks for the end of a job. A running one ends when its worker has heard; one that waits, at once. */
  async cancel(id: string): Promise<Job> {
    const record = await this.records.read(id)
    if (record.result?.status === 'cancelled') return this.view(record)
    if (record.result) throw jobEnded(id, record.result.status)
    await this.records.requestCancel(id)
    if (statusOf(record) === 'queued') {
      await this.records.finish(id, {
        status: 'cancelled',
        finishedAt: new Date().toISOString(),
        epoch: record.attempts.at(-1)?.epoch ?? 0,
        failure: null,
        model: null,
        metrics: {},
      })
      await this.queue.withdraw(id).catch(() => {})
    }
    const { events } = redisNames(this.parts.redis.prefix)
    // a nudge; the worker also looks for the request by itself
    await this.redis.publish(events(id), 'cancel').catch(() => {})
    return this.get(id)
  }

  async remove(id: string): Promise<void> {
    const status = statusOf(await this.records.read(id))
    if (status === 'queued' || status === 'running') throw jobActive(id, status)
    await this.records.remove(id)
    // what Redis misses now, the reconciler forgets
    await this.index.forget(id).catch(() => {})
  }

  async metrics(id: string, query: MetricsQuery): Promise<MetricsPage> {
    const { attempts } = await this.records.read(id)
    return this.metricsLog.page(id, attempts, query)
  }

  follow(id: string, options: { after?: string; signal: AbortSignal }): AsyncGenerator<JobFeed> {
    const record = () => this.records.read(id)
    const view = (now: JobRecord) => this.view(now)
    return followJob(id, { record, view, log: this.metricsLog, nudges: this.nudges }, options)
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

  async ready(): Promise<boolean> {
    return this.redis.ping().then(
      () => true,
      () => false,
    )
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    this.nudges.close()
    // without Redis there is nobody to say goodbye to
    await this.queue.close().catch(() => {})
    this.redis.disconnect()
  }

  private async someActive(is: (manifest: JobManifest) => boolean): Promise<boolean> {
    for (const id of await this.index.active()) {
      const record = await this.records.read(id).catch(ifMissing)
      if (record && !record.result && is(record.manifest)) return true
    }
    return false
  }

  private source(asked: JobRequest['initFrom']) {
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
    const live = statusOf(record) === 'running'
    return viewJob(record, live ? await readLive(this.redis, prefix, record.manifest.id) : null)
  }

  private async reconcile(): Promise<void> {
    await this.reconciler.run().catch((error: Error) => {
      this.parts.log.warn(
        { err: error },
        'could not compare the queue with the store; trying again',
      )
    })
  }
}

function ifMissing(error: unknown): null {
  if (error instanceof Error && 'kind' in error && error.kind === 'missing') return null
  throw error
}

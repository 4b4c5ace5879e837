import type { Redis } from 'ioredis'
import pLimit from 'p-limit'
import { nullIfDamaged, TrainyardError } from '../errors.js'
import type { Logger } from '../log.js'
import type { JobManifest, JobStatus } from '../spec/job.js'
import type { JobVerb } from '../spec/job-actions.js'
import type { DamagedJobs } from './damaged-jobs.js'
import type { IdempotencyKeys } from './idempotency.js'
import { nullIfMissing } from './job-feed.js'
import type { JobLists } from './job-lists.js'
import type { JobIndex } from './queue/job-index.js'
import type { JobFilter } from './queue/job-search.js'
import { publishNotification } from './queue/notifications.js'
import type { JobQueue } from './queue/queue.js'
import type { Reconciler } from './queue/reconciler.js'
import type { TrainingTotals } from './queue/training-totals.js'
import { datasetGone, jobNotFound, transitionNotAllowed } from './record/errors.js'
import type { Lifecycle } from './record/lifecycle.js'
import type { AttemptRecord, JobRecords } from './record/records.js'
import { isWaitingOrRunning, type JobAction, requestedAction } from './record/states.js'

interface JobActionsDeps {
  records: JobRecords
  readAttempts(id: string): Promise<AttemptRecord[]>
  index: JobIndex
  queue: JobQueue
  reconciler: Reconciler
  lists: JobLists
  damagedJobs: DamagedJobs
  idempotencyKeys: IdempotencyKeys
  totals: TrainingTotals
  redis: Redis
  prefix: string
  findDataset(id: string): Promise<unknown>
  log: Logger
}

/** What became of one job of several: its state, or null after it was deleted; or the error. */
export type ActionOutcome = { id: string } & ({ lifecycle: Lifecycle | null } | { error: Error })

/** Jobs that are changed at the same time. */
const concurrency = 32

/** The jobs that a selection means if it names no status: those that the verb changes. */
const statusesOf: Record<JobVerb, readonly JobStatus[]> = {
  pause: ['queued', 'running'],
  resume: ['paused'],
  cancel: ['queued', 'running', 'paused'],
  retry: ['failed', 'cancelled'],
  delete: ['succeeded', 'failed', 'cancelled'],
}

/** What clients do with jobs, one or many. Each request is in the record before it is answered. */
export class JobActions {
  constructor(private readonly deps: JobActionsDeps) {}

  /**
   * Pauses, resumes, cancels, retries or deletes a job. The worker of a running job reacts within seconds. Returns the
   * state after it, null for a job that was deleted.
   */
  async perform(id: string, verb: JobVerb): Promise<Lifecycle | null> {
    if (verb === 'delete') {
      await this.remove(id)
      return null
    }
    if (verb === 'retry') await this.assertDatasetExists(id)
    return this.apply(id, verb)
  }

  /** The same for several jobs, of which some may fail. */
  performAll(ids: readonly string[], verb: JobVerb): Promise<ActionOutcome[]> {
    const limit = pLimit(concurrency)
    const perform = (id: string): Promise<ActionOutcome> =>
      this.perform(id, verb).then(
        lifecycle => ({ id, lifecycle }),
        (error: Error) => ({ id, error }),
      )
    return Promise.all(ids.map(id => limit(() => perform(id))))
  }

  /** Up to `limit` jobs that match, newest first: those that the verb changes, unless the filter has statuses. */
  async select(
    filter: JobFilter,
    verb: JobVerb,
    limit: number,
  ): Promise<{ ids: string[]; hasMore: boolean }> {
    const ids = await this.deps.lists.ids(limit + 1, null, { status: statusesOf[verb], ...filter })
    return { ids: ids.slice(0, limit), hasMore: ids.length > limit }
  }

  /** Cancels all jobs that match the filter and have not ended. */
  async cancelAll(filter: JobFilter): Promise<{ cancelled: string[]; cancelling: string[] }> {
    const status = filter.status ?? statusesOf.cancel
    const result: Record<'cancelled' | 'cancelling', string[]> = { cancelled: [], cancelling: [] }
    for (let before: string | null = null, more = true; more; ) {
      const ids: string[] = await this.deps.lists.ids(100, before, { ...filter, status })
      for (const outcome of await this.performAll(ids, 'cancel')) {
        if ('error' in outcome) throwUnlessMissingOrEnded(outcome.error)
        else if (outcome.lifecycle?.state === 'cancelled') result.cancelled.push(outcome.id)
        else if (outcome.lifecycle?.state === 'cancelling') result.cancelling.push(outcome.id)
      }
      before = ids.at(-1) ?? null
      more = ids.length === 100
    }
    return result
  }

  /** Removes a job that has ended. A damaged one is removed in any state, and its worker stops. */
  private async remove(id: string): Promise<void> {
    const { records, idempotencyKeys, index, log } = this.deps
    const record = await records.read(id).catch(nullIfDamaged)
    if (!record) return this.removeDamaged(id)
    const { manifest } = record
    // On a full disk nothing can be noted, and it is deletions that make room. The note completes a
    // deletion that is interrupted; it is refused before it is written if the job has not ended.
    await this.apply(id, 'remove').catch(ignoreFullStorage)
    await idempotencyKeys.markRemoved(manifest).catch(ignoreFullStorage)
    await records.remove(id)
    // now there is room for it
    await idempotencyKeys.markRemoved(manifest).catch(error => {
      ignoreFullStorage(error)
      const message = 'the disk is full: a submission with the key of a deleted job would repeat it'
      log.warn({ job: id }, message)
    })
    // if Redis is away, the reconciler removes the entry later
    await index.remove(id).catch(() => {})
  }

  private async removeDamaged(id: string): Promise<void> {
    const { records, idempotencyKeys, damagedJobs, queue, index, redis, prefix } = this.deps
    await idempotencyKeys.markRemovedById(id).catch(ignoreFullStorage)
    await records.remove(id)
    await idempotencyKeys.markRemovedById(id).catch(ignoreFullStorage)
    damagedJobs.forget(id)
    // if Redis is away, the reconciler removes the entries later
    await queue.remove(id).catch(() => {})
    await index.remove(id).catch(() => {})
    await publishNotification(redis, prefix, id, 'request').catch(() => {})
  }

  /** Appends the action to the job's journal, then notifies Redis and the job's worker. */
  private async apply(id: string, action: JobAction): Promise<Lifecycle> {
    const { records, totals, log } = this.deps
    const at = new Date().toISOString()
    const { allowed, lifecycle } = await records.apply(id, { event: action, at })
    if (!allowed && lifecycle.state === 'removed') throw jobNotFound(id)
    if (!allowed) throw transitionNotAllowed(id, lifecycle.state, action)
    log.info({ job: id, state: lifecycle.state }, `job: ${action} was asked for`)
    // a worker counts the end of a job that it runs
    if (lifecycle.result?.status === 'cancelled' && lifecycle.result.finishedAt === at) {
      totals.jobEnded(lifecycle)
      await totals.flush().catch(() => {})
    }
    // if Redis is away: the worker also polls for requests, and the reconciler updates Redis later
    await this.syncRedis(id, lifecycle).catch(() => {})
    return lifecycle
  }

  private async syncRedis(id: string, lifecycle: Lifecycle): Promise<void> {
    const { records, readAttempts, index, queue, reconciler, redis, prefix } = this.deps
    if (lifecycle.state !== 'removed') {
      const [record, attempts] = await Promise.all([records.read(id), readAttempts(id)])
      await index.put({ ...record, attempts })
    }
    await publishNotification(redis, prefix, id, 'request')
    if (!isWaitingOrRunning(lifecycle.state)) return queue.remove(id)
    if (requestedAction(lifecycle.state)) return
    await reconciler.reconcileJob(id)
    // the worker of an earlier attempt may hold the id for another moment; BullMQ ignores an add
    // until then
    setTimeout(() => void reconciler.reconcileJob(id).catch(() => {}), 2000).unref()
  }

  /** The data set may have been deleted since the job ended. */
  private async assertDatasetExists(id: string): Promise<void> {
    const { dataset }: JobManifest = await this.deps.records.manifest(id)
    await this.deps.findDataset(dataset.id).catch(error => {
      throw nullIfMissing(error) ?? datasetGone(id, error)
    })
  }
}

function ignoreFullStorage(error: unknown): void {
  if (!(error instanceof TrainyardError && error.code === 'STORAGE_FULL')) throw error
}

function throwUnlessMissingOrEnded(error: Error): void {
  if (error instanceof TrainyardError && error.kind === 'conflict') return
  nullIfMissing(error)
}

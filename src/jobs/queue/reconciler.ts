import pLimit from 'p-limit'
import { isMissing, nullIfDamaged } from '../../errors.js'
import type { Logger } from '../../log.js'
import type { DamageRegistry } from '../../store/damage-registry.js'
import { jobPaths } from '../record/job-paths.js'
import type { AttemptRecord, JobRecord, JobRecords } from '../record/records.js'
import { isWaitingOrRunning } from '../record/states.js'
import type { JobIndex } from './job-index.js'
import type { JobQueue } from './queue.js'

type JobSummary = Pick<JobRecord, 'manifest' | 'lifecycle'>

const batchSize = 100

/** Jobs that a rebuild reads at the same time. */
const rebuildConcurrency = 16

/** Jobs in any state that each run compares with the store: those that have ended can change, too. */
const sweepBatchSize = 20

/**
 * Makes Redis match the store. It adds jobs that the index lost, updates old statuses, queues jobs
 * that should run but are not in the queue (the add after the 202 failed, or a worker's run threw),
 * and finishes interrupted removals.
 */
export class Reconciler {
  private nextIndex = 0
  /** The last job that the sweep has compared; null at its start. */
  private sweptTo: string | null = null
  /** Jobs that Redis could not be told about. */
  private readonly unsynced = new Set<string>()
  /** Damaged jobs. Each run reads them again, because they may have been restored. */
  private readonly passedOver = new Set<string>()

  constructor(
    private readonly records: JobRecords,
    /** Reads the attempts of a job with all that the index shows of them. */
    private readonly readAttempts: (id: string) => Promise<AttemptRecord[]>,
    private readonly index: JobIndex,
    private readonly queue: JobQueue,
    private readonly damage: DamageRegistry,
    private readonly log: Pick<Logger, 'info'>,
  ) {}

  async run(): Promise<void> {
    const running = await this.index.idsWithStatus('running')
    const [queued, paused] = [
      await this.index.idsWithStatus('queued'),
      await this.index.idsWithStatus('paused'),
    ]
    const missing = await this.queue.missingFromQueue(queued)
    const others = [...queued, ...paused]
    const swept = await this.nextSwept()
    const ids = [...running, ...missing, ...this.nextBatch(others), ...swept, ...this.unsynced]
    for (const id of new Set(ids)) await this.reconcileJob(id)
    for (const id of this.passedOver) await this.restore(id)
  }

  /**
   * A damaged job keeps its place in the index, and no worker runs it. After its file was restored, the job is
   * added again: the index may have been rebuilt meanwhile.
   */
  private async restore(id: string): Promise<void> {
    const record = await this.find(id)
    if (this.isDamaged(id)) return
    this.passedOver.delete(id)
    if (!record) return
    this.log.info({ job: id }, 'a damaged job is intact again')
    await this.ensureIndexedAndQueued(record)
  }

  /**
   * The next `batchSize` ids, round robin. Reading the records of a long queue at once would take
   * longer than the interval between runs and slow down submissions.
   */
  private nextBatch(ids: readonly string[]): readonly string[] {
    const from = this.nextIndex < ids.length ? this.nextIndex : 0
    this.nextIndex = from + batchSize
    return ids.slice(from, this.nextIndex)
  }

  private async nextSwept(): Promise<string[]> {
    const ids = await this.index.idsAfter(this.sweptTo, sweepBatchSize)
    this.sweptTo = ids.length < sweepBatchSize ? null : ids.at(-1)!
    return ids
  }

  /** Updates Redis for one job from its record. If Redis does not answer, the next run does it. */
  async reconcileJob(id: string): Promise<void> {
    this.unsynced.add(id)
    await this.reconcile(id)
    this.unsynced.delete(id)
  }

  private async reconcile(id: string): Promise<void> {
    const record = await this.find(id)
    if (this.isDamaged(id)) return
    if (record) {
      // a worker may have refused it because it is damaged
      const { state } = record.lifecycle
      const isLost = isWaitingOrRunning(state) && !(await this.queue.has(id))
      return isLost && !(await this.isIntact(id)) ? undefined : this.ensureIndexedAndQueued(record)
    }
    const isListed = (await this.index.missing([id])).length === 0
    if (isListed) this.log.info({ job: id }, 'a job is not in the data folder: it leaves the list')
    await this.index.remove(id)
  }

  private async ensureIndexedAndQueued({ manifest, lifecycle }: JobSummary): Promise<void> {
    // a damaged attempt has no progress to list, and does not keep the job from the list
    const attempts =
      lifecycle.attempt > 0 ? await this.readAttempts(manifest.id).catch(nullIfDamaged) : []
    await this.index.put({ manifest, lifecycle, attempts: attempts ?? [] })
    if (!isWaitingOrRunning(lifecycle.state)) return
    await this.queue.place(manifest)
  }

  /** Whether a worker could run the job: it reads more than a summary. Remembers damage. */
  private async isIntact(id: string): Promise<boolean> {
    const { root } = jobPaths(id)
    const found = await this.damage.tryRead('job', root, () => this.readWhole(id))
    if (found === null) this.passedOver.add(id)
    return found !== null
  }

  /** Adds all jobs that are missing from the index. */
  async rebuild(): Promise<void> {
    // damaged jobs cannot be added: the lists name them beside the others
    const missing = await this.index.missing(await this.records.ids())
    const limitReads = pLimit(rebuildConcurrency)
    const add = async (id: string) => {
      const record = await this.find(id)
      if (record) await this.ensureIndexedAndQueued(record)
    }
    await Promise.all(missing.map(id => limitReads(() => add(id))))
    await this.index.markComplete()
  }

  /** Returns null for a job that is gone, and for a damaged one. */
  private async find(id: string): Promise<JobSummary | null> {
    const { root } = jobPaths(id)
    const wasDamaged = this.isDamaged(id)
    const read = async () => {
      const summary = await this.records.summary(id)
      // only a read of everything shows that nothing is damaged any more
      if (wasDamaged && summary && summary.lifecycle.state !== 'removed') await this.readWhole(id)
      return summary
    }
    const found = await this.damage.tryRead('job', root, read, { isPartial: !wasDamaged })
    if (this.isDamaged(id)) this.passedOver.add(id)
    if (found?.lifecycle.state !== 'removed') return found
    await this.records.remove(id)
    return null
  }

  /** Returns undefined if the job was removed meanwhile. */
  private async readWhole(id: string): Promise<JobRecord | undefined> {
    return this.records.read(id).catch(error => {
      if (!isMissing(error)) throw error
      return undefined
    })
  }

  private isDamaged(id: string): boolean {
    return this.damage.has('job', jobPaths(id).root)
  }
}

import type { JobRecord, JobRecords } from '../record/records.js'
import { isWaitingOrRunning } from '../record/states.js'
import type { JobIndex } from './job-index.js'
import type { JobQueue } from './queue.js'

type JobSummary = Pick<JobRecord, 'manifest' | 'lifecycle'>

const batchSize = 100

/**
 * Makes Redis match the store. It adds jobs that the index lost, updates old statuses, queues jobs
 * that should run but are not in the queue (the add after the 202 failed, or a worker's run threw),
 * and finishes interrupted removals.
 */
export class Reconciler {
  private nextIndex = 0

  constructor(
    private readonly records: JobRecords,
    private readonly index: JobIndex,
    private readonly queue: JobQueue,
  ) {}

  async run(): Promise<void> {
    const running = await this.index.idsWithStatus('running')
    const [queued, paused] = [
      await this.index.idsWithStatus('queued'),
      await this.index.idsWithStatus('paused'),
    ]
    const missing = await this.queue.missingFromQueue(queued)
    const others = [...queued, ...paused]
    for (const id of new Set([...running, ...missing, ...this.nextBatch(others)]))
      await this.reconcileJob(id)
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

  /** Updates Redis for one job from its record. */
  async reconcileJob(id: string): Promise<void> {
    const record = await this.find(id)
    if (!record) return this.index.remove(id)
    await this.ensureQueued(record)
  }

  private async ensureQueued({ manifest, lifecycle }: JobSummary): Promise<void> {
    await this.index.updateStatus(manifest.id, lifecycle)
    if (!isWaitingOrRunning(lifecycle.state)) return
    if (!(await this.queue.has(manifest.id))) await this.queue.add(manifest)
  }

  /** Adds all jobs that are missing from the index. */
  async rebuild(): Promise<void> {
    for (const id of await this.index.missing(await this.records.ids())) {
      const record = await this.find(id)
      if (!record) continue
      await this.index.add(record.manifest, record.lifecycle)
      await this.ensureQueued(record)
    }
    await this.index.markComplete()
  }

  private async find(id: string): Promise<JobSummary | null> {
    const found = await this.records.summary(id)
    if (found?.lifecycle.state !== 'removed') return found
    await this.records.remove(id)
    return null
  }
}

import type { JobRecord, JobRecords } from '../record/records.js'
import { isWaitingOrRunning } from '../record/states.js'
import type { JobIndex } from './job-index.js'
import type { JobQueue } from './queue.js'

type JobSummary = Pick<JobRecord, 'manifest' | 'lifecycle'>

const batchSize = 100

/**
 * Brings Redis back to what the store says: jobs that the index has lost (Redis was wiped), statuses
 * that it missed, jobs that no queue holds though they should run (the add after the 202 failed, a
 * worker's run threw), and folders of jobs whose removal was cut short.
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
   * Of a long queue a part each time: reading the records of all would take longer than the time
   * between, and leave the submissions beside it little of the processor.
   */
  private nextBatch(ids: readonly string[]): readonly string[] {
    const from = this.nextIndex < ids.length ? this.nextIndex : 0
    this.nextIndex = from + batchSize
    return ids.slice(from, this.nextIndex)
  }

  /** One job, whatever Redis says of it. */
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

  /** Adds all jobs that the index lacks. */
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

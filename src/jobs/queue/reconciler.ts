import type { JobRecord, JobRecords } from '../record/records.js'
import { isWaitingOrRunning } from '../record/states.js'
import type { JobIndex } from './job-index.js'
import type { JobQueue } from './queue.js'

type Brief = Pick<JobRecord, 'manifest' | 'life'>

const mostAtOnce = 100

/**
 * Brings Redis back to what the store says: jobs that the index has lost (Redis was wiped), statuses
 * that it missed, jobs that no queue holds though they should run (the add after the 202 failed, a
 * worker's run threw), and folders of jobs whose removal was cut short.
 */
export class Reconciler {
  private next = 0

  constructor(
    private readonly records: JobRecords,
    private readonly index: JobIndex,
    private readonly queue: JobQueue,
  ) {}

  async run(): Promise<void> {
    const running = await this.index.having('running')
    const [queued, paused] = [await this.index.having('queued'), await this.index.having('paused')]
    const lost = await this.queue.notInLine(queued)
    const others = [...queued, ...paused]
    for (const id of new Set([...running, ...lost, ...this.turn(others)])) await this.settle(id)
  }

  /**
   * Of a long queue a part each time: reading the records of all would take longer than the time
   * between, and leave the submissions beside it little of the processor.
   */
  private turn(ids: readonly string[]): readonly string[] {
    const from = this.next < ids.length ? this.next : 0
    this.next = from + mostAtOnce
    return ids.slice(from, this.next)
  }

  /** One job, whatever Redis says of it. */
  async settle(id: string): Promise<void> {
    const record = await this.find(id)
    if (!record) return this.index.forget(id)
    await this.bring(record)
  }

  private async bring({ manifest, life }: Brief): Promise<void> {
    await this.index.note(manifest.id, life)
    if (!isWaitingOrRunning(life.state)) return
    if (!(await this.queue.has(manifest.id))) await this.queue.add(manifest)
  }

  /** Adds all jobs that the index lacks. */
  async rebuild(): Promise<void> {
    for (const id of await this.index.missing(await this.records.ids())) {
      const record = await this.find(id)
      if (!record) continue
      await this.index.add(record.manifest, record.life)
      await this.bring(record)
    }
    await this.index.markWhole()
  }

  private async find(id: string): Promise<Brief | null> {
    const found = await this.records.brief(id)
    if (found?.life.state !== 'removed') return found
    await this.records.remove(id)
    return null
  }
}

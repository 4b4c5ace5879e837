import type { JobIndex } from './job-index.js'
import type { JobQueue } from './queue.js'
import type { JobRecords } from './records.js'

/**
 * Brings Redis back to what the store says: jobs that the index has lost (Redis was wiped), and jobs
 * without a result that no queue holds (the add after the 202 failed, a worker's run threw).
 */
export class Reconciler {
  constructor(
    private readonly records: JobRecords,
    private readonly index: JobIndex,
    private readonly queue: JobQueue,
  ) {}

  async run(): Promise<void> {
    const ids = await this.records.ids()
    if ((await this.index.count()) < ids.length) await this.rebuild(ids)
    for (const id of await this.index.active()) {
      if (!(await this.records.exists(id))) await this.index.forget(id)
      else if (await this.records.result(id)) await this.index.settle(id)
      else if (!(await this.queue.has(id))) await this.queue.add(id)
    }
  }

  private async rebuild(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (await this.index.has(id)) continue
      if (await this.records.exists(id)) {
        await this.index.restore(id, (await this.records.result(id)) === null)
      }
    }
  }
}

import type { Redis } from 'ioredis'
import type { Logger } from '../../log.js'
import { whyNobody } from '../../spec/needs.js'
import { LiveStatePublisher } from './live-state.js'
import type { JobQueue } from './queue.js'
import { WorkerReports } from './worker-reports.js'

/** Longer than the time between two checks. */
const forgottenAfterSeconds = 30

/** Notes, for jobs that no worker can run, why not: the log of the job begins with it when one takes the job. */
export class UnplacedJobs {
  private readonly reports: WorkerReports
  private readonly publisher: LiveStatePublisher
  private lastReasons = ''

  constructor(
    redis: Redis,
    prefix: string,
    private readonly queue: Pick<JobQueue, 'waitingGroups'>,
    private readonly log: Pick<Logger, 'warn'>,
  ) {
    this.reports = new WorkerReports(redis, prefix)
    this.publisher = new LiveStatePublisher(redis, prefix)
  }

  async check(): Promise<void> {
    const groups = (await this.queue.waitingGroups()).filter(({ needs }) => needs !== null)
    const workers = groups.length > 0 ? await this.reports.read() : []
    // without any worker, all jobs wait
    const unplaced =
      workers.length === 0
        ? []
        : groups.flatMap(({ needs, count, ids }) => {
            const reason = whyNobody(needs!, workers)
            return reason === null ? [] : [{ reason, count, ids }]
          })
    for (const { reason, ids } of unplaced) {
      for (const id of ids) await this.publisher.publishHold(id, reason, forgottenAfterSeconds)
    }
    const reasons = unplaced.map(({ reason }) => reason).join('\n')
    if (reasons === this.lastReasons) return
    this.lastReasons = reasons
    for (const { reason, count, ids } of unplaced) {
      this.log.warn({ jobs: count, first: ids[0], reason }, 'no worker can run some queued jobs')
    }
  }
}

import { isMissing } from '../errors.js'
import type { Job } from '../spec/job.js'
import type { JobFeed, JobHistory } from '../spec/job-feed.js'
import type { DamageRegistry } from '../store/damage-registry.js'
import type { Notifications } from './queue/notifications.js'
import { jobPaths } from './record/job-paths.js'
import type { JobRecords } from './record/records.js'

/** The feed of all jobs in the store. */
export class RecordFeed implements JobFeed {
  constructor(
    private readonly records: JobRecords,
    private readonly notifications: Notifications,
    private readonly readView: (id: string) => Promise<Job>,
    private readonly damage: DamageRegistry,
  ) {}

  ids(): Promise<string[]> {
    return this.records.ids()
  }

  async history(id: string): Promise<JobHistory | null> {
    // a damaged job has no events that could be trusted; the scan of the other jobs goes on
    const found = await this.tryRead(id, () => this.records.summary(id), { isPartial: true })
    if (!found || found.lifecycle.state === 'removed') return null
    return { labels: found.manifest.labels ?? {}, transitions: found.lifecycle.transitions }
  }

  view(id: string): Promise<Job | null> {
    return this.tryRead(id, () => this.readView(id))
  }

  private tryRead<T>(
    id: string,
    read: () => Promise<T>,
    options: { isPartial?: boolean } = {},
  ): Promise<T | null> {
    return this.damage.tryRead('job', jobPaths(id).root, read, options).catch(nullIfMissing)
  }

  onChange(listener: (id: string) => void): () => void {
    return this.notifications.onChange(listener)
  }
}

/** For `.catch`: returns null for an error of kind `missing`, and throws any other. */
export function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

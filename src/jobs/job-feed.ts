import { isMissing } from '../errors.js'
import type { Job } from '../spec/job.js'
import type { JobFeed, JobHistory } from '../spec/job-feed.js'
import type { Notifications } from './queue/notifications.js'
import type { JobRecords } from './record/records.js'

/** The feed of all jobs in the store. */
export class RecordFeed implements JobFeed {
  constructor(
    private readonly records: JobRecords,
    private readonly notifications: Notifications,
    private readonly readView: (id: string) => Promise<Job>,
  ) {}

  ids(): Promise<string[]> {
    return this.records.ids()
  }

  async history(id: string): Promise<JobHistory | null> {
    const found = await this.records.summary(id).catch(nullIfMissing)
    if (!found || found.lifecycle.state === 'removed') return null
    return { labels: found.manifest.labels ?? {}, transitions: found.lifecycle.transitions }
  }

  view(id: string): Promise<Job | null> {
    return this.readView(id).catch(nullIfMissing)
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

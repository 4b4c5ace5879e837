import { nullIfDamaged } from '../errors.js'
import type { Listing } from '../lists/listing.js'
import type { Job, JobManifest } from '../spec/job.js'
import type { DamagedJobs } from './damaged-jobs.js'
import type { IndexSync } from './queue/index-sync.js'
import type { JobIndex } from './queue/job-index.js'
import type { JobFilter, JobSearch, JobSearchQuery } from './queue/job-search.js'
import type { JobRecords } from './record/records.js'
import { isTerminal } from './record/states.js'

interface JobListsDeps {
  records: JobRecords
  index: JobIndex
  search: JobSearch
  indexSync: IndexSync
  damagedJobs: DamagedJobs
  view(id: string): Promise<Job>
}

/** Finds jobs in the index, and reads them from the store. */
export class JobLists {
  constructor(private readonly deps: JobListsDeps) {}

  /** Throws INVALID_CURSOR, and QUEUE_UNAVAILABLE rather than return a partial list. */
  async list(query: JobSearchQuery): Promise<Listing<Job>> {
    const { indexSync, search, damagedJobs, view } = this.deps
    const { items: ids, ...page } = await indexSync.consistentRead(() => search.page(query))
    const { status } = query
    return {
      ...page,
      async read(from, to) {
        const found = await Promise.all(
          ids.slice(from, to).map(id => damagedJobs.passOver(id, () => view(id))),
        )
        // a status in the index may be older than the record
        return found
          .filter(job => job !== null)
          .filter(job => !status || status.includes(job.status))
      },
      damaged: () => damagedJobs.list(),
    }
  }

  /** Up to `limit` ids of jobs that match, older than `before`, newest first. */
  ids(limit: number, before: string | null, filter: JobFilter): Promise<string[]> {
    const { indexSync, search } = this.deps
    return indexSync.consistentRead(() => search.ids(limit, before, filter))
  }

  /** Whether the manifest of a job that has not ended meets the condition. */
  async someActive(predicate: (manifest: JobManifest) => boolean): Promise<boolean> {
    const { index, indexSync, records } = this.deps
    const active = () => index.idsWithStatus('queued', 'running', 'paused')
    for (const id of await indexSync.consistentRead(active)) {
      // a damaged job cannot run, so it uses nothing
      const found = await records.summary(id).catch(nullIfDamaged)
      if (found && !isTerminal(found.lifecycle.state) && predicate(found.manifest)) return true
    }
    return false
  }
}

import { nullIfDamaged } from '../errors.js'
import type { Listing } from '../lists/listing.js'
import type { Job, JobManifest } from '../spec/job.js'
import type { DamagedJobs } from './damaged-jobs.js'
import type { IndexSync } from './queue/index-sync.js'
import type { JobIndex } from './queue/job-index.js'
import { isIndexed, type JobRow, lacks } from './queue/job-row.js'
import {
  type JobFilter,
  type JobSearch,
  type JobSearchQuery,
  parsedAtOnce,
} from './queue/job-search.js'
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

  /**
   * The page has whole jobs from the store, or if the index has all of `fields`, rows from there, which is many times
   * as fast. Throws INVALID_CURSOR, and QUEUE_UNAVAILABLE rather than return a partial list.
   */
  async list(query: JobSearchQuery, fields?: readonly string[]): Promise<Listing<Job | JobRow>> {
    const { indexSync, search, damagedJobs, view } = this.deps
    const { items: ids, ...page } = await indexSync.consistentRead(() => search.page(query))
    const { status } = query
    if (fields?.every(isIndexed)) {
      return {
        ...page,
        itemsAtOnce: parsedAtOnce,
        read: (from, to) => this.rows(ids.slice(from, to), fields, status),
        damaged: () => damagedJobs.list(),
      }
    }
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

  private async rows(
    ids: readonly string[],
    fields: readonly string[],
    status: JobFilter['status'],
  ): Promise<(Job | JobRow)[]> {
    const { search, damagedJobs, view } = this.deps
    const rows = await search.rows(ids.filter(id => !damagedJobs.isKnown(id)))
    const found = await Promise.all(
      rows.map(row =>
        lacks(row, fields) ? damagedJobs.passOver(row.id, () => view(row.id)) : row,
      ),
    )
    return found.filter(job => job !== null).filter(job => !status || status.includes(job.status))
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

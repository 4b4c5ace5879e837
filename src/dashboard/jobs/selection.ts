import { useState } from 'preact/hooks'
import type { JobStatus } from '../../spec/job.js'
import { client } from '../server/session.js'

/** What is known of a selected job, which may not be among the rows that were read. */
export interface SelectedJob {
  id: string
  status: JobStatus
}

export interface Selection {
  jobs: ReadonlyMap<string, SelectedJob>
  toggle: (job: SelectedJob) => void
  /** Selects these too, or if `isAdded` is false, none of them. */
  set: (jobs: readonly SelectedJob[], isAdded: boolean) => void
  clear: () => void
}

export function useSelection(): Selection {
  const [jobs, setJobs] = useState<ReadonlyMap<string, SelectedJob>>(new Map())
  const set: Selection['set'] = (changed, isAdded) =>
    setJobs(before => {
      const after = new Map(before)
      for (const { id, status } of changed) {
        if (isAdded) after.set(id, { id, status })
        else after.delete(id)
      }
      return after
    })
  return {
    jobs,
    set,
    toggle: job => set([job], !jobs.has(job.id)),
    clear: () => setJobs(new Map()),
  }
}

/** All jobs that a query lists, however many. */
export async function readAllMatching(query: Record<string, string>): Promise<SelectedJob[]> {
  const found: SelectedJob[] = []
  let cursor: string | null = null
  do {
    const page = await client.jobs.list({
      ...{ ...query, fields: 'id,status', limit: '10000' },
      ...(cursor !== null && { cursor }),
    })
    found.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return found
}

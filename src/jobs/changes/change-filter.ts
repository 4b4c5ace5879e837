import type { StoredChange } from '../queue/change-log.js'

/** Which changes a follower gets. */
export interface ChangeFilter {
  /** Types such as `job.failed`, or kinds of things such as `job`. */
  types?: readonly string[]
  /** Ids of jobs. */
  jobs?: readonly string[]
}

export type Matcher = (change: Pick<StoredChange, 'type' | 'job'>) => boolean

/** What the stream says of itself passes every filter. Null if everything does. */
export function matcherOf({ types, jobs }: ChangeFilter): Matcher | null {
  if (!types && !jobs) return null
  const wantedTypes = types && new Set(types)
  const wantedJobs = jobs && new Set(jobs)
  return ({ type, job }) => {
    const [kind] = type.split('.')
    if (kind === 'stream') return true
    if (wantedTypes && !wantedTypes.has(type) && !wantedTypes.has(kind!)) return false
    return !wantedJobs || wantedJobs.has(job)
  }
}

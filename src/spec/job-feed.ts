import type { Job, Transition } from './job.js'
import type { Labels } from './labels.js'

/** What a job's events follow from. */
export interface JobHistory {
  labels: Labels
  transitions: readonly Transition[]
}

/** Read access to all jobs, for a part that watches them without importing `jobs`. */
export interface JobFeed {
  ids(): Promise<string[]>
  /** Null if there is no such job. */
  history(id: string): Promise<JobHistory | null>
  /** The job as the API shows it, or null if there is no such job. */
  view(id: string): Promise<Job | null>
  /** Calls `listener` when a job may have changed. A call may get lost. Returns the unsubscribe function. */
  onChange(listener: (id: string) => void): () => void
}

import type { Job, Transition } from './job.js'
import type { Labels } from './labels.js'

/** What webhook events are derived from. */
export interface JobHistory {
  labels: Labels
  transitions: readonly Transition[]
}

/** Read access to all jobs, for parts that watch jobs and must not import `jobs`. */
export interface JobFeed {
  ids(): Promise<string[]>
  /** Null if there is no such job. */
  history(id: string): Promise<JobHistory | null>
  /** The job as the API shows it, or null if there is no such job. */
  view(id: string): Promise<Job | null>
  /** Calls `listener` after a job may have changed. Calls can get lost. Returns a function that unsubscribes. */
  onChange(listener: (id: string) => void): () => void
}

import type { Job } from '../src/spec/job.js'
import type { LoggedRow, MetricValue } from '../src/spec/metrics.js'
import type { Configuration } from './job-kinds.js'

export type Violation = 'lost' | 'duplicated' | 'diverged' | 'staleWrites' | 'leaked'

export interface ReceivedRow {
  id: string
  row: LoggedRow
}

/** One job as its clients saw it. */
export interface JobHistory {
  /** The job's name, which is its identity: the answer to a submission may get lost. */
  name: string
  configuration: Configuration
  /** Share of its steps at which a client asks for its end; null for none. */
  cancelAt: number | null
  cancelRequested: boolean
  /** Share of its steps at which a client pauses it, to resume it a moment later; null for none. */
  pauseAt: number | null
  /** From the 202. */
  id: string | null
  /** Every row that the follower was sent, over all its connections. */
  rows: ReceivedRow[]
  /**
   * The states that each client saw, where they differed from the one before. A list for each: what one
   * hears late is no news to the other.
   */
  states: { followed: Job[]; polled: Job[] }
  /** Answers of its model: JSON of the predictions. */
  predictions: string[]
}

/** What an undisturbed run of a configuration came to. */
export interface Reference {
  /** By name of the metric: pairs of step and value. */
  series: Readonly<Record<string, readonly (readonly [number, MetricValue])[]>>
  /** Names and checksums of files, as one text. */
  model: string
  checkpoint: string
  predictions: string
}

export const hasEnded = ({ states }: JobHistory): boolean =>
  states.followed.at(-1)?.finishedAt != null || states.polled.at(-1)?.finishedAt != null

/** Values that are about the machine, not about the job. */
const machineDependent = new Set(['examplesPerSecond'])
export const isDeterministic = (name: string): boolean => !machineDependent.has(name)

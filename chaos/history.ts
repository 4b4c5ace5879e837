import type { Job } from '../src/spec/job.js'
import type { LoggedRow, MetricValue } from '../src/spec/metrics.js'
import type { Configuration } from './job-kinds.js'

export type Violation = 'lost' | 'duplicated' | 'diverged' | 'staleWrites' | 'leaked'

export interface ReceivedRow {
  id: string
  row: LoggedRow
}

export type ObserverName = 'follower' | 'poller'

/** One job as its clients saw it. */
export interface JobHistory {
  /** Identifies the job, because the response with its id may get lost. */
  name: string
  configuration: Configuration
  /** Share of its steps, from 0 to 1, at which a client cancels it; null for never. */
  cancelAt: number | null
  cancelRequested: boolean
  /** Share of its steps, from 0 to 1, at which a client pauses it and then resumes it; null for never. */
  pauseAt: number | null
  /** From the 202 response; null before it. */
  id: string | null
  /** Every row that the follower received, over all its connections. */
  rows: ReceivedRow[]
  /** The changes of state that each client saw. Separate lists, because one client may see a change later. */
  states: Record<ObserverName, Job[]>
  /** Predictions of its model, each as JSON. */
  predictions: string[]
}

/** The results of a configuration that was trained without faults. */
export interface Reference {
  /** Pairs of step and value, by metric. */
  series: Readonly<Record<string, readonly (readonly [number, MetricValue])[]>>
  /** Names and checksums of the model's files. */
  model: string
  /** Names and checksums of the last checkpoint's files. */
  checkpoint: string
  /** Predictions of the model, as JSON. */
  predictions: string
}

export const hasEnded = ({ states }: JobHistory): boolean =>
  states.follower.at(-1)?.finishedAt != null || states.poller.at(-1)?.finishedAt != null

/** Metrics that depend on the machine. */
const machineDependent = new Set(['examplesPerSecond'])
export const isDeterministic = (name: string): boolean => !machineDependent.has(name)

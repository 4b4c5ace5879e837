// Event sourcing: a job's state is its journal, reduced.
import type {
  DatasetRef,
  Failure,
  JobStatus,
  Metrics,
  ModelRef,
  Transition,
} from '../../spec/job.js'
import { type JobAction, type JobState, publicStatus, transitions } from './states.js'

export interface JobResult {
  status: 'succeeded' | 'failed' | 'cancelled'
  finishedAt: string
  attempt: number
  failure: Failure | null
  model: ModelRef | null
  /** Of a job that predicts. */
  dataset?: DatasetRef
  metrics: Metrics
  /** The last step that was done, for a job that succeeded. */
  step?: number
}

/** One file of a job's journal. */
export type JournalEntry =
  | { event: JobAction; at: string }
  | { event: 'start' | 'stop'; at: string; attempt: number }
  | { event: 'succeed' | 'fail'; at: string; attempt: number; result: JobResult }

/** The state that a job's journal reduces to. */
export interface Lifecycle {
  state: JobState
  /** Number of journal entries. The view with the larger version is newer. */
  version: number
  /**
   * Number of the most recent attempt; 0 before the first. It is the fencing token: entries of
   * older attempts are refused.
   */
  attempt: number
  /**
   * The most recent attempt when the job was last retried. Failed attempts up to it do not count
   * against the job.
   */
  retriedAfterAttempt: number
  /** Null until the job ends, and again after a retry. */
  result: JobResult | null
  transitions: Transition[]
}

export const initialLifecycle = (createdAt: string): Lifecycle => ({
  state: 'queued',
  version: 0,
  attempt: 0,
  retriedAfterAttempt: 0,
  result: null,
  transitions: [{ status: 'queued', at: createdAt, attempt: 0 }],
})

/**
 * Returns the state after `entry`, or null if the transition table or a newer attempt forbids it.
 */
export function nextState({ state, attempt }: Lifecycle, entry: JournalEntry): JobState | null {
  if ('attempt' in entry && entry.attempt < attempt) return null
  return transitions[state][entry.event] ?? null
}

/** The reducer. Throws if the entry is not allowed: `append` never writes such an entry. */
export function applyEntry(lifecycle: Lifecycle, entry: JournalEntry): Lifecycle {
  const state = nextState(lifecycle, entry)
  if (!state)
    throw new Error(`the journal has '${entry.event}' for a job that is ${lifecycle.state}`)
  const attempt = 'attempt' in entry ? entry.attempt : lifecycle.attempt
  const isRetry = entry.event === 'retry'
  return {
    state,
    version: lifecycle.version + 1,
    attempt,
    retriedAfterAttempt: isRetry ? attempt : lifecycle.retriedAfterAttempt,
    result: resultAfter(state, entry, attempt),
    transitions: [
      ...lifecycle.transitions,
      ...toTransitions(lifecycle.state, state, entry, attempt),
    ],
  }
}

/** How long the job was queued before it started just now; null if it was not. */
export function queuedSeconds({ transitions }: Pick<Lifecycle, 'transitions'>): number | null {
  const [before, started] = transitions.slice(-2)
  return before?.status === 'queued' && started ? secondsBetween(before, started) : null
}

/** How long the job was running until its last transition, over all attempts. */
export function ranSeconds({ transitions }: Pick<Lifecycle, 'transitions'>): number {
  return transitions.reduce((sum, transition, i) => {
    const next = transitions[i + 1]
    return next && transition.status === 'running' ? sum + secondsBetween(transition, next) : sum
  }, 0)
}

/** Two hosts may have written them, whose clocks differ. */
const secondsBetween = (from: Transition, to: Transition) =>
  Math.max(0, (Date.parse(to.at) - Date.parse(from.at)) / 1000)

function resultAfter(state: JobState, entry: JournalEntry, attempt: number): JobResult | null {
  if ('result' in entry) return entry.result
  if (state !== 'cancelled') return null
  const emptyResult = { failure: null, model: null, metrics: {} }
  return { status: 'cancelled', finishedAt: entry.at, attempt, ...emptyResult }
}

/** Clients see a transition only if the public status changes or an attempt starts. */
function toTransitions(
  before: JobState,
  after: JobState,
  entry: JournalEntry,
  attempt: number,
): Transition[] {
  if (after === 'removed') return []
  const status: JobStatus = publicStatus[after]
  if (before !== 'removed' && publicStatus[before] === status && entry.event !== 'start') return []
  const failure = 'result' in entry ? entry.result.failure : null
  return [{ status, at: entry.at, attempt, ...(failure && { failure }) }]
}

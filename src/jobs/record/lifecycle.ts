import type { Failure, JobStatus, Metrics, ModelRef, Transition } from '../../spec/job.js'
import { type JobAction, type JobState, publicStatus, transitions } from './states.js'

export interface JobResult {
  status: 'succeeded' | 'failed' | 'cancelled'
  finishedAt: string
  attempt: number
  failure: Failure | null
  model: ModelRef | null
  metrics: Metrics
  /** Of a job that succeeded: the last step that it trained. */
  step?: number
}

/** One line of a job's journal. */
export type JournalEntry =
  | { event: JobAction; at: string }
  | { event: 'start' | 'stop'; at: string; attempt: number }
  | { event: 'succeed' | 'fail'; at: string; attempt: number; result: JobResult }

/** What a job's journal amounts to. */
export interface Lifecycle {
  state: JobState
  /** How many entries it follows from: of two views of a job, the larger is the newer. */
  version: number
  /** Of the attempt that began last; 0 before the first. */
  attempt: number
  /** Attempts up to this epoch were before the last retry, and say nothing of the job's hope. */
  retriedAfterAttempt: number
  /** Of the job's end, as long as it is not tried again. */
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

/** The state that an entry leads to; null where it may not be: the table, or a newer attempt, forbids it. */
export function nextState({ state, attempt }: Lifecycle, entry: JournalEntry): JobState | null {
  if ('attempt' in entry && entry.attempt < attempt) return null
  return transitions[state][entry.event] ?? null
}

/** Throws where the journal holds what may not be: nobody can have written it. */
export function applyEntry(lifecycle: Lifecycle, entry: JournalEntry): Lifecycle {
  const state = nextState(lifecycle, entry)
  if (!state) throw new Error(`a journal has '${entry.event}' of a job that is ${lifecycle.state}`)
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

function resultAfter(state: JobState, entry: JournalEntry, attempt: number): JobResult | null {
  if ('result' in entry) return entry.result
  if (state !== 'cancelled') return null
  const emptyResult = { failure: null, model: null, metrics: {} }
  return { status: 'cancelled', finishedAt: entry.at, attempt, ...emptyResult }
}

/** What a client sees of a step: nothing where the status stays, save that another attempt began. */
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

import type { Failure, JobStatus, Metrics, ModelRef, Transition } from '../../spec/job.js'
import { type JobState, statuses, transitions, type Verb } from './states.js'

export interface JobResult {
  status: 'succeeded' | 'failed' | 'cancelled'
  finishedAt: string
  epoch: number
  failure: Failure | null
  model: ModelRef | null
  metrics: Metrics
  /** Of a job that succeeded: the last step that it trained. */
  step?: number
}

/** One line of a job's journal. */
export type JournalEntry =
  | { event: Verb; at: string }
  | { event: 'start' | 'stop'; at: string; epoch: number }
  | { event: 'succeed' | 'fail'; at: string; epoch: number; result: JobResult }

/** What a job's journal amounts to. */
export interface Lifecycle {
  state: JobState
  /** How many entries it follows from: of two views of a job, the larger is the newer. */
  version: number
  /** Of the attempt that began last; 0 before the first. */
  epoch: number
  /** Attempts up to this epoch were before the last retry, and say nothing of the job's hope. */
  retriedAfter: number
  /** Of the job's end, as long as it is not tried again. */
  result: JobResult | null
  transitions: Transition[]
}

export const newborn = (createdAt: string): Lifecycle => ({
  ...{ state: 'queued', version: 0, epoch: 0, retriedAfter: 0, result: null },
  transitions: [{ status: 'queued', at: createdAt, attempt: 0 }],
})

/** The state that an entry leads to; null where it may not be: the table, or a newer attempt, forbids it. */
export function stateAfter({ state, epoch }: Lifecycle, entry: JournalEntry): JobState | null {
  if ('epoch' in entry && entry.epoch < epoch) return null
  return transitions[state][entry.event] ?? null
}

/** Throws where the journal holds what may not be: nobody can have written it. */
export function follow(life: Lifecycle, entry: JournalEntry): Lifecycle {
  const state = stateAfter(life, entry)
  if (!state) throw new Error(`a journal has '${entry.event}' of a job that is ${life.state}`)
  const epoch = 'epoch' in entry ? entry.epoch : life.epoch
  const retried = entry.event === 'retry'
  return {
    state,
    version: life.version + 1,
    epoch,
    retriedAfter: retried ? epoch : life.retriedAfter,
    result: resultAfter(state, entry, epoch),
    transitions: [...life.transitions, ...shown(life.state, state, entry, epoch)],
  }
}

function resultAfter(state: JobState, entry: JournalEntry, epoch: number): JobResult | null {
  if ('result' in entry) return entry.result
  if (state !== 'cancelled') return null
  const nothing = { failure: null, model: null, metrics: {} }
  return { status: 'cancelled', finishedAt: entry.at, epoch, ...nothing }
}

/** What a client sees of a step: nothing where the status stays, save that another attempt began. */
function shown(
  before: JobState,
  after: JobState,
  entry: JournalEntry,
  attempt: number,
): Transition[] {
  if (after === 'removed') return []
  const status: JobStatus = statuses[after]
  if (before !== 'removed' && statuses[before] === status && entry.event !== 'start') return []
  const failure = 'result' in entry ? entry.result.failure : null
  return [{ status, at: entry.at, attempt, ...(failure && { failure }) }]
}

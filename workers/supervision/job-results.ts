import { isDamaged, isMissing, TrainyardError, toOneLine } from '../../src/errors.js'
import type { AttemptOutcome } from '../../src/jobs/queue/training-totals.js'
import type { AttemptRecord } from '../../src/jobs/record/attempt-record.js'
import type { Failure } from '../../src/spec/job.js'
import type { Outcome } from './attempt.js'

/** The failure of a job whose data set was removed or is damaged: no further attempt could use it. */
export function toDatasetFailure(error: unknown): Failure {
  if (isDamaged(error)) {
    return { code: 'dataset_damaged', message: `${error.message}; then retry the job` }
  }
  if (!isMissing(error)) throw error
  return { code: 'dataset_gone', message: `${error.message}; upload it again and retry the job` }
}

/** What an attempt has done that ended the job. */
export type Finished = Omit<Outcome & { kind: 'finished' }, 'kind'>

export function succeeded(attempt: number, { model, dataset, metrics, step }: Finished) {
  const finishedAt = new Date().toISOString()
  const status = 'succeeded' as const
  return {
    status,
    finishedAt,
    attempt,
    failure: null,
    model,
    ...(dataset && { dataset }),
    metrics,
    step,
  }
}

export function failed(attempt: number, { code, message }: Failure) {
  const failure = { code, message: toOneLine(message) }
  const finishedAt = new Date().toISOString()
  return { status: 'failed' as const, finishedAt, attempt, failure, model: null, metrics: {} }
}

type RecordedEnd = Required<Pick<AttemptRecord, 'end' | 'outputTail' | 'cause'>>

/** What the record of an attempt says of its end. `wasStopped`: it was asked to stop, or killed for that. */
export function attemptEnd(outcome: Outcome, wasStopped: boolean): RecordedEnd {
  const noTail = { outputTail: null, cause: null }
  if (outcome.kind === 'finished' || outcome.kind === 'failed')
    return { end: 'finished', ...noTail }
  if (outcome.kind === 'stopped' || outcome.kind === 'held') return { end: 'drained', ...noTail }
  const { end, cause, text } = outcome.death
  // the attempt was killed because its last checkpoint took too long
  if (wasStopped) return { end: 'drained', outputTail: text, cause: null }
  return { end, cause, outputTail: text }
}

/** The end of an attempt as the metrics count it. */
export function countedAs(
  outcome: Outcome,
  { end, cause }: RecordedEnd,
): [AttemptOutcome, code: string | null] {
  if (outcome.kind === 'finished') return ['succeeded', null]
  if (outcome.kind === 'failed') return ['failed', outcome.failure.code]
  return outcome.kind === 'died' && end !== 'drained'
    ? [outcome.death.end, cause]
    : ['stopped', null]
}

/** For `.catch`: a job that is gone needs nothing more. */
export function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

/** The store cannot take or give anything at the moment. */
export const isStorageError = (error: unknown): boolean =>
  error instanceof TrainyardError &&
  (error.code === 'STORAGE_FULL' || error.code === 'STORAGE_FAILED')

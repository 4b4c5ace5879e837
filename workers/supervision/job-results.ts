import { isDamaged, isMissing, toOneLine } from '../../src/errors.js'
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

export function succeeded(
  attempt: number,
  { model, metrics, step }: Outcome & { kind: 'finished' },
) {
  const finishedAt = new Date().toISOString()
  const status = 'succeeded' as const
  return { status, finishedAt, attempt, failure: null, model, metrics, step }
}

export function failed(attempt: number, { code, message }: Failure) {
  const failure = { code, message: toOneLine(message) }
  const finishedAt = new Date().toISOString()
  return { status: 'failed' as const, finishedAt, attempt, failure, model: null, metrics: {} }
}

/** For `.catch`: a job that is gone needs nothing more. */
export function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

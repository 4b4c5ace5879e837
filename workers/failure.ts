import { TrainingFailure, TrainyardError } from '../src/errors.js'
import { GraphError } from '../src/graph/graph-error.js'
import type { FailureCode } from '../src/spec/failure-codes.js'
import type { Failure } from '../src/spec/job.js'

/** TensorFlow's error messages, the failure that each stands for, and the remedy. */
const tensorFlowErrors: readonly (readonly [RegExp, FailureCode, remedy: string])[] = [
  [
    /OOM when allocating|ResourceExhausted|out of memory/i,
    'out_of_memory',
    'use a smaller batchSize, with accumulateSteps to make up for it, or a smaller model',
  ],
  [
    /corrupted record|DataLoss|Could not parse example|Expected image|Unknown image/i,
    'bad_sample',
    'correct or leave out the record, upload the data set again, and submit a new job',
  ],
]

/** The failure of the job if every attempt would meet this error; null if another attempt may succeed. */
export function toFailure(error: unknown): Failure | null {
  if (error instanceof TrainingFailure) return { code: error.code, message: error.message }
  if (isUnavailable(error)) return null
  if (error instanceof TrainyardError || error instanceof GraphError) {
    return { code: 'invalid', message: error.message }
  }
  const message = error instanceof Error ? error.message : String(error)
  const known = tensorFlowErrors.find(([pattern]) => pattern.test(message))
  return known ? { code: known[1], message: `${message}; ${known[2]}` } : null
}

/** Exit code of a trainer if storage is full or fails: `EX_TEMPFAIL` of sysexits.h. */
export const unavailableExitCode = 75

/** TensorFlow writes its files itself, so these errors do not come from our store. */
const storageErrorPattern = /No space left on device|Disk quota exceeded|Input\/output error/

/** True if the error lies outside the job, such as full storage, and may go away. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof TrainyardError) return error.kind === 'unavailable'
  return error instanceof Error && storageErrorPattern.test(error.message)
}

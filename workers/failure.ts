import { TrainyardError } from '../src/errors.js'
import { GraphError } from '../src/graph/graph-error.js'
import type { Failure, FailureCode } from '../src/spec/job.js'

/** What TensorFlow says, what it means for a job, and what helps. */
const knownErrors: readonly (readonly [RegExp, FailureCode, cure: string])[] = [
  [
    /OOM when allocating|ResourceExhausted|out of memory/i,
    'out_of_memory',
    'take a smaller batchSize, with accumulateSteps to make up for it, or a smaller model',
  ],
  [
    /corrupted record|DataLoss|Could not parse example|Expected image|Unknown image/i,
    'bad_sample',
    'mend or leave out the record, upload the data set again, and submit the job anew',
  ],
]

/** Trouble that another attempt would meet again, as a job's failure; null where trying again may help. */
export function toFailure(error: unknown): Failure | null {
  if (error instanceof TrainyardError) {
    if (error.code === 'out_of_memory') return { code: 'out_of_memory', message: error.message }
    if (error.kind === 'unavailable') return null
    const code = error.code === 'nan_loss' ? 'nan_loss' : 'invalid'
    return { code, message: error.message }
  }
  if (error instanceof GraphError) return { code: 'invalid', message: error.message }
  if (isUnavailable(error)) return null
  const message = error instanceof Error ? error.message : String(error)
  const match = knownErrors.find(([pattern]) => pattern.test(message))
  return match ? { code: match[1], message: `${message}; ${match[2]}` } : null
}

/** A trainer's exit code where storage is full or fails: `EX_TEMPFAIL` of sysexits.h. */
export const unavailableExitCode = 75

/** In the words of TensorFlow's own writers, which go around our store. */
const storageErrorPattern = /No space left on device|Disk quota exceeded|Input\/output error/

export function isUnavailable(error: unknown): boolean {
  if (error instanceof TrainyardError) return error.kind === 'unavailable'
  return error instanceof Error && storageErrorPattern.test(error.message)
}
